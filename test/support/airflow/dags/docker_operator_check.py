"""A DAG with one DockerOperator for an image in a private registry.

Run as a program, it calls `dag.test()`: Airflow's own task runner, with the Execution API in this process. So Airflow
looks up the connection as in a worker (secrets backends, then the metadata database of the AIRFLOW__* environment) and
decrypts it. SANDBOX_DOCKER_CHECK contains the parameters as JSON.
"""

import json
import os

import pendulum
from airflow.providers.docker.operators.docker import DockerOperator

try:
    from airflow.sdk import DAG
except ImportError:  # Airflow 2
    from airflow import DAG

check = json.loads(os.environ["SANDBOX_DOCKER_CHECK"])

with DAG(
    "docker_operator_check",
    schedule=None,
    start_date=pendulum.datetime(2024, 1, 1, tz="UTC"),
) as dag:
    DockerOperator(
        task_id="run_image",
        image=check["image"],
        docker_conn_id=check["connectionId"],
        docker_url=check["dockerHost"],
        network_mode=check["networkMode"],
        force_pull=True,
        auto_remove="force",
        mount_tmp_dir=False,
        retries=0,
    )

if __name__ == "__main__":
    run = dag.test()
    state = run.get_task_instance("run_image").state
    print(f"SANDBOX_DOCKER_CHECK={state}", flush=True)

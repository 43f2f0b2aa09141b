// Runs Airflow's DockerOperator once against the sandbox, to prove that a connection works for users.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../sandbox/run-command.js';
import type { AirflowDatabase } from './database.js';

export interface DockerOperatorRun {
  connectionId: string;
  /** For example `127.0.0.1:5000/sandbox/hello:latest`; always pulled. */
  image: string;
  /** `unix:///…/docker.sock` */
  dockerHost: string;
  /** Default `none`: engines of the sandbox have no container network. */
  networkMode?: string | undefined;
}

export interface DockerOperatorResult {
  /** Whether Airflow's task state is `success`. */
  ok: boolean;
  /** The task's log, with the container's output or the traceback. */
  output: string;
}

/**
 * Runs a DAG with one DockerOperator (`force_pull`, `docker_conn_id`) with `dag.test()` and the database of this
 * Airflow, whose API server need not be running. The DAG run remains in the database. Takes about 8 s. HOME is an empty
 * folder, because an entry in the user's ~/.docker/config.json would override the connection.
 * @throws Error when Airflow did not run the task
 */
export async function runDockerOperator(
  airflow: AirflowDatabase,
  run: DockerOperatorRun,
): Promise<DockerOperatorResult> {
  const program = fileURLToPath(new URL('./dags/docker_operator_check.py', import.meta.url));
  const home = mkdtempSync(join(tmpdir(), 'ecr-operator-'));
  try {
    const { stdout, stderr } = await runCommand(airflow.python, [program], {
      env: {
        ...airflow.env,
        HOME: home,
        PYTHONDONTWRITEBYTECODE: '1', // the DAG is in the project's folder
        AIRFLOW__CORE__DAGS_FOLDER: dirname(program),
        SANDBOX_DOCKER_CHECK: JSON.stringify({ networkMode: 'none', ...run }),
      },
      timeoutMs: 180_000,
    });
    const output = `${stdout}${stderr}`;
    const state = /^SANDBOX_DOCKER_CHECK=(\w+)$/m.exec(stdout)?.[1];
    if (state === undefined) throw new Error(`The DockerOperator was not run:\n${output.slice(-2_000)}`);
    return { ok: state === 'success', output };
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

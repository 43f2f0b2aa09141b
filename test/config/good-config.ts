/** A configuration without a fault, which the tests of bad ones edit. */
export const GOOD = `version: 1
airflows:
  - name: main
    url: https://airflow.example.com
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
`;

/** A valid configuration, which tests edit to make it invalid. */
export const VALID = `version: 1
airflows:
  - name: main
    url: https://airflow.example.com
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
`;

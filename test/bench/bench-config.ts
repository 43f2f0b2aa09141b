export interface BenchConfig {
  readonly airflowUrl?: string;
  readonly username?: string;
  /** As in the configuration file; default: one connection. */
  readonly connections?: string;
  /** Host of the stand-in for a registry. */
  readonly registryHost?: string;
  readonly taskQueue?: string;
}

/** The text of a refresh.yaml without Docker Engines; the password is in AIRFLOW_PASSWORD. */
export function formatConfig({
  airflowUrl = 'http://127.0.0.1:9',
  username = 'ecr-refresh',
  connections = '[docker_default]',
  registryHost,
  taskQueue = 'bench',
}: BenchConfig): string {
  const registry = `{name: bench, account: "123456789012", region: us-east-1, registryHost: "${registryHost}"}`;
  return `version: 1
airflows:
  - name: main
    url: ${airflowUrl}
    auth: {username: ${username}, password: {env: AIRFLOW_PASSWORD}}
    connections: ${connections}
${registryHost === undefined ? '' : `registries: [${registry}]\n`}docker: {engines: []}
temporal: {taskQueue: ${taskQueue}}
`;
}

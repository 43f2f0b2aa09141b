// How Airflow's API server is started, and how one sees that it is ready.

/** Arguments of the Python of Airflow's virtual environment. No task runs here, so the Execution API is left out. */
export function apiServerArguments(port: number): string[] {
  const listen = ['--host', '127.0.0.1', '--port', `${port}`];
  return ['-m', 'airflow', 'api-server', ...listen, '--workers', '1', '--apps', 'core'];
}

/** Whether the server answers at its health endpoint and has its database. */
export async function isHealthy(healthUrl: string): Promise<boolean> {
  const answer = await fetch(healthUrl, { signal: AbortSignal.timeout(5_000) });
  const health = (await answer.json()) as { metadatabase?: { status?: string } };
  return answer.ok && health.metadatabase?.status === 'healthy';
}

/** The settings of SimpleAuthManager: its users, each with a role, and the file with their passwords. */
export function simpleAuthManagerEnv(users: string, passwordsFile: string): Record<string, string> {
  return {
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: users,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: passwordsFile,
  };
}

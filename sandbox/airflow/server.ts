// Arguments, settings and health check of Airflow's API server.

/** Arguments for the Python of Airflow's virtual environment. No tasks run here, so the Execution API is omitted. */
export function apiServerArguments(port: number): string[] {
  const listen = ['--host', '127.0.0.1', '--port', `${port}`];
  return ['-m', 'airflow', 'api-server', ...listen, '--workers', '1', '--apps', 'core'];
}

/** Whether the health endpoint responds and reports a healthy database. */
export async function isHealthy(healthUrl: string): Promise<boolean> {
  const answer = await fetch(healthUrl, { signal: AbortSignal.timeout(5_000) });
  const health = (await answer.json()) as { metadatabase?: { status?: string } };
  return answer.ok && health.metadatabase?.status === 'healthy';
}

/** Settings of SimpleAuthManager: users with their roles, and the file with their passwords. */
export function simpleAuthManagerEnv(users: string, passwordsFile: string): Record<string, string> {
  return {
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: users,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: passwordsFile,
  };
}

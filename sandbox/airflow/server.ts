// Owns how an Airflow's web server is started, and how one sees that it is ready: Airflow 2 and 3 differ in both.
// Refuses to start it; see ../airflow.ts.
import type { AirflowKind } from './versions.js';

/** Arguments of the Python of Airflow's virtual environment. */
export function serverArguments(kind: AirflowKind, port: number): string[] {
  if (kind.api === 2) {
    // no task runs here, so nobody needs the Execution API
    const apps = ['--apps', 'core'];
    return [
      '-m',
      'airflow',
      'api-server',
      '--host',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--workers',
      '1',
      ...apps,
    ];
  }
  // What `airflow webserver` itself runs, without the process that watches it: 4 s and 280 MB instead of 7 s and 415 MB
  return [
    ...['-m', 'gunicorn', '--workers', '1', '--bind', `127.0.0.1:${port}`, '--timeout', '120', '--preload'],
    ...['--config', 'python:airflow.www.gunicorn_config', 'airflow.www.app:cached_app()'],
  ];
}

/** Whether the server answers and has its database. */
export async function isHealthy(kind: AirflowKind, url: string): Promise<boolean> {
  const path = kind.api === 2 ? '/api/v2/monitor/health' : '/api/v1/health';
  const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5_000) });
  const health = (await answer.json()) as { metadatabase?: { status?: string } };
  return answer.ok && health.metadatabase?.status === 'healthy';
}

import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for installations that all sandboxes of this user share: `$XDG_CACHE_HOME/airflow-ecr-refresh`, else
 * `~/.cache/airflow-ecr-refresh`. It is created if it is missing, and may be deleted at any time.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const root = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(root, 'airflow-ecr-refresh');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

// The folder for downloads that outlive one sandbox.
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder for what is expensive to fetch or build and the same for every sandbox of this user:
 * `$XDG_CACHE_HOME/airflow-ecr-refresh`, else `~/.cache/airflow-ecr-refresh`. It is created when missing
 * and may be deleted at any time.
 */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const root = env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  const folder = join(root, 'airflow-ecr-refresh');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}

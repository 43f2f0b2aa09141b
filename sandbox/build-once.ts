// Builds a folder of the cache once: it is either complete or absent, and only one process builds it at a time.
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { spawnSupervised } from './supervised-process.js';

/** What to build, and where. */
export interface BuildOptions {
  /** First part of the folder's name. */
  name: string;
  /** Last part of the folder's name: changes with the content to build. */
  key: string;
  /** The Python that holds the lock. */
  python: string;
  /** Fills the folder, which does not exist yet. */
  build: (folder: string) => Promise<void>;
}

/** A short key for the given contents. */
export function contentKey(...contents: string[]): string {
  return createHash('sha256').update(contents.join('\0')).digest('hex').slice(0, 12);
}

/**
 * Builds the folder if it does not exist, and returns its path. It is built under its final path, because virtual
 * environments cannot be moved. A marker file is written last; a folder without it is left over from an interrupted
 * build and is deleted. Other processes that need the same folder wait.
 */
export async function buildOnce(options: BuildOptions): Promise<string> {
  const folder = join(cacheFolder(), `${options.name}-${options.key}`);
  const marker = join(folder, '.complete');
  if (existsSync(marker)) return folder;
  const unlock = await lock(options.python, `${folder}.lock`);
  try {
    if (existsSync(marker)) return folder;
    rmSync(folder, { recursive: true, force: true });
    await options.build(folder);
    writeFileSync(marker, '');
    return folder;
  } finally {
    await unlock();
  }
}

/**
 * Holds the lock until its standard input closes, which also happens when this process is killed: no lock is ever
 * stale.
 */
const HOLD_LOCK = `
import fcntl, sys
with open(sys.argv[1], 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print('held', flush=True)
    sys.stdin.read()
`;

/** Node has no file locks. Python, which is needed for these folders anyway, provides flock. */
async function lock(python: string, file: string): Promise<() => Promise<void>> {
  const holder = spawnSupervised({
    command: python,
    args: ['-c', HOLD_LOCK, file],
    stdio: ['pipe', 'pipe', 'pipe'],
    graceMs: 1_000,
  });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let stderr = '';
    holder.stdout?.once('data', () => resolve());
    holder.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    holder.once('error', reject);
    void ended.then(() => reject(new Error(`Could not lock ${file}: ${stderr.trim()}`)));
  });
  return async () => {
    holder.stdin?.end();
    await ended;
  };
}

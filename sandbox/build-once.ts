// "Build it once" folders of the cache: complete or absent, and built by one process at a time.
import { createHash } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.js';
import { spawnSupervised } from './supervised-process.js';

/** What to build, and where. */
export interface BuildOptions {
  /** Begins the folder's name. */
  name: string;
  /** Ends the folder's name: changes when what is built would. */
  key: string;
  /** Holds the lock. */
  python: string;
  /** Fills the folder, which does not exist yet. */
  build: (folder: string) => Promise<void>;
}

/** A short key for the given contents. */
export function contentKey(...contents: string[]): string {
  return createHash('sha256').update(contents.join('\0')).digest('hex').slice(0, 12);
}

/**
 * The path of the built folder, building it when there is none. It is built under its final path, as virtual
 * environments cannot be moved; a marker written last tells a complete folder from what an interrupted build
 * left, which is thrown away. Processes that want the same folder wait for the one that builds it.
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

/** Holds the lock until its input ends, which it does when this process dies, too: no lock is ever stale. */
const HOLD_LOCK = `
import fcntl, sys
with open(sys.argv[1], 'w') as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print('held', flush=True)
    sys.stdin.read()
`;

/** Node has no file locks; Python, which every user of these folders needs anyway, has the kernel's. */
async function lock(python: string, file: string): Promise<() => Promise<void>> {
  const holder = spawnSupervised({
    command: python,
    args: ['-c', HOLD_LOCK, file],
    stdio: ['pipe', 'pipe', 'pipe'],
    graceMs: 1_000,
  });
  const ended = new Promise<void>((resolve) => holder.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let complaint = '';
    holder.stdout?.once('data', () => resolve());
    holder.stderr?.on('data', (text: Buffer) => (complaint += text.toString()));
    holder.once('error', reject);
    void ended.then(() => reject(new Error(`The lock ${file} could not be taken: ${complaint.trim()}`)));
  });
  return async () => {
    holder.stdin?.end();
    await ended;
  };
}

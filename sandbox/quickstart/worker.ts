// The worker of the quickstart: the real one, as a process of its own, as it would be deployed.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from '../child-process.js';
import type { Setup } from './setup.js';

/** What the worker logs once it polls; see src/worker.ts. */
const STARTED = '"worker started"';
/** Longer than the worker's own 30 s of grace for activities. */
const GRACE_MS = 45_000;

export async function startWorker({ configPath, env, stateFolder }: Setup): Promise<Child> {
  const logFile = join(stateFolder, 'worker.log');
  const before = readIfThere(logFile).length;
  const cli = fileURLToPath(new URL('../../scripts/cli.ts', import.meta.url));
  return startChild({
    name: 'The worker',
    command: process.execPath,
    args: ['--import=tsx', cli, 'worker', '--config', configPath],
    env,
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    logFile,
    ready: async () => readIfThere(logFile).slice(before).includes(STARTED),
    graceMs: GRACE_MS,
    remedy: `Read ${logFile}.`,
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

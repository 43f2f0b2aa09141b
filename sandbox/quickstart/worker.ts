// Starts the worker of the quickstart as a separate process, as in a deployment.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChild, type Child } from '../child-process.js';
import type { Setup } from './setup.js';

/** The worker logs this once it polls; see src/worker.ts. */
const STARTED = '"worker started"';
/** Longer than the 30 s that the worker gives its activities to finish. */
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
    remedy: `Check ${logFile}.`,
  });
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

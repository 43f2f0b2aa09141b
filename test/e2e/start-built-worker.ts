// Starts the worker of the build as a process.
import { readFileSync } from 'node:fs';
import { startChild, type Child } from '../../sandbox/child-process.js';
import { builtCli } from './built-cli.js';

export interface BuiltWorkerOptions {
  readonly name: string;
  readonly env: NodeJS.ProcessEnv;
  /** Receives the output of the worker. */
  readonly logFile: string;
  /** After `worker`. */
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** Does not wait for the log line about the start, which log levels above info omit. */
  readonly isQuiet?: boolean;
}

/** Waits until the worker is ready. The caller stops it. */
export async function startBuiltWorker(options: BuiltWorkerOptions): Promise<Child> {
  const { args = [], isQuiet = false, logFile, ...rest } = options;
  return startChild({
    ...rest,
    command: process.execPath,
    args: [await builtCli(), 'worker', ...args],
    logFile,
    ready: async () => isQuiet || readFileSync(logFile, 'utf8').includes('"worker started"'),
    graceMs: 45_000,
  });
}

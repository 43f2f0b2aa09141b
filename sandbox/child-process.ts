// Long-running child processes. Each has its own process group, becomes ready or fails within a time limit, and is
// stopped with all its descendants when `stop` is called or this process ends, for whatever reason.
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup, spawnSupervised } from './supervised-process.js';

export interface ChildOptions {
  /** For messages. */
  name: string;
  command: string;
  args: string[];
  /** The whole environment of the child; default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Standard output and error are appended to this file. */
  logFile: string;
  /** Called every 50 ms until it returns true; an error counts as false. Default: ready immediately. */
  ready?: (() => Promise<boolean>) | undefined;
  /** Default 60,000 ms. */
  readyWithinMs?: number | undefined;
  /** From SIGTERM to SIGKILL; default 5,000 ms. */
  graceMs?: number | undefined;
  /** How to fix a failed start, as full sentences. */
  remedy?: string | undefined;
}

/** A started child. */
export interface Child {
  pid: number;
  logFile: string;
  /** Resolves with the reason when the child ends, whether or not it was stopped; never rejects. */
  exited: Promise<string>;
  /** Stops the whole process group: SIGTERM, then SIGKILL after the grace period. May be called more than once. */
  stop: () => Promise<void>;
}

/**
 * Starts a long-running child and waits until it is ready.
 * @throws Error with the last lines of the log and the fix, when the child ends early or is not ready in time; by then
 * no process of its group is running
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { logFile, graceMs = 5_000 } = options;
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  const leader = spawnSupervised({ ...options, stdio: ['ignore', log, log], graceMs });
  closeSync(log);
  leader.unref(); // like the watcher's pipe, it must not keep this process alive
  const { pid } = leader;
  if (pid === undefined) {
    leader.once('error', () => {});
    throw startFailure(options, 'could not be started. Check that /bin/sh exists');
  }

  const exited = new Promise<string>((resolve) => {
    leader.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was terminated by ${signal}`),
    );
  });
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= endGroup(leader, pid, exited, graceMs));

  const readyWithinMs = options.readyWithinMs ?? 60_000;
  const deadline = performance.now() + readyWithinMs;
  while (isRunning(leader)) {
    if ((await isReady(options)) && isRunning(leader)) return { pid, logFile, exited, stop };
    if (performance.now() > deadline) {
      await stop();
      throw startFailure(options, `was not ready within ${readyWithinMs / 1000} s`);
    }
    await Promise.race([sleep(50), exited]);
  }
  throw startFailure(options, `${await exited} before it was ready`);
}

function isRunning(leader: ChildProcess): boolean {
  return leader.exitCode === null && leader.signalCode === null;
}

async function isReady(options: ChildOptions): Promise<boolean> {
  try {
    return options.ready === undefined || (await options.ready());
  } catch {
    return false;
  }
}

async function endGroup(
  leader: ChildProcess,
  pid: number,
  exited: Promise<string>,
  graceMs: number,
): Promise<void> {
  if (!isRunning(leader)) return; // its group ended with it, and the id may belong to another process by now
  leader.ref(); // this process must stay alive until the child has ended
  signalGroup(pid, 'SIGTERM');
  const grace = new AbortController();
  const late = sleep(graceMs, 'late', { signal: grace.signal }).catch(() => 'stopped');
  if ((await Promise.race([exited, late])) === 'late') signalGroup(pid, 'SIGKILL');
  grace.abort();
  await exited;
  // killed processes remain in the group as zombies until init collects them, which may take seconds
  for (let i = 0; i < 10 && signalGroup(pid, 0); i += 1) await sleep(20);
}

function startFailure(options: ChildOptions, what: string): Error {
  const remedy = options.remedy === undefined ? '' : `\nFix: ${options.remedy}`;
  return new Error(
    `${options.name} ${what}.\nLast lines of ${options.logFile}:\n${lastLines(options.logFile)}${remedy}`,
  );
}

/** The last lines of a log, indented, or a note that it is empty. */
function lastLines(file: string, count = 12): string {
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trimEnd();
  } catch {
    // reported below as empty
  }
  if (text === '') return '  (the log is empty)';
  return text
    .split('\n')
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n');
}

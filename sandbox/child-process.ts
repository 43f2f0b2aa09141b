// Long-lived child processes: each in a process group of its own, ready or failed within a time limit, and ended with all
// its descendants when it is stopped or when this process ends, for whatever reason.
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signalGroup, spawnSupervised } from './supervised-process.js';

/** How to start a child, and how to tell that it is ready. */
export interface ChildOptions {
  /** What it is called in messages. */
  name: string;
  command: string;
  args: string[];
  /** The whole environment of the child; default: this process's own. */
  env?: NodeJS.ProcessEnv | undefined;
  cwd?: string | undefined;
  /** Standard output and error are appended to this file. */
  logFile: string;
  /** Asked every 50 ms; a throw counts as "not yet". Default: ready at once. */
  ready?: (() => Promise<boolean>) | undefined;
  /** Default 60,000 ms. */
  readyWithinMs?: number | undefined;
  /** From SIGTERM to SIGKILL; default 5,000 ms. */
  graceMs?: number | undefined;
  /** What the user can do when the start fails. */
  remedy?: string | undefined;
}

/** A started child. */
export interface Child {
  pid: number;
  logFile: string;
  /** Resolves with the reason when the child ends, asked or not; never rejects. */
  exited: Promise<string>;
  /** Ends the whole process group: SIGTERM, then SIGKILL after the grace period. May be called again. */
  stop: () => Promise<void>;
}

/**
 * Starts a long-lived child and waits until it is ready.
 * @throws Error with the last lines of the log and the remedy, when it ends early or is not ready in time; by
 * then nothing of it is left running
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { logFile, graceMs = 5_000 } = options;
  mkdirSync(dirname(logFile), { recursive: true, mode: 0o700 });
  const log = openSync(logFile, 'a', 0o600);
  const leader = spawnSupervised({ ...options, stdio: ['ignore', log, log], graceMs });
  closeSync(log);
  leader.unref(); // as for the watcher's pipe: nothing here keeps this process alive
  const { pid } = leader;
  if (pid === undefined) {
    leader.once('error', () => {});
    throw startFailure(options, 'could not be started: is there a /bin/sh?');
  }

  const exited = new Promise<string>((resolve) => {
    leader.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was ended by ${signal}`),
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
  if (!isRunning(leader)) return; // its group was ended with it, and the id may be another's by now
  leader.ref(); // this process must live to see the end
  signalGroup(pid, 'SIGTERM');
  const grace = new AbortController();
  const late = sleep(graceMs, 'late', { signal: grace.signal }).catch(() => 'stopped');
  if ((await Promise.race([exited, late])) === 'late') signalGroup(pid, 'SIGKILL');
  grace.abort();
  await exited;
  // what was killed is gone at once, but counts until the system's first process collects it, which may take seconds
  for (let i = 0; i < 10 && signalGroup(pid, 0); i += 1) await sleep(20);
}

function startFailure(options: ChildOptions, what: string): Error {
  const remedy = options.remedy === undefined ? '' : `\nRemedy: ${options.remedy}`;
  return new Error(
    `${options.name} ${what}.\nLast lines of ${options.logFile}:\n${lastLines(options.logFile)}${remedy}`,
  );
}

/** The last lines of a log, indented; a note when there are none. */
function lastLines(file: string, count = 12): string {
  let text = '';
  try {
    text = readFileSync(file, 'utf8').trimEnd();
  } catch {
    // told below
  }
  if (text === '') return '  (the log is empty)';
  return text
    .split('\n')
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n');
}

// Stops `credential_process` commands, and finds out how they failed: the AWS SDK runs them without a time limit, and
// does not expose the process.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { describeProcessOutput, describeProcessEnd } from './process-result.js';

/** Time between SIGTERM and SIGKILL. */
const GRACE_MS = 2_000;
/** Credentials are shorter; in characters. */
const MAX_OUTPUT = 65_536;

const currentLoad = new AsyncLocalStorage<CredentialProcesses>();
const loads = new Set<CredentialProcesses>();
/** Processes that received SIGTERM and are in their grace period. */
const ending = new Set<number>();

// Node publishes every process on this channel before it starts, in the async context of the caller.
subscribe('child_process', (message) =>
  currentLoad.getStore()?.add((message as { readonly process: ChildProcess }).process),
);

process.on('exit', killCredentialProcesses);

/** The processes started by one load of credentials. */
export class CredentialProcesses {
  readonly #running = new Set<ChildProcess>();
  /** How the last process failed; continues its name in a sentence. */
  lastFailure: string | undefined;
  #isOver = false;

  /** Runs a load, and stops its processes when the signal fires. */
  async run<T>(signal: AbortSignal, load: () => Promise<T>): Promise<T> {
    loads.add(this);
    // The listener need not be removed: after the load there are no processes to stop.
    signal.addEventListener('abort', () => this.end(), { once: true });
    try {
      return await currentLoad.run(this, load);
    } finally {
      loads.delete(this);
    }
  }

  get areRunning(): boolean {
    return this.#running.size > 0;
  }

  /** @param child a process that has not started yet */
  add(child: ChildProcess): void {
    // The SDK may not yet have started its process, or may start another one.
    if (this.#isOver) {
      Object.assign(child, { spawn: failToStart });
    } else {
      this.#running.add(child);
      this.#watch(child);
    }
  }

  #watch(child: ChildProcess): void {
    let output = '';
    this.lastFailure = undefined;
    child.once('error', () => this.#running.delete(child));
    child.once('exit', () => this.#running.delete(child));
    // The streams exist once the process runs; the SDK has set their encoding by then.
    child.once('spawn', () =>
      child.stdout?.on('data', (text: unknown) => {
        if (output.length < MAX_OUTPUT) output += String(text);
      }),
    );
    child.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
      this.lastFailure = describeProcessEnd(code, signal) ?? describeProcessOutput(output);
    });
  }

  end(): void {
    this.#isOver = true;
    const pids = this.findPids();
    for (const pid of pids) ending.add(pid);
    kill('SIGTERM', pids);
    const killRest = (): void => {
      kill('SIGKILL', [...pids, ...this.findPids()]);
      for (const pid of pids) ending.delete(pid);
    };
    if (pids.length > 0) setTimeout(killRest, GRACE_MS).unref();
  }

  findPids(): number[] {
    return [...this.#running].flatMap(({ pid }) => (pid === undefined ? [] : findWithDescendants(pid)));
  }
}

/** Stops the processes of all loads in progress, so that a command can exit. */
export function endCredentialProcesses(): void {
  for (const load of loads) load.end();
}

/** For the end of this process: the same without a grace period, and for processes that are in it. */
export function killCredentialProcesses(): void {
  const pids = [...loads].flatMap((load) => load.findPids());
  kill('SIGKILL', [...ending, ...pids]);
}

/** Node calls `spawn` right after publishing the child. The SDK treats this error as a failure of the program. */
function failToStart(): never {
  throw new Error('loading credentials has ended');
}

/** The SDK starts a shell, so the program may be a descendant. Descendants are found on Linux only. */
function findWithDescendants(pid: number): number[] {
  const children: string[] = [];
  try {
    const folder = `/proc/${pid}/task`;
    for (const thread of readdirSync(folder)) {
      children.push(...readFileSync(`${folder}/${thread}/children`, 'utf8').split(' ').filter(Boolean));
    }
  } catch {
    // The process has exited, or this is not Linux.
  }
  return [pid, ...children.flatMap((child) => findWithDescendants(Number(child)))];
}

/** Parents first: otherwise a shell would run its next command. */
function kill(signal: NodeJS.Signals, pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has exited.
    }
  }
}

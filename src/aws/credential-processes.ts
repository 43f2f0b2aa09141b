// Ends the processes of `credential_process`: the AWS SDK runs them without a time limit, and returns no handle.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';

/** How long a process has to end after SIGTERM. */
const GRACE_MS = 2_000;

const currentLoad = new AsyncLocalStorage<CredentialProcesses>();
const loads = new Set<CredentialProcesses>();
/** Were sent SIGTERM, and get SIGKILL after the grace period. */
const ending = new Set<number>();

// Node publishes every process here before it starts it, within the asynchronous context of its caller.
subscribe('child_process', (message) =>
  currentLoad.getStore()?.add((message as { readonly process: ChildProcess }).process),
);

process.on('exit', () => {
  const pids = [...loads].flatMap((load) => load.findPids());
  kill('SIGKILL', [...ending, ...pids]);
});

/** The processes that one load of credentials has started; each load has its own. */
export class CredentialProcesses {
  readonly #running = new Set<ChildProcess>();
  #isOver = false;

  /** Runs a load, and ends its processes as soon as the signal fires. */
  async run<T>(signal: AbortSignal, load: () => Promise<T>): Promise<T> {
    loads.add(this);
    // It is not removed: without processes there is nothing to end.
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

  /** @param child not started yet */
  add(child: ChildProcess): void {
    // When a process fails, the chain of the SDK continues, and may start the same program once more.
    if (this.#isOver) {
      Object.assign(child, { spawn: refuseToStart });
    } else {
      this.#running.add(child);
      child.once('exit', () => this.#running.delete(child));
    }
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

/** Ends the processes of all loads in progress: a command that is done need not wait for them. */
export function endCredentialProcesses(): void {
  for (const load of loads) load.end();
}

/** Node calls `spawn` of a child right after it has published it. The SDK takes this for a failure of the program. */
function refuseToStart(): never {
  throw new Error('the load of credentials is over');
}

/** The SDK starts a shell, and only what is beneath it may be the program. Linux only: elsewhere the process alone. */
function findWithDescendants(pid: number): number[] {
  const children: string[] = [];
  try {
    const folder = `/proc/${pid}/task`;
    for (const thread of readdirSync(folder)) {
      children.push(...readFileSync(`${folder}/${thread}/children`, 'utf8').split(' ').filter(Boolean));
    }
  } catch {
    // It has ended meanwhile, or this is not Linux.
  }
  return [pid, ...children.flatMap((child) => findWithDescendants(Number(child)))];
}

/** Parents first: a shell would continue with its next command. */
function kill(signal: NodeJS.Signals, pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It has ended.
    }
  }
}

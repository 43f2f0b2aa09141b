// Checks that a leg on another version of Node really runs on it: mocha, the worker, and each command that a test
// starts. Linux only.
import { readlinkSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { listProcesses, readMarked } from './left-processes.js';
import type { NodeBinary } from './node-versions.js';

/** Shorter than the shortest command. */
const EVERY_MS = 200;

export interface NodeProcess {
  readonly pid: number;
  /** The file that the process executes. */
  readonly executable: string;
  readonly commandLine: string;
}

export interface NodeWatch {
  /** The processes of Node that were seen, also those that have ended. */
  readonly list: () => readonly NodeProcess[];
  readonly stop: () => void;
}

/** Samples the processes with this mark. */
export function watchNode(mark: string): NodeWatch {
  const seen = new Map<string, NodeProcess>();
  const sample = (): void => {
    for (const pid of listProcesses()) {
      // First the check that is cheap.
      const executable = readExecutable(pid);
      if (executable === undefined || basename(executable) !== 'node') continue;
      const marked = readMarked(pid, mark);
      // A process may execute another program later.
      if (marked) seen.set(`${pid} ${executable} ${marked.commandLine}`, { ...marked, executable });
    }
  };
  const timer = setInterval(sample, EVERY_MS);
  return { list: () => [...seen.values()], stop: () => clearInterval(timer) };
}

export interface NodeCheck {
  /** Which commands of the product ran on the version, and how often. */
  readonly summary: string;
  /** Processes that ran on another Node; also when there was nothing to see. */
  readonly problems: readonly string[];
}

export function checkNodeProcesses(seen: readonly NodeProcess[], { path, version }: NodeBinary): NodeCheck {
  const expected = realpathSync(path);
  const own = seen.filter(({ executable }) => executable === expected);
  const others = seen.filter(({ executable }) => executable !== expected);
  return {
    summary: `Processes on Node ${version}: ${listCommands(own) || 'no command of the product'}`,
    problems: [
      ...others.map(({ executable, commandLine }) => `This process ran on ${executable}: ${commandLine}`),
      ...(own.length === 0 ? [`No process on Node ${version} was seen.`] : []),
    ],
  };
}

/** `schedule (2), worker (1)`: the commands of the product, from source or built. */
function listCommands(processes: readonly NodeProcess[]): string {
  const counts = new Map<string, number>();
  for (const { commandLine } of processes) {
    const name = /\/scripts\/cli\.[jt]s ([a-z][\w-]*)/.exec(commandLine)?.[1];
    if (name) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const list = [...counts].toSorted(([one], [other]) => one.localeCompare(other));
  return list.map(([name, count]) => `${name} (${count})`).join(', ');
}

function readExecutable(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined; // it has ended
  }
}

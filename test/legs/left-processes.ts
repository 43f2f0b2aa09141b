// Finds the processes that a leg left running, by a mark in their environment. Linux only.
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface MarkedProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** Processes that end with their parent need a moment: see sandbox/supervised-process.ts. */
const GRACE_MS = 15_000;

/**
 * The environment with the mark. It is also in PATH, as a folder that does not exist, because many suites pass only
 * PATH to their processes.
 * @param before folders that come first in PATH
 */
export function markedEnv(mark: string, before: readonly string[] = []): NodeJS.ProcessEnv {
  const path = [...before, process.env['PATH'], `/nonexistent/${mark}`].join(delimiter);
  return { ...process.env, AIRFLOW_ECR_REFRESH_TEST_LEG: mark, PATH: path };
}

/** Kills the processes with this mark that still run after the grace period, and returns them. */
export async function endLeftProcesses(mark: string): Promise<MarkedProcess[]> {
  const until = performance.now() + GRACE_MS;
  let left = findMarked(mark);
  while (left.length > 0 && performance.now() < until) {
    await delay(100);
    left = findMarked(mark);
  }
  for (const { pid } of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended
    }
  }
  return left;
}

function findMarked(mark: string): MarkedProcess[] {
  return listProcesses().flatMap((pid) => readMarked(pid, mark) ?? []);
}

/** The ids of all processes; none where there is no /proc. */
export function listProcesses(): number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** Undefined if the process does not have this mark. */
export function readMarked(pid: number, mark: string): MarkedProcess | undefined {
  try {
    // A process that has ended but was not reaped yet has an empty environment.
    if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)) return undefined;
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, commandLine };
  } catch {
    return undefined; // it has ended, or is someone else's
  }
}

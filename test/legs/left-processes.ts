// Finds the processes that a leg left running, by a mark in their environment. Linux only.
import { readdirSync, readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export interface LeftProcess {
  readonly pid: number;
  readonly commandLine: string;
}

/** What ends with its parent needs a moment: see sandbox/supervised-process.ts. */
const GRACE_MS = 15_000;

/**
 * The environment with the mark. It is in PATH, too, as a folder that does not exist: many suites give their processes an
 * environment without anything else of ours.
 */
export function markedEnv(mark: string): NodeJS.ProcessEnv {
  const path = [process.env['PATH'], `/nonexistent/${mark}`].join(delimiter);
  return { ...process.env, AIRFLOW_ECR_REFRESH_TEST_LEG: mark, PATH: path };
}

/** Ends the processes with this mark that are still there after a moment, and returns them. */
export async function endLeftProcesses(mark: string): Promise<LeftProcess[]> {
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

function findMarked(mark: string): LeftProcess[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        // One that has ended, but is not collected yet, has an empty environment.
        if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(mark)) return [];
        const commandLine = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return [{ pid: Number(name), commandLine }];
      } catch {
        return []; // it has ended, or is someone else's
      }
    });
}

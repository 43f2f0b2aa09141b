import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface LoopDelay {
  /** Arguments of Node that measure a process. */
  readonly args: readonly string[];
  readonly env: { readonly LOOP_DELAY_FILE: string };
  /** Call it when a measured process has ended. */
  readonly record: () => void;
  /** Milliseconds; undefined before the first process. */
  readonly getLongestMs: () => number | undefined;
}

/** Measures the longest delay of the event loops of processes, one after another. */
export function createLoopDelay(folder: string): LoopDelay {
  const file = join(folder, 'loop-delay');
  let longestMs: number | undefined;
  return {
    args: [`--import=${fileURLToPath(new URL('./loop-delay.mjs', import.meta.url))}`],
    env: { LOOP_DELAY_FILE: file },
    record: () => void (longestMs = Math.max(longestMs ?? 0, Number(readFileSync(file, 'utf8')))),
    getLongestMs: () => longestMs,
  };
}

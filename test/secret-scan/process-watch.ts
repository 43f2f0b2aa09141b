// Samples the arguments of every process, which any user of the machine can read. Environments are not read, since they
// are the intended way to pass passwords. Linux only. A process that ends between two samples is missed.
import { readdirSync, readFileSync } from 'node:fs';
import type { Place } from './places.js';

const EVERY_MS = 50;

export interface ProcessWatch {
  /** Ends the watch, and returns the distinct arguments seen, including those of this process. */
  stop: () => Place[];
}

/** Starts to sample the arguments of all processes. */
export function processWatch(): ProcessWatch {
  const seen = new Map<string, Place>();
  const sample = (): void => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const bytes = readArguments(pid);
      const key = bytes.toString('latin1');
      if (!seen.has(key)) seen.set(key, { place: `arguments of process ${pid}`, bytes });
    }
  };
  sample();
  const timer = setInterval(sample, EVERY_MS);
  timer.unref();
  return {
    stop() {
      clearInterval(timer);
      sample();
      return [...seen.values()];
    },
  };
}

function readArguments(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return Buffer.alloc(0); // the process has ended
  }
}

// Owns the look at every process's arguments, which any user of the machine can read. Leaves environments alone:
// that is where passwords are handed over on purpose. Linux only. What lives less than a sample's interval is missed.
import { readdirSync, readFileSync } from 'node:fs';
import type { Place } from './places.js';

const EVERY_MS = 50;

/** Samples from now on. */
export interface ProcessWatch {
  /** Ends the watch, and answers the distinct arguments seen, this process's own among them. */
  stop: () => Place[];
}

/** Watches the arguments of all processes. */
export function processWatch(): ProcessWatch {
  const seen = new Map<string, Place>();
  const sample = (): void => {
    for (const pid of readdirSync('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const bytes = argumentsOf(pid);
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

function argumentsOf(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return Buffer.alloc(0); // it ended in between
  }
}

// Ends a Temporal server as a crash would.
import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporalServer } from '../../sandbox/temporal.js';

/** Kills the server and waits until it has ended. Its port may be used for a start on the same folder. */
export async function killTemporal({ pid }: TemporalServer): Promise<void> {
  process.kill(pid, 'SIGKILL');
  while (isRunning(pid)) await sleep(20);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

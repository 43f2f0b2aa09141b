import { setTimeout as sleep } from 'node:timers/promises';
import type { TemporalServer } from '../../sandbox/temporal.js';

/**
 * Kills the server, as in a crash, and waits until it has ended. Its port can be reused to start it in the same folder.
 */
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

// Owns waiting for what another process does: by looking again and again, with a limit against hanging.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** Looks every 20 ms until it is so, for at most 30 s. */
export async function waitFor(what: string, isSo: () => boolean): Promise<void> {
  const until = performance.now() + 30_000;
  while (!isSo()) {
    assert.ok(performance.now() < until, `waited 30 s for ${what}`);
    await delay(20);
  }
}

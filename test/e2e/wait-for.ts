import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** Polls every 20 ms until the condition is true, for at most 30 s. */
export async function waitFor(what: string, condition: () => boolean): Promise<void> {
  const until = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < until, `timed out after 30 s waiting for ${what}`);
    await delay(20);
  }
}

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

/** Polls every 20 ms until the condition is true, for at most 30 s or the given time. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 30_000,
): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await condition())) {
    assert.ok(performance.now() < until, `timed out after ${limitMs / 1000} s waiting for ${what}`);
    await delay(20);
  }
}

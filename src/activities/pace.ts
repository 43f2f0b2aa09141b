// Limits the rate of requests to one store while the store throttles them.
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 1_000;
/**
 * Requests sent before the interval changed end within this time; they do not show whether the new interval is right.
 */
const SETTLING_MS = 1_000;
/** A shorter interval becomes 0. */
const SHORTEST_INTERVAL_MS = 5;

/** Finds the rate that a store accepts: a throttled request halves the rate, every other request raises it a little. */
export class Pace {
  #intervalMs = 0;
  #nextAtMs = 0;
  #slowedAtMs = -Infinity;

  /** Waits until the next request may be sent; returns early when the signal fires. */
  async wait(signal: AbortSignal): Promise<void> {
    const nowMs = performance.now();
    const startMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = startMs + this.#intervalMs;
    if (startMs > nowMs) await delay(startMs - nowMs, undefined, { signal }).catch(() => undefined);
  }

  noteThrottled(): void {
    const nowMs = performance.now();
    if (nowMs < this.#slowedAtMs + SETTLING_MS) return;
    this.#slowedAtMs = nowMs;
    this.#intervalMs = Math.min(Math.max(this.#intervalMs * 2, FIRST_INTERVAL_MS), LONGEST_INTERVAL_MS);
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs + SETTLING_MS);
  }

  noteAccepted(): void {
    const intervalMs = this.#intervalMs * 0.85;
    this.#intervalMs = intervalMs < SHORTEST_INTERVAL_MS ? 0 : intervalMs;
  }
}

// How fast requests to one store may follow each other: as fast as they come, until the store throttles.
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 5_000;
/** Below this the interval is dropped. */
const SHORTEST_INTERVAL_MS = 5;

/** Finds the rate that a store takes: a throttled request halves it, each other one raises it a little. */
export class Pace {
  #intervalMs = 0;
  #nextAtMs = 0;
  #slowedAtMs = -Infinity;

  /** Waits for the turn of the next request; ends early when the signal fires. @returns when the turn began */
  async wait(signal: AbortSignal): Promise<number> {
    const nowMs = performance.now();
    const startMs = Math.max(nowMs, this.#nextAtMs);
    this.#nextAtMs = startMs + this.#intervalMs;
    if (startMs > nowMs) await delay(startMs - nowMs, undefined, { signal }).catch(() => undefined);
    return performance.now();
  }

  /** @param startedAtMs of the request: of those that were under way together, one slows the others down */
  noteThrottled(startedAtMs: number): void {
    if (startedAtMs < this.#slowedAtMs) return;
    this.#slowedAtMs = performance.now();
    this.#intervalMs = Math.min(Math.max(this.#intervalMs * 2, FIRST_INTERVAL_MS), LONGEST_INTERVAL_MS);
    this.#nextAtMs = Math.max(this.#nextAtMs, this.#slowedAtMs + this.#intervalMs);
  }

  noteAccepted(): void {
    const intervalMs = this.#intervalMs * 0.95;
    this.#intervalMs = intervalMs < SHORTEST_INTERVAL_MS ? 0 : intervalMs;
  }
}

// Owns what was seen to refuse a wrong password within the last day. Refuses to remember anything else: what accepts
// one is asked at every run, so that every report says so.
import type { NegativeChecks } from './port.js';

const DAY_MS = 24 * 3_600_000;

/** Whoever says yes to everything proves nothing; once a day is often enough to look. */
export class NegativeCheckCache implements NegativeChecks {
  readonly #now: () => Date;
  readonly #seenAtMs = new Map<string, number>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  has(key: string): boolean {
    const seenAtMs = this.#seenAtMs.get(key);
    return seenAtMs !== undefined && this.#now().getTime() - seenAtMs < DAY_MS;
  }

  add(key: string): void {
    this.#seenAtMs.set(key, this.#now().getTime());
  }
}

import type { NegativeChecks } from './port.js';

const DAY_MS = 24 * 3_600_000;

/**
 * What was seen to reject a wrong password within the last day: what accepts everything proves nothing, and once a day is
 * often enough to check. What accepts a wrong password is checked at every run, so that every report shows it.
 */
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

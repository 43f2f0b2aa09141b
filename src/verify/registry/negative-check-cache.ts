import type { NegativeChecks } from './port.js';

const DAY_MS = 24 * 3_600_000;

/**
 * Remembers for a day that a registry or engine rejected a wrong password, because a login that cannot fail proves
 * nothing. One that accepts a wrong password is checked in every run, so that every report shows it.
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

// Owns the one wrapper that every secret wears from the moment it is read until the request that needs it.
// Refuses to show itself: printing, logging, serialising or concatenating a Secret gives a placeholder.
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const PLACEHOLDER = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value. Call it where the request is built, never earlier. */
  reveal(): string {
    return this.#value;
  }

  /**
   * Twelve hex digits of the SHA-256 of the value: tells two ECR tokens apart in reports and logs.
   * Only for values too random to be guessed, never for a password that a person chose.
   */
  fingerprint(): string {
    return createHash('sha256').update(this.#value).digest('hex').slice(0, 12);
  }

  toString(): string {
    return PLACEHOLDER;
  }

  toJSON(): string {
    return PLACEHOLDER;
  }

  [inspect.custom](): string {
    return PLACEHOLDER;
  }
}

// Wraps every secret from the moment it is read until it is put into a request. Printing, logging, serializing or
// concatenating a Secret shows a placeholder.
import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const PLACEHOLDER = '[secret]';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** Call it where the request is built, not earlier. */
  reveal(): string {
    return this.#value;
  }

  /**
   * The first 12 hex digits of the SHA-256 of the value: distinguishes ECR tokens in reports and logs.
   * Only for random values that cannot be guessed, never for a password chosen by a person.
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

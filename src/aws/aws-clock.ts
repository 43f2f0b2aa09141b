// Owns what the worker knows of the clock of AWS: how far it is ahead of its own, as the SDK has learnt from answers.
// Refuses to set any clock right.

/** Less is what the header of an answer cannot tell, or nobody minds: from here on the SDK corrects its signatures. */
const LEAST_OFFSET_MS = 240_000;

export class AwsClock {
  #offsetMs = 0;

  /** Milliseconds that the clock of AWS is ahead of ours; 0 where that is not worth a word. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** By the clock of AWS, as the ends of sessions are. */
  nowMs(): number {
    return Date.now() + this.#offsetMs;
  }

  /** @param offsetMs as a client of the SDK has it after an answer */
  note(offsetMs: number): void {
    this.#offsetMs = Math.abs(offsetMs) < LEAST_OFFSET_MS ? 0 : offsetMs;
  }
}

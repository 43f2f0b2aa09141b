// What has been started so far and must be stopped again, the latest first.

interface Stoppable {
  stop(): Promise<void>;
}

export class Cleanup {
  readonly #parts: Stoppable[] = [];

  /** Takes the part over, and gives it back. */
  add<T extends Stoppable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  /** Stops every part, whatever becomes of the others. @throws Error with all that went wrong */
  async stopAll(): Promise<void> {
    const wrong: string[] = [];
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      await part.stop().catch((error: unknown) => wrong.push((error as Error).message));
    }
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  }
}

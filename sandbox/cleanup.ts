// Stops everything that was started, in reverse order.

interface Stoppable {
  stop(): Promise<void>;
}

export class Cleanup {
  readonly #parts: Stoppable[] = [];

  /** Registers the part and returns it. */
  add<T extends Stoppable>(part: T): T {
    this.#parts.push(part);
    return part;
  }

  /** Stops every part, even if others fail to stop. @throws Error with the messages of all failures */
  async stopAll(): Promise<void> {
    const failures: string[] = [];
    for (let part = this.#parts.pop(); part; part = this.#parts.pop()) {
      await part.stop().catch((error: unknown) => failures.push((error as Error).message));
    }
    if (failures.length > 0) throw new Error(failures.join('\n'));
  }
}

// Owns what the Temporal UI shows of a run under way: which steps are done, and since when the others are tried.

/** Longer lists help nobody, and the details of a run have a size limit in Temporal. */
const MAX_SHOWN = 20;

export class StepProgress {
  readonly #show: (markdown: string) => void;
  readonly #pending = new Map<string, Date>();
  readonly #uses = new Map<string, number>();
  #done = 0;

  constructor(show: (markdown: string) => void) {
    this.#show = show;
  }

  /** An activity id that this run has not used yet: `…`, `… #2`, `… #3`. */
  uniqueId(id: string): string {
    const uses = (this.#uses.get(id) ?? 0) + 1;
    this.#uses.set(id, uses);
    return uses === 1 ? id : `${id} #${uses}`;
  }

  async follow<T>(id: string, step: Promise<T>): Promise<T> {
    this.#pending.set(id, new Date());
    this.show(new Date());
    try {
      return await step;
    } finally {
      this.#pending.delete(id);
      this.#done += 1;
      this.show(new Date());
    }
  }

  show(now: Date): void {
    const lines = [...this.#pending].slice(0, MAX_SHOWN).map(([id, since]) => {
      const minutes = Math.floor((now.getTime() - since.getTime()) / 60_000);
      const trouble = minutes >= 15 ? ' **(see its last failure under pending activities)**' : '';
      return `- ${id}, for ${minutes} min${trouble}`;
    });
    const more = this.#pending.size > MAX_SHOWN ? `\n- and ${this.#pending.size - MAX_SHOWN} more` : '';
    this.#show(
      `${this.#done} ${this.#done === 1 ? 'step' : 'steps'} done, ${this.#pending.size} under way\n\n${lines.join('\n')}${more}`,
    );
  }
}

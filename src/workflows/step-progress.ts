// The current details of a run in progress in the Temporal UI: how many steps are done, and what the others wait for.
import type { WaitingStep } from '../refresh/step-runner.js';

/** A longer list is not readable, and Temporal limits the size of the details. */
const MAX_SHOWN = 20;

export class StepProgress {
  readonly #show: (markdown: string) => void;
  readonly #pending = new Map<string, Date>();
  readonly #waiting = new Map<WaitingStep, Date>();
  readonly #uses = new Map<string, number>();
  #done = 0;

  constructor(show: (markdown: string) => void) {
    this.#show = show;
  }

  /** Makes an activity id unique within the run: `…`, `… #2`, `… #3`. */
  uniqueId(id: string): string {
    const uses = (this.#uses.get(id) ?? 0) + 1;
    this.#uses.set(id, uses);
    return uses === 1 ? id : `${id} #${uses}`;
  }

  async follow<T>(id: string, step: Promise<T>): Promise<T> {
    this.#pending.set(id, new Date());
    this.show(new Date());
    try {
      const result = await step;
      this.#done += 1;
      return result;
    } finally {
      this.#pending.delete(id);
      this.show(new Date());
    }
  }

  /** A step between its first attempt and its retries, when Temporal shows no pending activity. */
  async followWait(waiting: WaitingStep, until: Date, wait: Promise<void>): Promise<void> {
    this.#waiting.set(waiting, until);
    this.show(new Date());
    try {
      await wait;
    } finally {
      this.#waiting.delete(waiting);
    }
  }

  show(now: Date): void {
    const lines = [...this.#describeWaiting(), ...this.#describePending(now)];
    const more = lines.length > MAX_SHOWN ? `\n- and ${lines.length - MAX_SHOWN} more` : '';
    const open = this.#pending.size + this.#waiting.size;
    this.#show(
      `${this.#done} ${this.#done === 1 ? 'step' : 'steps'} done, ${open} in progress\n\n` +
        `${lines.slice(0, MAX_SHOWN).join('\n')}${more}`,
    );
  }

  #describeWaiting(): string[] {
    return [...this.#waiting].map(
      ([{ step, target, failure }, until]) =>
        `- ${step}: ${target}: **${failure.type}**: ${failure.message} Next attempt at ${until.toISOString()}.`,
    );
  }

  #describePending(now: Date): string[] {
    return [...this.#pending].map(([id, since]) => {
      const minutes = Math.floor((now.getTime() - since.getTime()) / 60_000);
      const hint = minutes >= 15 ? ' **(see its last failure under pending activities)**' : '';
      return `- ${id}, for ${minutes} min${hint}`;
    });
  }
}

// Owns what the worker says while Temporal is away: that it does not answer, once a minute how long already, and that
// it answers again. Refuses to take silence for an answer: Temporal is asked before the last of these is said.
import type { Logger } from '../log/logger.js';

/** How often the worker looks whether an outage is over. */
export const HEALTH_CHECK_INTERVAL_MS = 5_000;
const REPEAT_MS = 60_000;

/**
 * Pollers try again after 12 s at the latest, and each says so when it fails. A frontend may answer while the parts
 * behind it fail every poll: only when none has failed for longer than that is it worth asking.
 */
const QUIET_MS = 15_000;

interface Outage {
  readonly since: number;
  readonly lastFailureAt: number;
  readonly lastSaidAt: number;
}

export class TemporalHealth {
  readonly #logger: Logger;
  readonly #now: () => number;
  #outage: Outage | undefined;
  #isAsking = false;

  /** @param now milliseconds of a clock that nobody sets */
  constructor(logger: Logger, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  /** A call had no answer; of most calls the SDK's core says so from the sixth attempt on. */
  reportFailure(reason: string): void {
    const now = this.#now();
    const { since, lastSaidAt } = this.#outage ?? { since: now, lastSaidAt: -Infinity };
    const isDue = now - lastSaidAt >= REPEAT_MS;
    this.#outage = { since, lastFailureAt: now, lastSaidAt: isDue ? now : lastSaidAt };
    if (!isDue) return;
    const forSeconds = toSeconds(now - since);
    // The first line would say 0, when calls have failed for some seconds already.
    const fields = forSeconds === 0 ? { reason } : { forSeconds, reason };
    this.#logger.warn(fields, 'Temporal does not answer; waiting for it');
  }

  /**
   * Ends an outage that seems to be over, if Temporal answers.
   * @param ask asks Temporal something, during an outage alone: undefined when it answers, else what is wrong
   */
  async look(ask: () => Promise<string | undefined>): Promise<void> {
    const outage = this.#outage;
    if (!outage || this.#isAsking || this.#now() - outage.lastFailureAt < QUIET_MS) return;
    this.#isAsking = true;
    const problem = await ask();
    this.#isAsking = false;
    if (problem !== undefined) {
      this.reportFailure(problem);
      return;
    }
    // A call that failed meanwhile knows better.
    if (this.#outage !== outage) return;
    this.#outage = undefined;
    this.#logger.info({ afterSeconds: toSeconds(this.#now() - outage.since) }, 'Temporal answers again');
  }
}

function toSeconds(ms: number): number {
  return Math.round(ms / 1000);
}

// Logs outages of Temporal: the start, the duration once a minute, and the end. The end is logged only after a
// successful call, never because failures have stopped.
import type { Logger } from '../log/logger.js';

/** How often the worker checks whether an outage is over. */
export const HEALTH_CHECK_INTERVAL_MS = 5_000;
const REPEAT_MS = 60_000;

const DOWN = 'Temporal calls fail; retrying. Check the Temporal server, its address, and the network';

/**
 * Pollers retry within 12 s and report each failure. The frontend of Temporal can respond while the services behind it
 * fail every poll. So the outage is over only if no poll has failed for longer than 12 s.
 */
const QUIET_MS = 15_000;

interface Outage {
  readonly since: number;
  readonly lastFailureAt: number;
  readonly lastLoggedAt: number;
}

export class TemporalHealth {
  readonly #logger: Logger;
  readonly #now: () => number;
  #outage: Outage | undefined;
  #isChecking = false;

  /** @param now milliseconds of a monotonic clock */
  constructor(logger: Logger, now: () => number = () => performance.now()) {
    this.#logger = logger;
    this.#now = now;
  }

  /** Records a call without a response. For most calls the SDK core reports this from the sixth attempt on. */
  reportFailure(reason: string): void {
    const now = this.#now();
    const { since, lastLoggedAt } = this.#outage ?? { since: now, lastLoggedAt: -Infinity };
    const isDue = now - lastLoggedAt >= REPEAT_MS;
    this.#outage = { since, lastFailureAt: now, lastLoggedAt: isDue ? now : lastLoggedAt };
    if (!isDue) return;
    const forSeconds = toSeconds(now - since);
    // In the first line the duration would be 0, although calls have failed for some seconds.
    const fields = forSeconds === 0 ? { reason } : { forSeconds, reason };
    this.#logger.warn(fields, DOWN);
  }

  /**
   * Ends an outage that seems to be over, if Temporal responds.
   * @param findProblem calls Temporal, and returns undefined if it responds, otherwise the problem; used only during
   *   an outage
   */
  async check(findProblem: () => Promise<string | undefined>): Promise<void> {
    const outage = this.#outage;
    if (!outage || this.#isChecking || this.#now() - outage.lastFailureAt < QUIET_MS) return;
    this.#isChecking = true;
    const problem = await findProblem();
    this.#isChecking = false;
    if (problem !== undefined) {
      this.reportFailure(problem);
      return;
    }
    // Another call has failed in the meantime: the outage continues.
    if (this.#outage !== outage) return;
    this.#outage = undefined;
    this.#logger.info(
      { afterSeconds: toSeconds(this.#now() - outage.since) },
      'Temporal calls succeed again',
    );
  }
}

function toSeconds(ms: number): number {
  return Math.round(ms / 1000);
}

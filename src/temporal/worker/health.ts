// Logs outages of Temporal: the start, the duration once a minute, and the end. The end is logged only after a
// successful call, never because failures have stopped.
import type { Logger } from '../../log/logger.js';
import type { TemporalUnavailable } from '../unavailable.js';

/** How often the worker checks what an outage is about, and whether it is over. */
export const HEALTH_CHECK_INTERVAL_MS = 5_000;
const REPEAT_MS = 60_000;

const DOWN = 'Temporal unavailable; retrying';
const UP = 'Temporal available again';

/**
 * Pollers retry within 12 s and report each failure. The frontend of Temporal can respond while the services behind it
 * fail every poll. So the outage is over only if no poll has failed for longer than 12 s.
 */
const QUIET_MS = 15_000;

const POLLS_REMEDY = 'Check the log of the Temporal server, in particular of its matching service.';

export interface FailedCall {
  readonly isPoll: boolean;
  /** What the SDK reports. */
  readonly reason: string;
}

interface Outage {
  readonly since: number;
  lastFailureAt: number;
  lastLoggedAt: number;
  /** The last failed poll: when, and what the SDK reported. */
  poll: { readonly at: number; readonly reason: string } | undefined;
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

  /**
   * Records a failed call of the SDK, so that the next check looks for the cause. For most calls the core reports it
   * from the sixth attempt on.
   */
  recordFailedCall({ isPoll, reason }: FailedCall): void {
    const outage = this.#recordFailure();
    if (isPoll) outage.poll = { at: outage.lastFailureAt, reason };
  }

  /** Records a problem that the worker itself has found, and logs it if a line is due. */
  report({ code, message, remedy }: TemporalUnavailable): void {
    this.#log(this.#recordFailure(), { code, reason: message, remedy });
  }

  /**
   * Logs the cause of an outage, or ends an outage that seems to be over.
   * @param findProblem calls Temporal, and returns undefined if it responds; used only during an outage
   * @returns the problem
   */
  async check(
    findProblem: () => Promise<TemporalUnavailable | undefined>,
  ): Promise<TemporalUnavailable | undefined> {
    const outage = this.#outage;
    if (!outage || this.#isChecking) return undefined;
    this.#isChecking = true;
    const problem = await findProblem().finally(() => (this.#isChecking = false));
    if (problem) this.report(problem);
    else if (outage.poll && this.#now() - outage.poll.at < QUIET_MS) {
      // The server responds, and polls of the task queue fail.
      this.#log(outage, { code: 'polls-failing', reason: outage.poll.reason, remedy: POLLS_REMEDY });
    } else if (this.#now() - outage.lastFailureAt >= QUIET_MS || outage.lastLoggedAt === -Infinity) {
      // Also a heartbeat that fails while polls are allowed: that is no outage.
      this.end();
    }
    return problem;
  }

  /** Temporal has responded. */
  end(): void {
    if (!this.#outage) return;
    const { since, lastLoggedAt } = this.#outage;
    this.#outage = undefined;
    if (lastLoggedAt === -Infinity) return;
    this.#logger.info({ afterSeconds: toSeconds(this.#now() - since) }, UP);
  }

  #recordFailure(): Outage {
    const now = this.#now();
    this.#outage ??= { since: now, lastFailureAt: now, lastLoggedAt: -Infinity, poll: undefined };
    this.#outage.lastFailureAt = now;
    return this.#outage;
  }

  #log(outage: Outage, fields: object): void {
    const now = this.#now();
    if (now - outage.lastLoggedAt < REPEAT_MS) return;
    outage.lastLoggedAt = now;
    const forSeconds = toSeconds(now - outage.since);
    // In the first line the duration would be 0, although calls have failed for some seconds.
    this.#logger.warn({ ...(forSeconds > 0 && { forSeconds }), ...fields }, DOWN);
  }
}

function toSeconds(ms: number): number {
  return Math.round(ms / 1000);
}

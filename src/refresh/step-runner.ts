// Runs a step: the first attempt within the concurrency limits, retries outside them, so that a step that waits for its
// next attempt does not delay other steps.
import { waitBeforeRetryMs } from './activity-limits.js';
import type { EarlierAttempts, StepCall, StepName } from './activity-types.js';
import type { FailureInfo } from './failures.js';
import { Semaphore } from './semaphore.js';

/** A step that failed and waits for its next attempt. */
export interface WaitingStep {
  readonly step: StepName;
  /** Name of the affected store, token group or engine. */
  readonly target: string;
  readonly attempts: number;
  readonly earlier: EarlierAttempts;
}

export interface StepContext {
  now(): Date;
  /** Milliseconds since the epoch after which nothing is retried. */
  readonly deadlineMs: number;
  /** Milliseconds for which the run retries; infinite when the limits of the table always apply. */
  readonly retryForMs: number;
  wait(ms: number, waiting: WaitingStep): Promise<void>;
  /** Converts an error of a step to a failure. Rethrows a cancellation, which is not a failure of the step. */
  describe(error: unknown): FailureInfo;
}

/** A step failed permanently. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly failure: FailureInfo;

  constructor(failure: FailureInfo) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * Why a step failed permanently.
 * @throws the error itself when it is a cancellation and not a failure of the step
 */
export function toFailure(error: unknown): FailureInfo {
  if (error instanceof StepFailed) return error.failure;
  throw error;
}

export interface Step<T> {
  readonly name: StepName;
  readonly target: string;
  call(how: StepCall): Promise<T>;
  /** Called when the first attempt has failed and a retry will follow. */
  onRetry?(): void;
}

/** Temporal allows 2,000 pending activities per workflow. */
const RETRIES_AT_ONCE = 500;

export class StepRunner {
  readonly #context: StepContext;
  readonly #retries = new Semaphore(RETRIES_AT_ONCE);

  constructor(context: StepContext) {
    this.#context = context;
  }

  nowMs(): number {
    return this.#context.now().getTime();
  }

  /**
   * Makes the first attempt of a step within `limit`, and retries outside it.
   * @throws StepFailed
   */
  async run<T>(step: Step<T>, limit: Semaphore): Promise<T> {
    try {
      return await limit.run(() => step.call({ attemptsBefore: 0 }));
    } catch (error) {
      return this.retry(step, this.#context.describe(error), 1);
    }
  }

  /**
   * Retries a step after `attempts` attempts, the last of which ended with `failure`.
   * @param failingSinceMs when the first of them failed; default: now
   * @throws StepFailed
   */
  async retry<T>(
    step: Step<T>,
    failure: FailureInfo,
    attempts: number,
    failingSinceMs = this.nowMs(),
  ): Promise<T> {
    const { deadlineMs, retryForMs } = this.#context;
    const waitMs = waitBeforeRetryMs(failure.type, step.name, attempts, retryForMs);
    const isInTime = waitMs !== undefined && this.nowMs() + waitMs < deadlineMs;
    if (!isInTime) throw new StepFailed(failure);
    step.onRetry?.();
    const earlier = { failure, failingSinceMs };
    await this.#context.wait(waitMs, { step: step.name, target: step.target, attempts, earlier });
    try {
      return await this.#retries.run(() => step.call({ attemptsBefore: attempts, earlier }));
    } catch (error) {
      const last = this.#context.describe(error);
      // When no time was left for a retry, the failure of the previous attempt is the cause.
      throw new StepFailed(last.type === 'RunOutOfTime' ? failure : last);
    }
  }
}

// How much time an attempt has left, from differences of the server's own times and of a monotonic clock only, so that
// a wrong clock of the worker does not matter.
import { setMaxListeners } from 'node:events';
import type { Info } from '@temporalio/activity';
import { isRefreshFailure } from '../log/redact-error.js';
import { withSignal } from '../net/deadline.js';
import type { StepName } from '../refresh/activity-types.js';
import { RefreshFailure } from '../refresh/failures.js';

/** An attempt's own limits end this long before Temporal's, so that the cause is told instead of a time-out. */
const SAFETY_MS = 1000;

type AttemptTimes = Pick<
  Info,
  | 'scheduledTimestampMs'
  | 'currentAttemptScheduledTimestampMs'
  | 'scheduleToCloseTimeoutMs'
  | 'startToCloseTimeoutMs'
>;

/** Milliseconds until the attempt has to have ended. @param elapsedMs since the attempt started */
export function attemptTimeLeftMs(info: AttemptTimes, elapsedMs: number): number {
  return Math.min(info.startToCloseTimeoutMs || Infinity, retriesTimeLeftMs(info, 0)) - elapsedMs - SAFETY_MS;
}

/** Milliseconds until all attempts have to have ended; infinite without a schedule-to-close time-out. */
export function retriesTimeLeftMs(info: AttemptTimes, elapsedMs: number): number {
  if (!info.scheduleToCloseTimeoutMs) return Infinity;
  const spentMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs;
  return info.scheduleToCloseTimeoutMs - spentMs - elapsedMs;
}

/**
 * Runs an attempt with a signal that fires after `limitMs` milliseconds, its reason a failure of the catalogue, and
 * when `cancellation` does. Waits for the attempt: a step returns what it has done when its signal fires. What fails
 * after that with no failure of the catalogue was cut off, and fails with the reason of the signal.
 */
export async function withAttemptLimit<T>(
  step: StepName,
  limitMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  cancellation?: AbortSignal,
): Promise<T> {
  async function runStep(signal: AbortSignal): Promise<T> {
    // One listener per registry of a token group, of which there may be many: no leak that Node should warn of.
    setMaxListeners(0, signal);
    try {
      return await run(signal);
    } catch (error) {
      if (signal.aborted && !isRefreshFailure(error)) throw signal.reason;
      throw error;
    }
  }
  const createTimeUp = (): RefreshFailure =>
    new RefreshFailure('AttemptTimedOut', `${step} did not end within its time.`);
  return withSignal(Math.max(1, limitMs), cancellation, runStep, createTimeUp);
}

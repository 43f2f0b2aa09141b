// Computes how much time an attempt has left, only from differences between the server's times and from a monotonic
// clock, so that a wrong clock of the worker does not matter.
import { setMaxListeners } from 'node:events';
import type { Info } from '@temporalio/activity';
import { isRefreshFailure } from '../log/redact-error.js';
import { withSignal } from '../net/deadline.js';
import type { StepName } from '../refresh/activity-types.js';
import { RefreshFailure } from '../refresh/failures.js';

/** An attempt's own limits end this long before Temporal's, so that the cause is reported instead of a timeout. */
const SAFETY_MS = 1000;

type AttemptTimes = Pick<
  Info,
  | 'scheduledTimestampMs'
  | 'currentAttemptScheduledTimestampMs'
  | 'scheduleToCloseTimeoutMs'
  | 'startToCloseTimeoutMs'
>;

/** Milliseconds until the attempt must end. @param elapsedMs since the attempt started */
export function attemptTimeLeftMs(info: AttemptTimes, elapsedMs: number): number {
  return Math.min(info.startToCloseTimeoutMs || Infinity, retriesTimeLeftMs(info, 0)) - elapsedMs - SAFETY_MS;
}

/** Milliseconds until all attempts must end; infinite without a schedule-to-close timeout. */
export function retriesTimeLeftMs(info: AttemptTimes, elapsedMs: number): number {
  if (!info.scheduleToCloseTimeoutMs) return Infinity;
  const spentMs = info.currentAttemptScheduledTimestampMs - info.scheduledTimestampMs;
  return info.scheduleToCloseTimeoutMs - spentMs - elapsedMs;
}

/**
 * Runs an attempt with a signal that fires with `cancellation`, or after `limitMs` milliseconds with a RefreshFailure
 * as its reason. Waits for the attempt: a step returns what it has done when its signal fires. Any error other
 * than a RefreshFailure that it throws after that is replaced by the reason of the signal.
 */
export async function withAttemptLimit<T>(
  step: StepName,
  limitMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  cancellation?: AbortSignal,
): Promise<T> {
  async function runStep(signal: AbortSignal): Promise<T> {
    // One listener per registry of a token group; many of them are not a leak.
    setMaxListeners(0, signal);
    try {
      return await run(signal);
    } catch (error) {
      if (signal.aborted && !isRefreshFailure(error)) throw signal.reason;
      throw error;
    }
  }
  const createTimeUp = (): RefreshFailure =>
    new RefreshFailure('AttemptTimedOut', `${step} timed out after ${Math.round(limitMs / 100) / 10} s.`);
  return withSignal(Math.max(1, limitMs), cancellation, runStep, createTimeUp);
}

// Owns how much time an attempt has left. Differences of the server's own times and of a monotonic clock alone, so
// that a worker whose clock is wrong reckons right.
import type { Info } from '@temporalio/activity';

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

// Owns how much time an attempt has left. Differences of the server's own times and of a monotonic clock alone, so
// that a worker whose clock is wrong reckons right.
import { setMaxListeners } from 'node:events';
import type { Info } from '@temporalio/activity';
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
 * when `cancellation` does. A timer of our own: Node 20 may collect an AbortSignal.timeout that was combined with
 * another signal, and it never fires then.
 */
export async function withAttemptLimit<T>(
  step: StepName,
  limitMs: number,
  run: (signal: AbortSignal) => Promise<T>,
  cancellation?: AbortSignal,
): Promise<T> {
  const controller = new AbortController();
  // One listener per registry of a token group, of which there may be many: no leak that Node should warn of.
  setMaxListeners(0, controller.signal);
  const timeUp = new RefreshFailure('AttemptTimedOut', `${step} did not end within its time.`);
  const timer = setTimeout(() => controller.abort(timeUp), Math.max(1, limitMs));
  const onCancel = (): void => controller.abort(cancellation?.reason);
  cancellation?.addEventListener('abort', onCancel, { once: true });
  if (cancellation?.aborted) onCancel();
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    cancellation?.removeEventListener('abort', onCancel);
  }
}

// Owns what an activity knows of the attempt it runs in, however it was called: by Temporal or directly.
import { setMaxListeners } from 'node:events';
import { RefreshFailure } from '../refresh/failures.js';
import type { StepName } from '../refresh/activity-types.js';

export interface Attempt {
  /** Key of the run's tokens. */
  readonly runId: string;
  /** From 1. */
  readonly number: number;
  /** Aborts on cancellation, and shortly before the attempt's time is up, so that its real cause can be told. */
  readonly signal: AbortSignal;
  /** What the attempt before had noted, on this worker or another. From outside: its shape is to be checked. */
  readonly noted?: unknown;
  /** Notes how far the attempt has got, for the next one: plain JSON, small, no secret. */
  note(progress: object): void;
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

/** Waits for a promise that others wait for too, no longer than the caller may. */
export async function orAbort<T>(shared: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([shared, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

/** What an activity knows of the attempt it runs in, whether Temporal called it or `refresh-once`. */
export interface Attempt {
  /** Key of the run's tokens. */
  readonly runId: string;
  /** From 1, within one call of the activity. */
  readonly number: number;
  /** Milliseconds that the attempt may take. */
  readonly limitMs: number;
  /** Aborts on cancellation, and shortly before the attempt's time is up, so that it can return what it has done. */
  readonly signal: AbortSignal;
}

/** Waits for a promise that others wait for too, no longer than the caller may. @throws the reason of the signal */
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

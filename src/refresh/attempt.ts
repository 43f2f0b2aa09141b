/** What an activity knows of the attempt it runs in, whether Temporal called it or `refresh-once`. */
export interface Attempt {
  /** Key of the run's tokens. */
  readonly runId: string;
  /** When the run makes no further attempt, by the clock of this machine; absent where nothing says so. */
  readonly deadlineMs?: number;
  /** From 1. */
  readonly number: number;
  /** Aborts on cancellation, and shortly before the attempt's time is up, so that its real cause can be reported. */
  readonly signal: AbortSignal;
  /** What the previous attempt had noted, on this worker or another. From outside: its shape is to be checked. */
  readonly noted?: unknown;
  /** Notes how far the attempt has got, for the next one: plain JSON, small, no secret. */
  note(progress: object): void;
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

// Owns what an activity knows of the attempt it runs in, however it was called: by Temporal or directly.

export interface Attempt {
  /** Key of the run's tokens. */
  readonly runId: string;
  /** From 1. */
  readonly number: number;
  /** Aborts on cancellation, and shortly before the attempt's time is up, so that its real cause can be told. */
  readonly signal: AbortSignal;
}

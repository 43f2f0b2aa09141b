/** What an activity knows of the attempt it runs in, whether Temporal called it or `refresh-once`. */
export interface Attempt {
  /** Key of the run's tokens. */
  readonly runId: string;
  /** When the run makes no further attempt, by the clock of this machine; absent where nothing says so. */
  readonly deadlineMs?: number;
  /** From 1, within one call of the activity. */
  readonly number: number;
  /** Milliseconds that the attempt may take. */
  readonly limitMs: number;
  /** Aborts on cancellation, and shortly before the attempt's time is up, so that it can return what it has done. */
  readonly signal: AbortSignal;
}

/** The current attempt of an activity, called by Temporal or by `refresh-once`. */
export interface Attempt {
  /** Key of the run in the token cache. */
  readonly runId: string;
  /** Time after which the run makes no further attempt, by the clock of this machine; absent when there is none. */
  readonly deadlineMs?: number;
  /** Counts from 1 within one call of the activity. */
  readonly number: number;
  /** Milliseconds that the attempt may take. */
  readonly limitMs: number;
  /** Aborts on cancellation, and shortly before the attempt times out, so that it can return what it has done. */
  readonly signal: AbortSignal;
}

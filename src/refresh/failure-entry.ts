/** The smallest thing that a failure stops: everything else continues. */
export const SCOPES = ['connection', 'store', 'registry', 'token group', 'engine', 'run'] as const;

export type Scope = (typeof SCOPES)[number];

export interface FailureEntry {
  readonly scope: Scope;
  /** Whether the same activity is retried within the run. The next run retries in any case. */
  readonly retryable: boolean;
  /** Minutes between two attempts, where the usual backoff would do harm. */
  readonly retryAfterMinutes?: number;
  readonly whoActs: 'no one' | 'operator' | 'AWS administrator' | 'Airflow administrator';
  readonly meaning: string;
  readonly remedy: string;
}

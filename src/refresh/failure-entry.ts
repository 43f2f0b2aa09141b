// What the catalogue says of each type of failure.

/** The smallest thing that a failure stops: everything else continues. */
export const SCOPES = ['connection', 'store', 'registry', 'token group', 'engine', 'run'] as const;

export type Scope = (typeof SCOPES)[number];

export interface FailureEntry {
  readonly scope: Scope;
  /** Whether the same activity is tried again within the run. The next run tries again in any case. */
  readonly retryable: boolean;
  /** Minutes between two attempts, where the usual back-off would do harm. */
  readonly retryAfterMinutes?: number;
  readonly whoActs: 'no one' | 'operator' | 'AWS administrator' | 'Airflow administrator';
  readonly meaning: string;
  readonly remedy: string;
}

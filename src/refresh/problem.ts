// Something that lets tokens expire or may have done so, as `status` and `doctor` report it.
export interface Problem {
  /** Stays the same in later versions: `schedule-paused`. */
  readonly id: string;
  /** What it is about: `schedule ecr-refresh`, `Airflow main`. */
  readonly target: string;
  /** What is wrong, after the target and without a full stop. */
  readonly message: string;
  /** The fix, in one sentence or a few. */
  readonly remedy: string;
  /** ISO 8601, UTC; where it is known. */
  readonly since?: string;
}

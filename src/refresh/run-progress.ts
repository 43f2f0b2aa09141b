// How far a run in progress is, as the query `progress` of the workflow returns it and `status` reads it.
import type { StepName } from './activity-types.js';
import { isFailureType, isScope, restoreFailure, type FailureInfo } from './failures.js';
import { parseReport, type RefreshReport } from './report.js';

/** A step that is running, or waits for its next attempt. */
export interface StepInProgress {
  readonly step: StepName;
  /** Names of the store, token group or engine concerned. */
  readonly target: string;
  /** The activity in Temporal; null while the step waits outside Temporal's own retries. */
  readonly activityId: string | null;
  /** Attempts that ended before this activity was scheduled. */
  readonly attempts: number;
  /** ISO 8601, UTC; null before the first failure. */
  readonly failingSince: string | null;
  readonly nextAttemptAt: string | null;
  readonly failure: FailureInfo | null;
}

export interface RunProgress {
  readonly stepsDone: number;
  /** Failing steps first; of long lists the first 100. */
  readonly steps: readonly StepInProgress[];
  readonly stepsInProgress: number;
  /** Stores for which nothing is left to do but tests of Docker. */
  readonly storesDone: readonly string[];
  /** What is done, and what failed for good. */
  readonly report: RefreshReport;
}

/** Name of the query. */
export const PROGRESS_QUERY = 'progress';

/**
 * Undefined when the value is not the progress of a run of this version. Remedies in it are of the catalogue; other texts
 * are not trusted any further.
 */
export function parseProgress(value: unknown): RunProgress | undefined {
  if (!isRecord(value)) return undefined;
  const { stepsDone, stepsInProgress, steps, storesDone } = value;
  const report = parseReport(value['report']);
  const isProgress =
    typeof stepsDone === 'number' &&
    typeof stepsInProgress === 'number' &&
    Array.isArray(steps) &&
    steps.every(isStep) &&
    Array.isArray(storesDone) &&
    storesDone.every(isString);
  if (!isProgress || !report) return undefined;
  const progress = value as unknown as RunProgress;
  return { ...progress, steps: progress.steps.map(restoreStep), report };
}

function isStep(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { step, target, attempts, activityId, failingSince, nextAttemptAt, failure } = value;
  return (
    isString(step) &&
    isString(target) &&
    typeof attempts === 'number' &&
    (activityId === null || isString(activityId)) &&
    [failingSince, nextAttemptAt].every((field) => field === null || isTime(field)) &&
    (failure === null || isFailure(failure))
  );
}

function restoreStep(step: StepInProgress): StepInProgress {
  return { ...step, failure: step.failure && restoreFailure(step.failure) };
}

function isFailure(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { type, scope, message, remedy } = value;
  return isString(type) && isFailureType(type) && isScope(scope) && isString(message) && isString(remedy);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isTime(value: unknown): boolean {
  return isString(value) && !Number.isNaN(Date.parse(value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

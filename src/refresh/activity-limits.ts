// Owns the time limits and retry ladders of the five activities, and the arithmetic that keeps every call inside
// the run's one deadline. Refuses zero and negative time-outs: Temporal takes 0 as "no limit".
import { failureEntry, type FailureType } from './failures.js';
import type { StepName } from './activity-types.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export interface ActivityLimits {
  /** One attempt, from its start on a worker. */
  readonly startToCloseMs: number;
  /** A worker that died is noticed after this long; absent where the attempt itself is as short. */
  readonly heartbeatMs?: number;
  readonly firstRetryMs: number;
  readonly retryCapMs: number;
  /** All attempts together, where that is less than what is left of the run. */
  readonly inAllMs?: number;
}

/** Each retry waits twice as long as the one before, up to the cap. */
export const BACKOFF_COEFFICIENT = 2;

export const ACTIVITY_LIMITS: Readonly<Record<StepName, ActivityLimits>> = {
  // Reads a file: slow only when the disk is sick.
  planRefresh: { startToCloseMs: 10 * SECOND_MS, firstRetryMs: SECOND_MS, retryCapMs: 10 * SECOND_MS },
  // Airflow: patient, since an API server under load needs up to 3 s for an answer, and gentle, since it is shared.
  inspectConnections: {
    startToCloseMs: 2 * MINUTE_MS,
    heartbeatMs: 10 * SECOND_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  // ECR: throttling passes within seconds, so the ladder starts low; outages do not, so it ends high.
  extractToken: {
    startToCloseMs: MINUTE_MS,
    heartbeatMs: 10 * SECOND_MS,
    firstRetryMs: 2 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  updateConnections: {
    startToCloseMs: 2 * MINUTE_MS,
    heartbeatMs: 10 * SECOND_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  // By now the connections are refreshed: a test that fails for a quarter of an hour has said all it can say.
  testDocker: {
    startToCloseMs: MINUTE_MS,
    heartbeatMs: 10 * SECOND_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
    inAllMs: 15 * MINUTE_MS,
  },
};

/** The times that bound a run, in milliseconds of the epoch. */
export interface RunBounds {
  /** No new ladder of retries goes beyond this. */
  readonly deadlineMs: number;
  /** Temporal ends the run here, and its report with it; infinite where nothing does. */
  readonly endsMs: number;
}

export interface CallLimits {
  readonly startToCloseMs: number;
  readonly scheduleToCloseMs: number;
  /** 1 when less than one whole attempt is left; unlimited otherwise. */
  readonly maximumAttempts?: 1;
}

/** Time kept free at the end of a run for its report. */
const REPORT_RESERVE_MS = 10 * SECOND_MS;

/** What a call may take now; undefined when not even one attempt ends before the run does. */
export function limitsNow(step: StepName, nowMs: number, run: RunBounds): CallLimits | undefined {
  const { startToCloseMs, inAllMs = Infinity } = ACTIVITY_LIMITS[step];
  const leftMs = Math.floor(Math.min(run.deadlineMs - nowMs, inAllMs));
  if (leftMs >= startToCloseMs) return { startToCloseMs, scheduleToCloseMs: leftMs };
  if (nowMs + startToCloseMs + REPORT_RESERVE_MS > run.endsMs) return undefined;
  return { startToCloseMs, scheduleToCloseMs: startToCloseMs, maximumAttempts: 1 };
}

/**
 * The deadline of a run: `retryFor` after its first workflow task, but never so late that Temporal would end the
 * run before it could report. A run may wait long for a worker while its execution time-out counts.
 */
export function runBounds(firstTaskMs: number, retryForMs: number, endsMs: number): RunBounds {
  const reserveMs = Math.min(5 * MINUTE_MS, Math.max(0, endsMs - firstTaskMs) / 4);
  return { deadlineMs: Math.min(firstTaskMs + retryForMs, endsMs - reserveMs), endsMs };
}

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) failed, before the next; undefined when trying again
 * within the run cannot help.
 */
export function waitBeforeRetryMs(type: FailureType, step: StepName, attempt: number): number | undefined {
  const { retryable, retryAfterMinutes } = failureEntry(type);
  if (!retryable) return undefined;
  return retryAfterMinutes === undefined ? backoffMs(step, attempt) : retryAfterMinutes * MINUTE_MS;
}

/** Wait before the attempt that follows attempt number `attempt` (from 1), by the step's own ladder. */
export function backoffMs(step: StepName, attempt: number): number {
  const { firstRetryMs, retryCapMs } = ACTIVITY_LIMITS[step];
  return Math.min(firstRetryMs * BACKOFF_COEFFICIENT ** (attempt - 1), retryCapMs);
}

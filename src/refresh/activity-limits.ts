// Timeouts and retry policies of the five activities, limited so that every call ends before the deadline of the run.
// No timeout is zero or negative: Temporal treats 0 as "no limit".
import type { StepCall, StepName } from './activity-types.js';
import { failureEntry, type FailureType } from './failures.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export interface ActivityLimits {
  /** One attempt, from its start on a worker. */
  readonly attemptMs: number;
  /** The first attempt, which counts towards the concurrency limits. */
  readonly firstAttemptMs: number;
  readonly firstRetryMs: number;
  readonly retryCapMs: number;
  /** All attempts together, if that is less than the rest of the run. */
  readonly inAllMs?: number;
}

/** Each retry waits twice as long as the one before, up to the cap. */
export const BACKOFF_COEFFICIENT = 2;

/** Time after which Temporal detects a dead worker. */
const HEARTBEAT_MS = 10 * SECOND_MS;
/** Shorter attempts need no heartbeat: their own timeout ends them soon enough. */
const SHORTEST_WITH_HEARTBEAT_MS = 20 * SECOND_MS;

/** A failing step delays the healthy parts of a run for at most this long. */
const FIRST_ATTEMPT_MS = 10 * SECOND_MS;

export const ACTIVITY_LIMITS: Readonly<Record<StepName, ActivityLimits>> = {
  // Reads a file, which is slow only when the disk fails.
  planRefresh: {
    attemptMs: 10 * SECOND_MS,
    firstAttemptMs: 10 * SECOND_MS,
    firstRetryMs: SECOND_MS,
    retryCapMs: 10 * SECOND_MS,
  },
  // An Airflow API server under load needs up to 3 s for a response, and others use it, too.
  inspectConnections: {
    attemptMs: 2 * MINUTE_MS,
    firstAttemptMs: FIRST_ATTEMPT_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  // Throttling ends within seconds, so the first retries follow quickly; outages last longer, so later retries are far
  // apart. Two minutes, because helpers for AWS credentials (SSO, aws-vault) may take 90 s.
  extractToken: {
    attemptMs: 2 * MINUTE_MS,
    firstAttemptMs: FIRST_ATTEMPT_MS,
    firstRetryMs: 2 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  updateConnections: {
    attemptMs: 2 * MINUTE_MS,
    firstAttemptMs: FIRST_ATTEMPT_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  // The connections are already refreshed: a test that did not succeed within 15 minutes is unlikely to succeed later.
  testDocker: {
    attemptMs: MINUTE_MS,
    firstAttemptMs: MINUTE_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
    inAllMs: 15 * MINUTE_MS,
  },
};

/** Concurrent logins from one Docker Engine: each makes a few requests to a registry, of up to 15 s each. */
export const LOGINS_PER_ENGINE = 10;

/** The time limits of a run. Points in time are in milliseconds since the epoch. */
export interface RunBounds {
  /** No retry starts after this. */
  readonly deadlineMs: number;
  /** When Temporal ends the run, without a report; infinite when it does not. */
  readonly endsMs: number;
  /** Milliseconds for which the run retries; infinite when the limits of the table always apply. */
  readonly retryForMs: number;
}

export interface CallLimits {
  readonly startToCloseMs: number;
  readonly scheduleToCloseMs: number;
  /** Absent for attempts that are too short to need a heartbeat. */
  readonly heartbeatMs?: number;
  /** Wait before the second attempt of this call. */
  readonly firstRetryMs: number;
  readonly retryCapMs: number;
  readonly maximumAttempts?: number;
}

/** Time reserved at the end of a run for its report. */
const REPORT_RESERVE_MS = 10 * SECOND_MS;

/** A run that retries for less makes one attempt per step, with the table's limits. No schedule starts such a run. */
const SHORTEST_RETRY_FOR_MS = 100 * SECOND_MS;

/** The limits of a step, scaled to the run: every step has time for two retries, even in a short run. */
export function scaleLimits(step: StepName, retryForMs: number): ActivityLimits {
  const table = ACTIVITY_LIMITS[step];
  if (!(retryForMs >= SHORTEST_RETRY_FOR_MS)) return table;
  return {
    ...table,
    attemptMs: Math.min(table.attemptMs, Math.floor(retryForMs / 25)),
    firstAttemptMs: Math.min(table.firstAttemptMs, Math.floor(retryForMs / 25)),
    firstRetryMs: Math.min(table.firstRetryMs, Math.floor(retryForMs / 100)),
  };
}

/** The limits of a call that starts now; undefined when there is no time for a single attempt. */
export function limitsNow(
  step: StepName,
  { attemptsBefore }: StepCall,
  nowMs: number,
  run: RunBounds,
): CallLimits | undefined {
  const scaled = scaleLimits(step, run.retryForMs);
  const isFirst = attemptsBefore === 0;
  const startToCloseMs = isFirst ? scaled.firstAttemptMs : scaled.attemptMs;
  const limits = {
    startToCloseMs,
    ...(startToCloseMs < SHORTEST_WITH_HEARTBEAT_MS ? {} : { heartbeatMs: HEARTBEAT_MS }),
    firstRetryMs: backoffMs(step, attemptsBefore + 1, run.retryForMs),
    retryCapMs: scaled.retryCapMs,
  };
  const leftMs = Math.floor(Math.min(run.deadlineMs - nowMs, scaled.inAllMs ?? Infinity));
  if (leftMs >= startToCloseMs) {
    return {
      ...limits,
      scheduleToCloseMs: leftMs,
      ...(isFirst ? { maximumAttempts: 1 } : {}),
    };
  }
  if (nowMs + startToCloseMs + REPORT_RESERVE_MS > run.endsMs) return undefined;
  return { ...limits, scheduleToCloseMs: startToCloseMs, maximumAttempts: 1 };
}

/**
 * The deadline of a run: `retryFor` after its first workflow task, but early enough that the run can report before
 * Temporal ends it. A run may wait long for a worker, and its execution timeout includes that wait.
 */
export function runBounds(firstTaskMs: number, retryForMs: number, endsMs: number): RunBounds {
  const reserveMs = Math.min(5 * MINUTE_MS, Math.max(0, endsMs - firstTaskMs) / 4);
  return { deadlineMs: Math.min(firstTaskMs + retryForMs, endsMs - reserveMs), endsMs, retryForMs };
}

/**
 * Milliseconds to wait between the failed attempt number `attempt` (from 1) and the next; undefined when a retry within
 * the run cannot help.
 */
export function waitBeforeRetryMs(
  type: FailureType,
  step: StepName,
  attempt: number,
  retryForMs: number,
): number | undefined {
  const { retryable, retryAfterMinutes } = failureEntry(type);
  if (!retryable) return undefined;
  return retryAfterMinutes === undefined
    ? backoffMs(step, attempt, retryForMs)
    : retryAfterMinutes * MINUTE_MS;
}

/** Wait between attempt number `attempt` (from 1) and the next, by the retry policy of the step. */
export function backoffMs(step: StepName, attempt: number, retryForMs: number): number {
  const { firstRetryMs, retryCapMs } = scaleLimits(step, retryForMs);
  return Math.min(firstRetryMs * BACKOFF_COEFFICIENT ** (attempt - 1), retryCapMs);
}

// Time limits and retry policies of the five activities, and the arithmetic that keeps every call within the run's one
// deadline. No limit is ever zero or negative: Temporal takes 0 as "no limit".
import type { StepCall, StepName } from './activity-types.js';
import { failureEntry, type FailureType } from './failures.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export interface ActivityLimits {
  /** One attempt, from its start on a worker. */
  readonly attemptMs: number;
  /** The first attempt, which holds a place within the limits of concurrency. */
  readonly firstAttemptMs: number;
  readonly firstRetryMs: number;
  readonly retryCapMs: number;
  /** All attempts together, where that is less than what is left of the run. */
  readonly inAllMs?: number;
}

/** Each retry waits twice as long as the one before, up to the cap. */
export const BACKOFF_COEFFICIENT = 2;

/** A dead worker is noticed after this long. */
const HEARTBEAT_MS = 10 * SECOND_MS;
/** Shorter attempts need no heartbeat: their own limit ends them as soon. */
const SHORTEST_WITH_HEARTBEAT_MS = 20 * SECOND_MS;

/** The healthy parts of a run wait for a place no longer than this. */
const FIRST_ATTEMPT_MS = 10 * SECOND_MS;

export const ACTIVITY_LIMITS: Readonly<Record<StepName, ActivityLimits>> = {
  // Reads a file: slow only when the disk fails.
  planRefresh: {
    attemptMs: 10 * SECOND_MS,
    firstAttemptMs: 10 * SECOND_MS,
    firstRetryMs: SECOND_MS,
    retryCapMs: 10 * SECOND_MS,
  },
  // Airflow: an API server under load needs up to 3 s for a response, and it is shared.
  inspectConnections: {
    attemptMs: 2 * MINUTE_MS,
    firstAttemptMs: FIRST_ATTEMPT_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
  },
  // ECR: throttling passes within seconds, so retries start early; outages do not, so they end up far apart. Two minutes,
  // since helpers for AWS credentials (SSO, aws-vault) may take 90 s.
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
  // By now the connections are refreshed: what a test does not show within 15 minutes, more attempts will not show either.
  testDocker: {
    attemptMs: MINUTE_MS,
    firstAttemptMs: MINUTE_MS,
    firstRetryMs: 5 * SECOND_MS,
    retryCapMs: 5 * MINUTE_MS,
    inAllMs: 15 * MINUTE_MS,
  },
};

/** Logins from one Docker Engine at once: each is a handful of its requests to a registry, of up to 15 s each. */
export const LOGINS_PER_ENGINE = 10;

/** The times that bound a run, in milliseconds of the epoch. */
export interface RunBounds {
  /** No retry starts after this. */
  readonly deadlineMs: number;
  /** Temporal ends the run here, and its report with it; infinite where nothing does. */
  readonly endsMs: number;
  /** Milliseconds for which a run retries; infinite where the limits of the table apply whatever is left. */
  readonly retryForMs: number;
}

export interface CallLimits {
  readonly startToCloseMs: number;
  readonly scheduleToCloseMs: number;
  /** Absent for attempts that are too short to need one. */
  readonly heartbeatMs?: number;
  /** Before the second attempt of this call. */
  readonly firstRetryMs: number;
  readonly retryCapMs: number;
  readonly maximumAttempts?: number;
}

/** Time kept free at the end of a run for its report. */
const REPORT_RESERVE_MS = 10 * SECOND_MS;

/** A run that retries for less has one attempt of each step, with the limits of the table. No schedule makes such a run. */
const SHORTEST_RETRY_FOR_MS = 100 * SECOND_MS;

/** The limits of a step in a run that retries for so long: every step has room for two retries, however short the run. */
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

/** What a call may take now; undefined when not even one attempt ends before the run does. */
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
 * The deadline of a run: `retryFor` after its first workflow task, but never so late that Temporal would end the
 * run before it could report. A run may wait long for a worker while its execution timeout counts.
 */
export function runBounds(firstTaskMs: number, retryForMs: number, endsMs: number): RunBounds {
  const reserveMs = Math.min(5 * MINUTE_MS, Math.max(0, endsMs - firstTaskMs) / 4);
  return { deadlineMs: Math.min(firstTaskMs + retryForMs, endsMs - reserveMs), endsMs, retryForMs };
}

/**
 * Milliseconds to wait after attempt number `attempt` (from 1) failed, before the next; undefined when a retry within the
 * run cannot help.
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

/** Wait before the attempt that follows attempt number `attempt` (from 1), by the step's own retry policy. */
export function backoffMs(step: StepName, attempt: number, retryForMs: number): number {
  const { firstRetryMs, retryCapMs } = scaleLimits(step, retryForMs);
  return Math.min(firstRetryMs * BACKOFF_COEFFICIENT ** (attempt - 1), retryCapMs);
}

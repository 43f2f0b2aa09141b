// Calls the activities in this process with the same limits and retry policies, but without Temporal, so that
// `refresh-once` works during an outage of Temporal.
import { setTimeout as delay } from 'node:timers/promises';
import { withAttemptLimit } from '../activities/attempt-deadline.js';
import type { RefreshActivities } from '../activities/index.js';
import { isRefreshFailure } from '../log/redact-error.js';
import { describeUnexpected } from '../log/unexpected-error.js';
import { ACTIVITY_LIMITS, waitBeforeRetryMs } from '../refresh/activity-limits.js';
import type { RefreshSteps, StepCall, StepName } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { describeFailure, type FailureInfo } from '../refresh/failures.js';

export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  wait(ms: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = { nowMs: Date.now, wait: (ms) => delay(ms) };

/** The limits of the table apply to runs of any length. */
export const RETRY_FOR_MS = Infinity;

type CallInAttempt<T> = (attempt: Attempt) => Promise<T>;

/**
 * @param runId key of the run's tokens
 * @param runDeadlineMs end of retries, in milliseconds since the epoch
 */
export function createInProcessSteps(
  activities: RefreshActivities,
  runId: string,
  runDeadlineMs: number,
  clock: Clock = SYSTEM_CLOCK,
): RefreshSteps {
  function call<T>(step: StepName, how: StepCall, run: CallInAttempt<T>): Promise<T> {
    const { inAllMs = Infinity, firstAttemptMs: limitMs } = ACTIVITY_LIMITS[step];
    const deadlineMs = Math.min(runDeadlineMs, clock.nowMs() + inAllMs);
    if (how.attemptsBefore === 0) return callOnce(step, run, { runId, deadlineMs, number: 1, limitMs });
    return callWithRetries(step, how, run, { runId, deadlineMs, clock });
  }
  return {
    planRefresh: (how) => call('planRefresh', how, (attempt) => activities.planRefresh(attempt)),
    inspectConnections: (input, how) =>
      call('inspectConnections', how, (attempt) => activities.inspectConnections(attempt, input)),
    extractToken: (input, how) =>
      call('extractToken', how, (attempt) => activities.extractToken(attempt, input)),
    updateConnections: (input, how) =>
      call('updateConnections', how, (attempt) => activities.updateConnections(attempt, input)),
    testDocker: (input, how) => call('testDocker', how, (attempt) => activities.testDocker(attempt, input)),
  };
}

function callOnce<T>(step: StepName, run: CallInAttempt<T>, attempt: Omit<Attempt, 'signal'>): Promise<T> {
  return withAttemptLimit(step, attempt.limitMs, (signal) => run({ ...attempt, signal }));
}

interface Retries {
  readonly runId: string;
  /** Milliseconds since the epoch. */
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** Retries like Temporal: makes the first attempt immediately, and each further attempt after its back-off. */
async function callWithRetries<T>(
  step: StepName,
  { attemptsBefore }: StepCall,
  run: CallInAttempt<T>,
  { runId, deadlineMs, clock }: Retries,
): Promise<T> {
  const { attemptMs: limitMs } = ACTIVITY_LIMITS[step];
  for (let number = 1; ; number += 1) {
    try {
      return await callOnce(step, run, { runId, deadlineMs, number, limitMs });
    } catch (error) {
      // Any other error is a bug or a fault of this machine, which a retry does not fix.
      const waitMs = isRefreshFailure(error)
        ? waitBeforeRetryMs(error.type, step, attemptsBefore + number, RETRY_FOR_MS)
        : undefined;
      if (waitMs === undefined || clock.nowMs() + waitMs >= deadlineMs) throw error;
      await clock.wait(waitMs);
    }
  }
}

/** Describes an error that a step threw. For an error that is not ours, only class, code and causes are shown. */
export function toFailureInfo(error: unknown): FailureInfo {
  if (isRefreshFailure(error)) {
    const { type, scope, message, remedy, connections } = error;
    return { type, scope, message, remedy, ...(connections === undefined ? {} : { connections }) };
  }
  const { message, remedy } = describeUnexpected(error);
  return { ...describeFailure('Unexpected', message), remedy };
}

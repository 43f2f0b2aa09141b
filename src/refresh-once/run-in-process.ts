// Owns the calling of activities in this process, without Temporal, with the same limits and retry ladders: what
// `refresh-once` is for when Temporal is what is broken.
import { setTimeout as delay } from 'node:timers/promises';
import { withAttemptLimit } from '../activities/attempt-deadline.js';
import type { Attempt } from '../refresh/attempt.js';
import type { RefreshActivities } from '../activities/index.js';
import { ACTIVITY_LIMITS, waitBeforeRetryMs } from '../refresh/activity-limits.js';
import { FAILURES } from '../refresh/failures.js';
import type { StepFailure } from '../refresh/flow.js';
import type { RefreshSteps, StepName } from '../refresh/activity-types.js';
import { isRefreshFailure, errorClassName } from '../log/redact-error.js';

export interface Clock {
  /** Milliseconds of the epoch. */
  nowMs(): number;
  wait(ms: number): Promise<void>;
}

const SYSTEM_CLOCK: Clock = { nowMs: Date.now, wait: (ms) => delay(ms) };

/** @param runId key of the run's tokens; @param runDeadlineMs until when failures are tried again, of the epoch */
export function createInProcessSteps(
  activities: RefreshActivities,
  runId: string,
  runDeadlineMs: number,
  clock: Clock = SYSTEM_CLOCK,
): RefreshSteps {
  function call<T>(step: StepName, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    const { inAllMs = Infinity } = ACTIVITY_LIMITS[step];
    const deadlineMs = Math.min(runDeadlineMs, clock.nowMs() + inAllMs);
    return callWithRetries(step, run, runId, deadlineMs, clock);
  }
  return {
    planRefresh: () => call('planRefresh', (attempt) => activities.planRefresh(attempt)),
    inspectConnections: (input) =>
      call('inspectConnections', (attempt) => activities.inspectConnections(attempt, input)),
    extractToken: (input) => call('extractToken', (attempt) => activities.extractToken(attempt, input)),
    updateConnections: (input) =>
      call('updateConnections', (attempt) => activities.updateConnections(attempt, input)),
    testDocker: (input) => call('testDocker', (attempt) => activities.testDocker(attempt, input)),
  };
}

/** The first attempt is made even when the deadline has passed: what it finds out is worth more than the time. */
async function callWithRetries<T>(
  step: StepName,
  run: (attempt: Attempt) => Promise<T>,
  runId: string,
  deadlineMs: number,
  clock: Clock,
): Promise<T> {
  let noted: unknown;
  const note = (progress: object): void => {
    noted = progress;
  };
  for (let number = 1; ; number += 1) {
    try {
      return await withAttemptLimit(step, ACTIVITY_LIMITS[step].startToCloseMs, (signal) =>
        run({ runId, deadlineMs, number, signal, noted, note }),
      );
    } catch (error) {
      // A foreign error is a defect, and no attempt mends it.
      const waitMs = isRefreshFailure(error) ? waitBeforeRetryMs(error.type, step, number) : undefined;
      if (waitMs === undefined || clock.nowMs() + waitMs >= deadlineMs) throw error;
      await clock.wait(waitMs);
    }
  }
}

/** What a step threw, in words that may be shown: of a foreign error only that there was one. */
export function toStepFailure(error: unknown): StepFailure {
  if (isRefreshFailure(error)) {
    const { type, scope, message, remedy, progress } = error;
    return { type, scope, message, remedy, ...(progress === undefined ? {} : { progress }) };
  }
  const { scope, remedy } = FAILURES.Unexpected;
  return { type: 'Unexpected', scope, message: `${errorClassName(error)}.`, remedy };
}

// Owns the calling of activities in this process, without Temporal, with the same limits and retry ladders: what
// `refresh-once` is for when Temporal is what is broken.
import { setTimeout as delay } from 'node:timers/promises';
import type { Attempt } from './activities/attempt.js';
import type { RefreshActivities } from './activities/index.js';
import { backoffMs, limitsNow, type RunTimes } from './domain/activity-limits.js';
import { failureEntry, FAILURES, RefreshFailure } from './domain/failures.js';
import type { FailureFacts } from './domain/run-record.js';
import type { RefreshSteps, StepName } from './domain/steps.js';

/** @param runId key of the run's tokens; @param times bounds of the run in milliseconds of the epoch */
export function directSteps(activities: RefreshActivities, runId: string, times: RunTimes): RefreshSteps {
  function call<T>(step: StepName, run: (attempt: Attempt) => Promise<T>): Promise<T> {
    return callWithRetries(step, run, runId, times);
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

async function callWithRetries<T>(
  step: StepName,
  run: (attempt: Attempt) => Promise<T>,
  runId: string,
  times: RunTimes,
): Promise<T> {
  for (let number = 1; ; number += 1) {
    const limits = limitsNow(step, Date.now(), times);
    const limitMs = limits?.startToCloseMs ?? 1;
    try {
      return await run({ runId, number, signal: AbortSignal.timeout(limitMs) });
    } catch (error) {
      const waitMs = waitBeforeRetry(error, step, number);
      if (waitMs === undefined || Date.now() + waitMs >= times.deadlineMs) throw error;
      await delay(waitMs);
    }
  }
}

/** Milliseconds to wait; undefined when trying again cannot help. */
function waitBeforeRetry(error: unknown, step: StepName, number: number): number | undefined {
  if (!(error instanceof RefreshFailure)) return undefined;
  const { retryable, retryAfterMinutes } = failureEntry(error.type);
  if (!retryable) return undefined;
  return retryAfterMinutes === undefined ? backoffMs(step, number) : retryAfterMinutes * 60_000;
}

/** What a step threw, in words that may be shown: of a foreign error only that there was one. */
export function describeDirectError(error: unknown): FailureFacts {
  if (error instanceof RefreshFailure)
    return { type: error.type, message: error.message, remedy: error.remedy };
  const name = error instanceof Error ? error.constructor.name : 'a thrown value';
  return { type: 'Unexpected', message: `Unexpected ${name}.`, remedy: FAILURES.Unexpected.remedy };
}

// Maps the error of an activity to a failure of the catalogue.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import { describeFailure, parseFailure, RefreshFailure, type FailureInfo } from '../refresh/failures.js';
import type { StepName } from '../refresh/activity-types.js';

/** Temporal's SDK uses this type when a worker stops before its activity has ended. */
const WORKER_SHUTDOWN = 'WorkerShutdown';

/** The step was not scheduled: there is not enough time left in the run for one attempt. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
  readonly step: StepName;

  constructor(step: StepName) {
    super(`No time was left for ${step}.`);
    this.step = step;
  }
}

/**
 * @param isRunCanceled whether the run itself was canceled: anyone who can complete an activity can report one
 * @throws the error itself if it is the cancellation of the run or not from an activity
 */
export function describeStepError(error: unknown, isRunCanceled: boolean): FailureInfo {
  if (error instanceof OutOfTime) return describeFailure('RunOutOfTime', error.message);
  if (error instanceof RefreshFailure) return describeFailure(error.type, error.message);
  if ((isRunCanceled && isCancellation(error)) || !(error instanceof ActivityFailure)) throw error;
  const { cause, activityType } = error;
  const known = cause instanceof ApplicationFailure ? toInfo(cause) : undefined;
  if (known) return known;
  if (cause instanceof ApplicationFailure && cause.type === WORKER_SHUTDOWN) {
    return describeFailure('AttemptTimedOut', `${activityType} ended because its worker was stopped.`);
  }
  if (cause instanceof TimeoutFailure) return toTimeoutInfo(cause, activityType);
  return describeFailure('Unexpected', `${activityType} failed with an unknown error type.`);
}

/** If Temporal knows the last failure before a timeout, that failure is the useful one. */
function toTimeoutInfo({ cause: real, timeoutType }: TimeoutFailure, activityType: string): FailureInfo {
  const known = real instanceof ApplicationFailure ? toInfo(real) : undefined;
  if (known) return known;
  return describeFailure('AttemptTimedOut', `${activityType} timed out (${timeoutType}).`);
}

function toInfo({ type, message, details }: ApplicationFailure): FailureInfo | undefined {
  return parseFailure(type ?? '', message, details?.[0]);
}

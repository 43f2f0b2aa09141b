// What a scheduled activity ended with, as a failure of the catalogue.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import {
  describeFailure,
  isFailureType,
  isScope,
  type FailureInfo,
  type FailureType,
} from '../refresh/failures.js';
import type { StepName } from '../refresh/activity-types.js';

/** By which Temporal's SDK reports an activity that a worker left when it was stopped. */
const WORKER_SHUTDOWN = 'WorkerShutdown';

/** The step was not scheduled: not even one attempt would have ended before the run does. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
  readonly step: StepName;

  constructor(step: StepName) {
    super(`No time was left for ${step}.`);
    this.step = step;
  }
}

/** @throws the error itself when it is a cancellation, or not of an activity */
export function describeStepError(error: unknown): FailureInfo {
  if (error instanceof OutOfTime) return describeFailure('RunOutOfTime', error.message);
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause, activityType } = error;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type ?? '')) {
    return toInfo(cause);
  }
  if (cause instanceof ApplicationFailure && cause.type === WORKER_SHUTDOWN) {
    return describeFailure('AttemptTimedOut', `${activityType} ended because its worker was stopped.`);
  }
  if (cause instanceof TimeoutFailure) return toTimeoutInfo(cause, activityType);
  return describeFailure('Unexpected', `${activityType} failed in a way that is not in the catalogue.`);
}

/** A timeout carries the last failure where Temporal knows it: that is what a person needs. */
function toTimeoutInfo({ cause: real, timeoutType }: TimeoutFailure, activityType: string): FailureInfo {
  if (real instanceof ApplicationFailure && isFailureType(real.type ?? '')) {
    return toInfo(real);
  }
  return describeFailure('AttemptTimedOut', `${activityType} ended without an answer (${timeoutType}).`);
}

function toInfo(failure: ApplicationFailure): FailureInfo {
  const { remedy, scope, connections } = getDetail(failure) ?? {};
  const usual = describeFailure(failure.type as FailureType, failure.message);
  return {
    ...usual,
    ...(isScope(scope) ? { scope } : {}),
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(isTexts(connections) ? { connections } : {}),
  };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

/** What the interceptor of activities adds to type and message. */
function getDetail({ details }: ApplicationFailure): FailureDetail | null | undefined {
  return details?.[0] as FailureDetail | null | undefined;
}

interface FailureDetail {
  readonly remedy?: unknown;
  readonly scope?: unknown;
  readonly connections?: unknown;
}

// Owns the reading of what a scheduled activity ended with: a failure of the catalogue, a time-out, or a
// cancellation, which is no failure of the step and goes on as it is.
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { isCancellation } from '@temporalio/workflow';
import { FAILURES, isFailureType, type FailureType } from '../domain/failures.js';
import type { FailureFacts } from '../domain/run-record.js';
import type { StepName } from '../domain/steps.js';

/** The step was not scheduled: not even one attempt would have ended before the run does. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
  readonly step: StepName;

  constructor(step: StepName) {
    super(`No time was left for ${step}.`);
    this.step = step;
  }
}

/** @throws the error itself when it is a cancellation, or none of an activity */
export function describeStepError(error: unknown): FailureFacts {
  if (error instanceof OutOfTime) return facts('RunOutOfTime', error.message);
  if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
  const { cause, activityType } = error;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type ?? '')) {
    return facts(cause.type as FailureType, cause.message, remedyOf(cause));
  }
  if (cause instanceof TimeoutFailure) {
    const real = cause.cause;
    // Time-outs carry the last failure where Temporal knows it: that is what a person needs.
    if (real instanceof ApplicationFailure && isFailureType(real.type ?? '')) {
      return facts(real.type as FailureType, real.message, remedyOf(real));
    }
    return facts('AttemptTimedOut', `${activityType} ended without an answer (${cause.timeoutType}).`);
  }
  return facts('Unexpected', `${activityType} failed in a way that is not in the catalogue.`);
}

function facts(type: FailureType, message: string, remedy?: string): FailureFacts {
  return { type, message, remedy: remedy ?? FAILURES[type].remedy };
}

function remedyOf(failure: ApplicationFailure): string | undefined {
  const detail = failure.details?.[0] as { remedy?: unknown } | undefined;
  return typeof detail?.remedy === 'string' ? detail.remedy : undefined;
}

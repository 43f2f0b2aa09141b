// Converts errors of activities into Temporal failures. Nothing else of an error enters the history: messages, causes,
// details and stacks of foreign errors may quote bodies, headers and tokens.
import { CancelledFailure, type Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { failureEntry, RefreshFailure } from '../refresh/failures.js';
import { MAX_CHARS, toSafeText } from '../refresh/safe-text.js';
import type { Logger } from '../log/logger.js';
import { framesForLog, identifyError, isRefreshFailure } from '../log/redact-error.js';
import { describeUnexpected } from '../log/unexpected-error.js';
import { retriesTimeLeftMs } from './attempt-deadline.js';

/** Time that an attempt needs to start, in addition to its back-off. */
const START_RESERVE_MS = 2000;

export function failureInterceptor(logger: Logger): (context: Context) => {
  inbound: ActivityInboundCallsInterceptor;
} {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const startedMs = performance.now();
        try {
          return await next(input);
        } catch (error) {
          throw toTemporalFailure(error, context, performance.now() - startedMs, logger);
        }
      },
    },
  });
}

function toTemporalFailure(error: unknown, context: Context, elapsedMs: number, logger: Logger): Error {
  const { info, cancellationSignal } = context;
  const { reason } = cancellationSignal as { reason: unknown };
  // When the attempt was cancelled, the error of its aborted request does not matter.
  if (reason instanceof CancelledFailure) return withoutStack(reason);
  const failure = asRefreshFailure(error, info.activityType, logger);
  const { retryable, retryAfterMinutes } = failureEntry(failure.type);
  const slowMs = retryAfterMinutes === undefined ? undefined : retryAfterMinutes * 60_000;
  const waitMs = slowMs ?? backoffOfPolicyMs(info);
  const fits = retryable && retriesTimeLeftMs(info, elapsedMs) > waitMs + START_RESERVE_MS;
  const reported = ApplicationFailure.create({
    type: failure.type,
    message: toSafeText(failure.message, MAX_CHARS.message),
    // A retry that does not fit would time out, and this cause would be lost.
    nonRetryable: !fits,
    details: [
      {
        remedy: failure.remedy,
        scope: failure.scope,
        ...(failure.connections === undefined ? {} : { connections: failure.connections }),
      },
    ],
    // For other failures the retry policy decides.
    ...(fits && slowMs !== undefined ? { nextRetryDelay: slowMs } : {}),
  });
  return withoutStack(reported);
}

/** Milliseconds before the next attempt, by the retry policy of the activity. */
function backoffOfPolicyMs({ retryPolicy, attempt }: Context['info']): number {
  const { initialInterval, maximumInterval, backoffCoefficient = 1 } = retryPolicy ?? {};
  // The workflow sets numbers; the type also allows text.
  const firstMs = typeof initialInterval === 'number' ? initialInterval : 0;
  const capMs = typeof maximumInterval === 'number' ? maximumInterval : Infinity;
  return Math.min(firstMs * backoffCoefficient ** (attempt - 1), capMs);
}

/** A stack would only show where the worker is installed. */
function withoutStack(failure: Error): Error {
  failure.stack = '';
  return failure;
}

/** Never throws: an error in here would enter the history unchecked. */
function asRefreshFailure(error: unknown, activityType: string, logger: Logger): RefreshFailure {
  if (isRefreshFailure(error)) return error;
  const { reason, message, remedy } = describeUnexpected(error, 'worker');
  logger.error(
    { activityType, ...identifyError(error), ...(reason && { reason }), ...framesForLog(error) },
    'activity failed unexpectedly',
  );
  return new RefreshFailure('Unexpected', `${activityType}: ${message}`, remedy);
}

// Owns the way of the Temporal SDK's own log lines into ours. Of an error it keeps name, type and message only where
// the error is one of ours or of Temporal's; the SDK would print it with everything it carries.
import type { ApplicationFailure } from '@temporalio/common';
import type { Logger as SdkLogger, LogLevel as SdkLevel, LogMetadata } from '@temporalio/worker';
import type { Logger } from '../log/logger.js';
import { errorClassName } from '../log/redact-error.js';

/** Runs of the schedule are what people look for: these fields tell which. */
const KEPT_FIELDS = [
  'activityId',
  'activityType',
  'attempt',
  'workflowId',
  'runId',
  'sdkComponent',
  'taskQueue',
];

/**
 * The core's lines on a call that failed: each of some twenty pollers writes one at every further attempt, and its own
 * heartbeat one a minute. Answers that are no, such as one to slow down, come by the same lines with other statuses.
 *
 * The core forwards its log as text alone, the gRPC status within it as Rust's debug format prints it: there is no code
 * to read, and nothing else of an outage reaches this process. If either text changes, the lines stay warnings of the
 * SDK, one for each poller, and `TemporalHealth` hears of no outage; nothing else depends on it.
 * Source: temporalio/sdk-core, `crates/client/src/retry.rs` and `crates/sdk-core/src/worker/heartbeat.rs`.
 */
const CALL_FAILED = /^(gRPC call \w+ retried \d+ times|Network error while sending worker heartbeat)$/;
const NO_ANSWER = /^Status \{ code: (Unavailable|Cancelled|DeadlineExceeded),|\btonic::transport::Error\b/;

/**
 * @param reportNoResponse hears of every call that had no answer, and tells people: the SDK's own lines on them become
 * debug lines. Without it they stay as they are.
 */
export function temporalLogger(logger: Logger, reportNoResponse?: (reason: string) => void): SdkLogger {
  function write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
    message: string,
    meta?: LogMetadata,
  ): void {
    const fields = safeMetadata(meta);
    const reason = reportNoResponse && findNoResponseReason(message, fields);
    if (reason !== undefined) reportNoResponse?.(reason);
    logger[reason === undefined ? level : 'debug'](fields, message);
  }
  return {
    log: (level: SdkLevel, message, meta) =>
      write(level === 'INFO' ? 'debug' : (level.toLowerCase() as Lowercase<SdkLevel>), message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    // The SDK's info lines (bundling, pollers, states) help its developers; the worker says itself when it is up.
    info: (message, meta) => write('debug', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}

function findNoResponseReason(message: string, fields: Record<string, unknown>): string | undefined {
  const { sdkComponent, reason } = fields;
  if (sdkComponent !== 'core' || typeof reason !== 'string') return undefined;
  return CALL_FAILED.test(message) && NO_ANSWER.test(reason) ? reason : undefined;
}

function safeMetadata(meta: LogMetadata = {}): Record<string, unknown> {
  const kept = Object.fromEntries(KEPT_FIELDS.filter((key) => key in meta).map((key) => [key, meta[key]]));
  const { error } = meta as { error?: unknown };
  return error === undefined || error === null ? kept : { ...kept, ...safeError(error, meta) };
}

/**
 * An ApplicationFailure has passed the activity interceptor or was made by the workflow: type and message are
 * written from safe parts alone. By name, since one from the workflow's sandbox is of another realm. The sandbox
 * passes its errors on without their class, but whatever is thrown in a workflow is safe: it holds no secret. So are
 * the texts of the SDK's core, which speak of its connection to Temporal.
 */
function safeError(error: unknown, meta: LogMetadata): Record<string, unknown> {
  try {
    const { name, type, message } = error as Partial<ApplicationFailure>;
    if (name === 'ApplicationFailure') return { failure: type, reason: message };
    const isOfWorkflow = 'workflowId' in meta && !('activityId' in meta);
    if (isOfWorkflow && error instanceof Error) return { reason: error.message };
    if (meta['sdkComponent'] === 'core' && typeof error === 'string') return { reason: error };
  } catch {
    // A logger must not throw, whatever it is given.
  }
  return { error: errorClassName(error) };
}

// Passes log lines of the Temporal SDK to our logger. Type and message of an error are kept only if the error is ours
// or Temporal's: the SDK would print the error with all its properties.
import type { ApplicationFailure } from '@temporalio/common';
import type { Logger as SdkLogger, LogLevel as SdkLevel, LogMetadata } from '@temporalio/worker';
import type { Logger } from '../log/logger.js';
import { errorClassName } from '../log/redact-error.js';

/** These fields identify the run of a log line. */
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
 * The lines of the SDK core for a failed call: each of about twenty pollers logs one per further attempt, and the
 * heartbeat one per minute. Error responses, such as throttling, use the same lines with another status.
 *
 * The core forwards its log only as text, with the gRPC status in Rust's debug format: no status code is available, and
 * nothing else reports an outage to this process. If a text changes, the lines stay warnings of the SDK, one per
 * poller, and `TemporalHealth` does not notice outages; nothing else depends on it. Source: temporalio/sdk-core,
 * `crates/client/src/retry.rs` and `crates/sdk-core/src/worker/heartbeat.rs`.
 */
const CALL_FAILED = /^(gRPC call \w+ retried \d+ times|Network error while sending worker heartbeat)$/;
const NO_RESPONSE = /^Status \{ code: (Unavailable|Cancelled|DeadlineExceeded),|\btonic::transport::Error\b/;

/**
 * @param reportNoResponse called for each call without a response. The SDK's lines for these calls are then logged at
 * debug level; without this parameter their level is unchanged.
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
    const isKnown = reason !== undefined || isFailedRun(message, fields);
    logger[isKnown ? 'debug' : level](fields, message);
  }
  return {
    log: (level: SdkLevel, message, meta) =>
      write(level === 'INFO' ? 'debug' : (level.toLowerCase() as Lowercase<SdkLevel>), message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    // The SDK's info lines (bundling, pollers, states) are for its developers; the worker logs its own start.
    info: (message, meta) => write('debug', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}

/**
 * The worker logs the end of a run itself, with its counts. The type of the failure is lost on its way out of the
 * workflow's thread; if the text changes, a failed run has two lines.
 */
function isFailedRun(message: string, fields: Record<string, unknown>): boolean {
  return message === 'Workflow failed' && fields['sdkComponent'] === 'worker';
}

function findNoResponseReason(message: string, fields: Record<string, unknown>): string | undefined {
  const { sdkComponent, reason } = fields;
  if (sdkComponent !== 'core' || typeof reason !== 'string') return undefined;
  return CALL_FAILED.test(message) && NO_RESPONSE.test(reason) ? reason : undefined;
}

function safeMetadata(meta: LogMetadata = {}): Record<string, unknown> {
  const kept = Object.fromEntries(KEPT_FIELDS.filter((key) => key in meta).map((key) => [key, meta[key]]));
  const { error } = meta as { error?: unknown };
  return error === undefined || error === null ? kept : { ...kept, ...safeError(error, meta) };
}

/**
 * An ApplicationFailure comes from the activity interceptor or the workflow, and its type and message contain no
 * secret. It is recognized by name, because the workflow sandbox has its own classes. Other errors of the sandbox have
 * no class, but workflows hold no secrets. The texts of the SDK core are safe as well: they describe its connection to
 * Temporal.
 */
function safeError(error: unknown, meta: LogMetadata): Record<string, unknown> {
  try {
    const { name, type, message } = error as Partial<ApplicationFailure>;
    if (name === 'ApplicationFailure') return { failure: type, reason: message };
    const isOfWorkflow = 'workflowId' in meta && !('activityId' in meta);
    if (isOfWorkflow && error instanceof Error) return { reason: error.message };
    if (meta['sdkComponent'] === 'core' && typeof error === 'string') return { reason: error };
  } catch {
    // A logger must never throw.
  }
  return { error: errorClassName(error) };
}

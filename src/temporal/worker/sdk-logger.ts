// Passes log lines of the Temporal SDK to our logger. Type and message of an error are kept only if the error is ours
// or Temporal's: the SDK would print the error with all its properties.
import type { ApplicationFailure } from '@temporalio/common';
import type { Logger as SdkLogger, LogLevel as SdkLevel, LogMetadata } from '@temporalio/worker';
import { parseFailure } from '../../refresh/failures.js';
import type { Logger } from '../../log/logger.js';
import { errorClassName } from '../../log/redact-error.js';
import type { FailedCall } from './health.js';

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
const CALL_FAILED = /^gRPC call \w+ retried \d+ times$/;
/** Whatever the server answers: about twenty pollers retry for as long as it does. */
const POLL_FAILED = /^gRPC call poll_\w+ retried \d+ times$/;
const HEARTBEAT_FAILED = 'Network error while sending worker heartbeat';
const NO_RESPONSE = /^Status \{ code: (Unavailable|Cancelled|DeadlineExceeded),|\btonic::transport::Error\b/;

const POLL_REFUSED = /^(Error while polling for \w+ tasks$|Workflow processing encountered fatal error)/;

export interface SdkEvents {
  /** A call got no response, or a poll failed. The SDK's lines for these calls are then logged at debug level. */
  readonly onFailedCall?: (call: FailedCall) => void;
  /** The worker has failed with this error. The line about it is then logged at debug level. */
  readonly onWorkerError?: (error: unknown) => void;
  /** For texts of the SDK core, which may quote what a server or proxy returned. */
  readonly removeSecrets?: (text: string) => string;
}

export function temporalLogger(
  logger: Logger,
  { onFailedCall, onWorkerError, removeSecrets = (text) => text }: SdkEvents = {},
): SdkLogger {
  function write(
    level: 'trace' | 'debug' | 'info' | 'warn' | 'error',
    message: string,
    meta?: LogMetadata,
  ): void {
    const fields = safeMetadata(meta);
    if (typeof fields['reason'] === 'string') fields['reason'] = removeSecrets(fields['reason']);
    const failedCall = onFailedCall && findFailedCall(message, fields);
    if (failedCall) onFailedCall?.(failedCall);
    const workerError = onWorkerError && level === 'error' ? findWorkerError(meta) : undefined;
    if (workerError !== undefined) onWorkerError?.(workerError);
    const isKnown =
      failedCall !== undefined ||
      workerError !== undefined ||
      isFailedRun(message, fields) ||
      (onWorkerError !== undefined && isRefusedPoll(message, fields));
    logger[isKnown ? 'debug' : level](fields, removeSecrets(message));
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

/** The worker reports why it ends in one line of its own; if a text changes, there are more lines. */
function isRefusedPoll(message: string, { sdkComponent }: Record<string, unknown>): boolean {
  return sdkComponent === 'core' && POLL_REFUSED.test(message);
}

/** The SDK logs an error of the worker itself, not of an activity or workflow, only when the worker fails. */
function findWorkerError(meta: LogMetadata = {}): unknown {
  const { sdkComponent, workflowId, activityId, error } = meta as Record<string, unknown>;
  if (sdkComponent !== 'worker' || workflowId !== undefined || activityId !== undefined) return undefined;
  return error ?? undefined;
}

function findFailedCall(message: string, fields: Record<string, unknown>): FailedCall | undefined {
  const { sdkComponent, reason } = fields;
  if (sdkComponent !== 'core' || typeof reason !== 'string') return undefined;
  const isPoll = POLL_FAILED.test(message);
  const isFailed =
    isPoll || message === HEARTBEAT_FAILED || (CALL_FAILED.test(message) && NO_RESPONSE.test(reason));
  return isFailed ? { isPoll, reason } : undefined;
}

function safeMetadata(meta: LogMetadata = {}): Record<string, unknown> {
  const kept = Object.fromEntries(KEPT_FIELDS.filter((key) => key in meta).map((key) => [key, meta[key]]));
  const { error } = meta as { error?: unknown };
  return error === undefined || error === null ? kept : { ...kept, ...safeError(error, meta) };
}

/**
 * An ApplicationFailure comes from the activity interceptor or the workflow, and its type, message and remedy contain
 * no secret. It is recognized by name, because the workflow sandbox has its own classes. Other errors of the sandbox have
 * no class, but workflows hold no secrets. The texts of the SDK core are safe as well: they describe its connection to
 * Temporal.
 */
function safeError(error: unknown, meta: LogMetadata): Record<string, unknown> {
  try {
    const { name, type, message = '', details } = error as Partial<ApplicationFailure>;
    if (name === 'ApplicationFailure') {
      const remedy = parseFailure(type ?? '', message, details?.[0])?.remedy;
      return { failure: type, reason: message, ...(remedy !== undefined && { remedy }) };
    }
    const isOfWorkflow = 'workflowId' in meta && !('activityId' in meta);
    if (isOfWorkflow && error instanceof Error) return { reason: error.message };
    if (meta['sdkComponent'] === 'core' && typeof error === 'string') return { reason: error };
  } catch {
    // A logger must never throw.
  }
  return { error: errorClassName(error) };
}

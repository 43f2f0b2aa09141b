// Owns the way of the Temporal SDK's own log lines into ours. Of an error it keeps name, type and message only where
// the error is one of ours or of Temporal's; the SDK would print it with everything it carries.
import { ApplicationFailure } from '@temporalio/common';
import type { Logger as SdkLogger, LogLevel as SdkLevel, LogMetadata } from '@temporalio/worker';
import type { Logger } from './logging.js';

/** Runs of the schedule are what people look for: these fields tell which. */
const KEPT_FIELDS = ['activityId', 'activityType', 'attempt', 'workflowId', 'runId', 'sdkComponent', 'taskQueue'];

export function temporalLogger(logger: Logger): SdkLogger {
  function write(level: 'trace' | 'debug' | 'info' | 'warn' | 'error', message: string, meta?: LogMetadata): void {
    logger[level](safeMetadata(meta), message);
  }
  return {
    log: (level: SdkLevel, message, meta) =>
      write(level.toLowerCase() as Lowercase<SdkLevel>, message, meta),
    trace: (message, meta) => write('trace', message, meta),
    debug: (message, meta) => write('debug', message, meta),
    info: (message, meta) => write('info', message, meta),
    warn: (message, meta) => write('warn', message, meta),
    error: (message, meta) => write('error', message, meta),
  };
}

function safeMetadata(meta: LogMetadata = {}): Record<string, unknown> {
  const kept = Object.fromEntries(KEPT_FIELDS.filter((key) => key in meta).map((key) => [key, meta[key]]));
  const { error } = meta as { error?: unknown };
  return error === undefined ? kept : { ...kept, ...safeError(error) };
}

/** Failures have passed the activity interceptor, which writes type and message from safe parts alone. */
function safeError(error: unknown): Record<string, unknown> {
  if (error instanceof ApplicationFailure) return { failure: error.type, reason: error.message };
  return { error: error instanceof Error ? error.constructor.name : typeof error };
}

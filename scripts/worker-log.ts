// The log of the command `worker`, which also shows why it could not start, or ended.
import { ConfigError, formatPlace } from '../src/config/config-error.js';
import { framesForLog, identifyError } from '../src/log/redact-error.js';
import { describeUnexpected } from '../src/log/unexpected-error.js';
import { createLogger, type Logger } from '../src/log/logger.js';
import type { LogLevel } from '../src/log/log-level.js';
import { isTerminal, startProcessLog } from '../src/log/process-log.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { NativeLibraryMissing } from '../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../src/temporal/settings/settings-error.js';
import { TemporalUnavailable } from '../src/temporal/unavailable.js';
import { WorkerFailed } from '../src/temporal/worker/worker-failed.js';
import { reportErrorsBy } from './command-line.js';
import { SETTING_PROBLEM } from './error-document.js';

export function startWorkerLog(level: LogLevel): Logger {
  const logger = startProcessLog(level);
  // A person at a terminal reads the error as other commands print it.
  if (!isTerminal()) {
    // A worker that ends without any line would leave no cause.
    const last = level === 'silent' ? createLogger('error') : logger;
    reportErrorsBy((error) => logError(last, error));
  }
  return logger;
}

/** One line, or one for each problem of the configuration or of Temporal's settings. */
export function logError(logger: Logger, error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) {
      const { code, message, remedy } = problem;
      const place = formatPlace(error.file, problem);
      logger.error({ code, place, problem: message, remedy }, 'configuration invalid');
    }
  } else if (error instanceof TemporalSettingsInvalid) {
    for (const { setting: place, message: problem, remedy } of error.problems) {
      logger.error({ code: SETTING_PROBLEM, place, problem, remedy }, 'Temporal settings invalid');
    }
  } else if (error instanceof TemporalUnavailable) {
    const { code, message: reason, remedy } = error;
    logger.error({ code, reason, remedy }, 'Temporal unavailable');
  } else if (error instanceof OtherDeployment || error instanceof NativeLibraryMissing) {
    const { code, message: reason, remedy } = error;
    logger.error({ code, reason, remedy }, 'worker not started');
  } else if (error instanceof WorkerFailed) {
    const { code, message: reason, remedy } = error;
    logger.error({ code, reason, remedy }, 'worker failed');
  } else if (error instanceof RefreshFailure) {
    const { type: failure, message: reason, remedy } = error;
    logger.error({ failure, reason, remedy }, 'worker failed');
  } else {
    const { kind, reason, remedy } = describeUnexpected(error, 'worker');
    const fields = { ...identifyError(error), ...(reason && { reason }), remedy, ...framesForLog(error) };
    logger.error(fields, UNEXPECTED[kind]);
  }
}

const UNEXPECTED = {
  environment: 'worker failed: fault of the environment',
  bug: 'worker failed unexpectedly; this is a bug',
  unknown: 'worker failed unexpectedly',
} as const;

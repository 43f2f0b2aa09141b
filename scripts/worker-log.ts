// The log of the command `worker`, which also shows why it could not start, or ended.
import { ConfigError, formatPlace } from '../src/config/config-error.js';
import { errorClassName, safeStackFrames } from '../src/log/redact-error.js';
import { createLogger, type Logger } from '../src/log/logger.js';
import type { LogLevel } from '../src/log/log-level.js';
import { isTerminal, startProcessLog } from '../src/log/process-log.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { TemporalUnavailable } from '../src/temporal/unavailable.js';
import { reportErrorsBy } from './command-line.js';

export function startWorkerLog(level: LogLevel): Logger {
  const logger = startProcessLog(level);
  // A person at a terminal reads the error as other commands print it.
  if (!isTerminal()) {
    // A worker that ends without any line would be a riddle.
    const last = level === 'silent' ? createLogger('error') : logger;
    reportErrorsBy((error) => logError(last, error));
  }
  return logger;
}

/** One line, or one for each problem of the configuration. */
export function logError(logger: Logger, error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) {
      const { code, message, remedy } = problem;
      const place = formatPlace(error.file, problem);
      logger.error({ code, place, problem: message, remedy }, 'configuration invalid');
    }
  } else if (error instanceof TemporalUnavailable) {
    const { code, message: reason, remedy } = error;
    logger.error({ code, reason, remedy }, 'Temporal unavailable');
  } else if (error instanceof OtherDeployment) {
    const { code, message: reason, remedy } = error;
    logger.error({ code, reason, remedy }, 'worker not started');
  } else if (error instanceof RefreshFailure) {
    const { type: failure, message: reason, remedy } = error;
    logger.error({ failure, reason, remedy }, 'worker failed');
  } else {
    const fields = { error: errorClassName(error), frames: safeStackFrames(error) };
    logger.error(fields, 'worker failed unexpectedly; this is a bug');
  }
}

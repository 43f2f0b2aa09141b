// The log of a long-running process: everything that it ever writes is a line of the log.
import { isatty } from 'node:tty';
import { captureStandardStreams, reportForeignOutput, type ForeignOutput } from './foreign-output.js';
import type { LogLevel } from './log-level.js';
import { createLogger, type Logger } from './logger.js';

/** A library that prints in a loop must not fill the log. */
const MAX_ORIGINS = 100;

/** Lines for a person where standard error is a terminal, else JSON. */
export function startProcessLog(level: LogLevel): Logger {
  const logger = createLogger(level);
  const reported = new Set<string>();
  reportForeignOutput((output) => {
    const origin = toOrigin(output);
    if (reported.has(origin) || reported.size >= MAX_ORIGINS) return;
    reported.add(origin);
    logger.warn(
      { ...output },
      'a library printed a text, which is not shown because it may contain a secret',
    );
  });
  if (!isTerminal()) captureStandardStreams();
  return logger;
}

export function isTerminal(): boolean {
  return isatty(2);
}

function toOrigin({ source, code, frames }: ForeignOutput): string {
  return JSON.stringify([source, code, frames[0]]);
}

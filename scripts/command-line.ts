// What all commands share: options, exit codes, and printing.
import { CommanderError, Option } from 'commander';
import { ConfigError } from '../src/config/config-error.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { LOG_LEVELS } from '../src/log/log-level.js';
import { listStacks } from '../src/log/redact-error.js';
import { describeUnexpected } from '../src/log/unexpected-error.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { NativeLibraryMissing } from '../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../src/temporal/settings/settings-error.js';
import { describeUnavailable, TemporalUnavailable } from '../src/temporal/unavailable.js';
import { WorkerFailed } from '../src/temporal/worker/worker-failed.js';
import { CommandFailed, describeCount, toErrorDocument } from './error-document.js';

export { CommandFailed };

export const EXIT = { done: 0, failed: 1, usage: 2, configInvalid: 78 } as const;

export function configOption(): Option {
  return new Option(
    '--config <path>',
    'configuration file (default: ECR_REFRESH_CONFIG, else ./refresh.yaml)',
  );
}

export function scheduleIdOption(): Option {
  return new Option('--schedule-id <id>', 'id of the schedule (default: that of the configuration)');
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on standard output, and nothing else');
}

export function debugOption(): Option {
  return new Option('--debug', 'print stack traces of errors, and warnings of libraries');
}

export function logLevelOption(fallback: (typeof LOG_LEVELS)[number]): Option {
  return new Option('--log-level <level>', 'log level; logs go to standard error')
    .choices(LOG_LEVELS)
    .default(fallback);
}

export function formatJson(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

let hasPrintedJson = false;

export function printJson(document: unknown): void {
  hasPrintedJson = true;
  printLine(formatJson(document));
}

export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export interface ErrorOutput {
  readonly isJson: boolean;
  /** Adds stack traces. */
  readonly isDebug: boolean;
}

let logError: ((error: unknown) => void) | undefined;

/** For a process whose output is a log: errors that end it are lines of the log from here on. */
export function reportErrorsBy(report: (error: unknown) => void): void {
  logError = report;
}

/** With --json on standard output, unless a document is there already, else on standard error. */
export function reportError(error: unknown, { isJson, isDebug }: ErrorOutput): void {
  if (logError) return logError(error);
  if (isJson && !hasPrintedJson) printJson(toErrorDocument(error));
  else process.stderr.write(`${describeError(error)}\n`);
  if (isDebug) process.stderr.write(`${listStacks(error).join('\n')}\n`);
}

export function toExitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  // Decided before anything is contacted: a restart does not help.
  const isPermanent =
    error instanceof ConfigError ||
    error instanceof TemporalSettingsInvalid ||
    error instanceof NativeLibraryMissing;
  return isPermanent ? EXIT.configInvalid : EXIT.failed;
}

/** For an error that is not ours, only class, code and causes: its message may contain a request. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError || error instanceof TemporalSettingsInvalid) {
    return `${describeCount(error)}\n${error.message}`;
  }
  if (error instanceof RefreshFailure) return `${error.message}\n${error.remedy}`;
  if (
    error instanceof OtherDeployment ||
    error instanceof NativeLibraryMissing ||
    error instanceof WorkerFailed
  ) {
    return `${error.message}.\n${error.remedy}`;
  }
  if (error instanceof TemporalUnavailable) return describeUnavailable(error);
  if (error instanceof CommandFailed) return [error.message, error.remedy].filter(Boolean).join(' ');
  const { message, remedy } = describeUnexpected(error);
  return `${message} ${remedy}`;
}

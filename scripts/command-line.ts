// What all commands share: options, exit codes, and printing.
import { CommanderError, Option } from 'commander';
import { ConfigError, formatProblem } from '../src/config/config-error.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { escapeHidden, toSafeText, toSafeValues } from '../src/refresh/safe-text.js';
import { LOG_LEVELS } from '../src/log/log-level.js';
import { listStacks } from '../src/log/redact-error.js';
import { describeUnexpected } from '../src/log/unexpected-error.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { NativeLibraryMissing } from '../src/temporal/worker/native-library.js';
import { formatSettingProblem, TemporalSettingsInvalid } from '../src/temporal/settings/settings-error.js';
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
  return escapeHidden(JSON.stringify(document, null, 2));
}

let hasPrintedJson = false;

/**
 * Prints the result of a command: with `--json` the document itself, else as a text of several lines. The only way to
 * print more than a line: its values are made safe before the layout, where none can start a line or draw a table.
 */
export function printResult<T>(document: T, isJson: boolean | undefined, format: (safe: T) => string): void {
  if (isJson) printJson(document);
  else write(process.stdout, formatResult(document, format));
}

/** The text that `printResult` prints. */
export function formatResult<T>(document: T, format: (safe: T) => string): string {
  return format(toSafeValues(document));
}

export function printJson(document: unknown): void {
  hasPrintedJson = true;
  write(process.stdout, formatJson(document));
}

/** Prints one line: a line break of a value is shown as an escape. */
export function printLine(line = ''): void {
  write(process.stdout, toSafeText(line));
}

/** Escapes again, should a value have missed the filter. */
function write(stream: NodeJS.WriteStream, text: string): void {
  stream.write(`${escapeHidden(text)}\n`);
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
  else write(process.stderr, describeError(error));
  if (isDebug) write(process.stderr, listStacks(error).join('\n'));
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
  return toLines(error)
    .map((line) => toSafeText(line))
    .join('\n');
}

function toLines(error: unknown): string[] {
  if (error instanceof ConfigError) {
    return [describeCount(error), ...error.problems.map((problem) => formatProblem(error.file, problem))];
  }
  if (error instanceof TemporalSettingsInvalid) {
    return [describeCount(error), ...error.problems.map(formatSettingProblem)];
  }
  if (error instanceof RefreshFailure) return [error.message, error.remedy];
  if (
    error instanceof OtherDeployment ||
    error instanceof NativeLibraryMissing ||
    error instanceof WorkerFailed
  ) {
    return [`${error.message}.`, error.remedy];
  }
  if (error instanceof TemporalUnavailable) return [describeUnavailable(error)];
  if (error instanceof CommandFailed) return [[error.message, error.remedy].filter(Boolean).join(' ')];
  const { message, remedy } = describeUnexpected(error);
  return [`${message} ${remedy}`];
}

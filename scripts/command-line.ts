// Owns what all commands share: options, exit codes, and how errors are printed. Refuses to print the stack or
// message of an error that is not ours: it might quote a request.
import { CommanderError, Option } from 'commander';
import { ConfigError } from '../src/config/config-error.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { LOG_LEVELS } from '../src/log/log-level.js';
import { errorClassName, safeStackFrames } from '../src/log/redact-error.js';
import { describeUnavailable, TemporalUnavailable } from '../src/temporal/unavailable.js';

export const EXIT = { done: 0, failed: 1, usage: 2, configInvalid: 78 } as const;

/** A command cannot do what it was asked for; its message says why and what to do. Exit 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

export function configOption(): Option {
  return new Option(
    '--config <path>',
    'configuration file (default: ECR_REFRESH_CONFIG, else ./refresh.yaml)',
  );
}

export function jsonOption(): Option {
  return new Option('--json', 'print one JSON document on standard output, and nothing else there');
}

export function logLevelOption(fallback: (typeof LOG_LEVELS)[number]): Option {
  return new Option('--log-level <level>', 'what to log on standard error')
    .choices(LOG_LEVELS)
    .default(fallback);
}

export function formatJson(document: unknown): string {
  return JSON.stringify(document, null, 2);
}

export function printJson(document: unknown): void {
  printLine(formatJson(document));
}

export function printLine(line = ''): void {
  process.stdout.write(`${line}\n`);
}

export function printError(error: unknown): void {
  process.stderr.write(`${describeError(error)}\n`);
}

export function toExitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  return error instanceof ConfigError ? EXIT.configInvalid : EXIT.failed;
}

/** What may be printed of an error: all of ours, and of another only its class and where it came from. */
export function describeError(error: unknown): string {
  if (error instanceof ConfigError) {
    const count = error.problems.length;
    const heading = `The configuration is invalid (${count} problem${count === 1 ? '' : 's'}). Nothing was changed.`;
    return `${heading}\n${error.message}`;
  }
  if (error instanceof RefreshFailure) return `${error.message}\n${error.remedy}`;
  if (error instanceof TemporalUnavailable) return describeUnavailable(error);
  if (error instanceof CommandFailed) return error.message;
  return [`Unexpected ${errorClassName(error)}; this is a defect.`, ...safeStackFrames(error)].join('\n');
}

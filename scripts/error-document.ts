// What a command prints with --json when it fails.
import { CommanderError } from 'commander';
import { ConfigError } from '../src/config/config-error.js';
import { errorClassName } from '../src/log/redact-error.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { TemporalUnavailable, type TemporalReason } from '../src/temporal/unavailable.js';

export type CommandErrorCode =
  'command-failed' | 'schedule-missing' | 'other-deployment' | `temporal-${TemporalReason}`;

export type ErrorCode = CommandErrorCode | 'config-invalid' | 'usage' | 'unexpected' | 'node-unsupported';

export interface ErrorDocument {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly remedy: string | null;
    /** Of an invalid configuration; else empty. */
    readonly problems: readonly ConfigProblemDocument[];
  };
}

export interface ConfigProblemDocument {
  readonly code: string;
  readonly file: string;
  /** From 1. */
  readonly line: number | null;
  /** From 1; of syntax errors only. */
  readonly column: number | null;
  /** The setting, such as `airflows[0].url`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** A command failed. Exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
  readonly code: CommandErrorCode;
  /** The fix; undefined where the message contains it. */
  readonly remedy: string | undefined;

  /** @param message the reason, as sentences */
  constructor(message: string, remedy?: string, code: CommandErrorCode = 'command-failed') {
    super(message);
    this.remedy = remedy;
    this.code = code;
  }
}

/** Of an error that is not ours, only its class: its message may contain a request. */
export function toErrorDocument(error: unknown): ErrorDocument {
  const { code, message, remedy = null, problems = [] } = describe(error);
  return { error: { code, message, remedy, problems } };
}

function describe(
  error: unknown,
): Pick<ErrorDocument['error'], 'code' | 'message'> & Partial<ErrorDocument['error']> {
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ code, line = null, column = null, path, message, remedy }) => ({
      code,
      file: error.file,
      line,
      column,
      path,
      message,
      remedy,
    }));
    return { code: 'config-invalid', message: describeCount(error), problems };
  }
  if (error instanceof CommanderError) {
    const text = error.code === 'commander.help' ? 'A command is missing.' : error.message;
    const message = text
      .replace(/^error: /, '')
      .replaceAll(/\s+/g, ' ')
      .trim();
    return { code: 'usage', message, remedy: 'See `--help`.' };
  }
  if (error instanceof TemporalUnavailable) {
    return { code: `temporal-${error.code}`, message: `${error.message}.`, remedy: error.remedy };
  }
  if (error instanceof OtherDeployment) {
    return { code: error.code, message: `${error.message}.`, remedy: error.remedy };
  }
  if (error instanceof CommandFailed) {
    return { code: error.code, message: error.message, remedy: error.remedy ?? null };
  }
  if (error instanceof RefreshFailure) {
    return { code: 'command-failed', message: error.message, remedy: error.remedy };
  }
  const message = `Unexpected ${errorClassName(error)}; this is a bug.`;
  return {
    code: 'unexpected',
    message,
    remedy: 'Run the command with `--debug`, and report the stack trace.',
  };
}

export function describeCount({ problems }: ConfigError): string {
  const count = problems.length;
  return `The configuration is invalid (${count} problem${count === 1 ? '' : 's'}). Nothing was changed.`;
}

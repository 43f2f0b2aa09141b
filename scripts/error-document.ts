// What a command prints with --json when it fails.
import { CommanderError } from 'commander';
import { ConfigError } from '../src/config/config-error.js';
import { describeUnexpected } from '../src/log/unexpected-error.js';
import { RefreshFailure } from '../src/refresh/failures.js';
import { OtherDeployment } from '../src/schedule/other-deployment.js';
import { NativeLibraryMissing } from '../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../src/temporal/settings/settings-error.js';
import { TemporalUnavailable, type TemporalReason } from '../src/temporal/unavailable.js';

export type CommandErrorCode =
  'command-failed' | 'schedule-missing' | 'other-deployment' | `temporal-${TemporalReason}`;

export type ErrorCode =
  | CommandErrorCode
  | 'config-invalid'
  | 'temporal-settings-invalid'
  | 'native-library-missing'
  | 'usage'
  | 'environment'
  | 'unexpected'
  | 'node-unsupported';

export interface ErrorDocument {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly remedy: string | null;
    /** Of an invalid configuration or invalid settings of Temporal; else empty. */
    readonly problems: readonly ConfigProblemDocument[];
  };
}

export interface ConfigProblemDocument {
  readonly code: string;
  /** Null for a setting of Temporal. */
  readonly file: string | null;
  /** From 1. */
  readonly line: number | null;
  /** From 1; of syntax errors only. */
  readonly column: number | null;
  /** The setting, such as `airflows[0].url` or `TEMPORAL_ADDRESS`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
  readonly remedy: string;
}

/** The code of every problem of Temporal's settings. */
export const SETTING_PROBLEM = 'temporal-setting';

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

/** Of an error that is not ours, only class, code and causes: its message may contain a request. */
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
  if (error instanceof TemporalSettingsInvalid) {
    const problems = error.problems.map(({ setting: path, message, remedy }) => ({
      code: SETTING_PROBLEM,
      file: null,
      line: null,
      column: null,
      path,
      message,
      remedy,
    }));
    return { code: 'temporal-settings-invalid', message: describeCount(error), problems };
  }
  if (error instanceof CommanderError) {
    const text = error.code === 'commander.help' ? 'A command is missing.' : error.message;
    return { code: 'usage', message: joinLines(text).replace(/^error: /, ''), remedy: 'See `--help`.' };
  }
  if (error instanceof TemporalUnavailable) {
    return { code: `temporal-${error.code}`, message: `${error.message}.`, remedy: error.remedy };
  }
  if (error instanceof OtherDeployment || error instanceof NativeLibraryMissing) {
    return { code: error.code, message: `${error.message}.`, remedy: error.remedy };
  }
  if (error instanceof CommandFailed) {
    return { code: error.code, message: error.message, remedy: error.remedy ?? null };
  }
  if (error instanceof RefreshFailure) {
    return { code: 'command-failed', message: error.message, remedy: error.remedy };
  }
  const { kind, message, remedy } = describeUnexpected(error);
  return { code: kind === 'environment' ? 'environment' : 'unexpected', message, remedy };
}

/** Of an error of commander: its line breaks cannot be told from those of an argument that it quotes. */
export function joinLines(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

export function describeCount(error: ConfigError | TemporalSettingsInvalid): string {
  const what = error instanceof ConfigError ? 'The configuration is' : 'The Temporal settings are';
  const count = error.problems.length;
  return `${what} invalid (${count} problem${count === 1 ? '' : 's'}). Nothing was changed.`;
}

// Configuration problems and their one-line text. Values of the file are never quoted: any of them may be a misplaced
// secret.

/** Keys and list positions that lead to a setting. */
export type SettingPath = readonly (string | number)[];

/** Machine-readable kind of a problem; the message is for people. */
export type ProblemCode =
  | 'missing'
  | 'empty'
  | 'wrong-type'
  | 'too-long'
  | 'too-many'
  | 'invalid'
  | 'out-of-range'
  | 'unknown-setting'
  /** Refers to an entry that does not exist. */
  | 'unknown-name'
  | 'duplicate'
  /** Cannot be combined with another setting. */
  | 'conflict'
  /** Has an effect only with another setting. */
  | 'requires'
  /** Contradicts another setting or file. */
  | 'mismatch'
  | 'plain-text-secret'
  | 'unencrypted'
  /** An address of a cloud metadata service, which returns credentials. */
  | 'link-local'
  /** A file that does not exist. */
  | 'not-found'
  /** A variable that is not set, or a variable or file that is empty or cannot be read. */
  | 'unreadable'
  /** A file that other users of the machine can read or write. */
  | 'unsafe-file'
  /** A file with unexpected content. */
  | 'wrong-content'
  | 'yaml'
  // Only in warnings.
  | 'example'
  | 'unused'
  | 'covered'
  | 'unknown-region'
  | 'no-engine'
  | 'docker-context'
  | 'whitespace';

/** What is wrong with a value. */
export interface Fault {
  readonly code: ProblemCode;
  /** Continues the name of the setting: `is not a valid URL`. */
  readonly message: string;
  /** The fix. Default: an example of the setting. */
  readonly remedy?: string;
}

/** The result of reading or converting a value. */
export type Reading<T> = { readonly result: T } | Fault;

export interface ConfigProblem extends Fault {
  /** The setting, such as `airflows[0].auth.password`; empty for the file as a whole. */
  readonly path: string;
  /** Line of the file, from 1. */
  readonly line?: number;
  /** Column of the line, from 1, of a YAML syntax error. */
  readonly column?: number;
  readonly remedy: string;
}

/** All problems of a configuration file. Its message has one line for each, without values. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => formatProblem(file, problem)).join('\n'));
    this.file = file;
    this.problems = problems;
  }
}

/** `refresh.yaml:7 airflows[0].auth.password: is missing. Use the form …` */
export function formatProblem(file: string, problem: ConfigProblem): string {
  return `${formatPlace(file, problem)}: ${problem.message}. ${problem.remedy}`;
}

/** `refresh.yaml:7 airflows[0].auth.password`, or `refresh.yaml:7:12` for a syntax error. */
export function formatPlace(file: string, { line, column, path }: ConfigProblem): string {
  const position = [line, column].filter((part) => part !== undefined).map((part) => `:${part}`);
  return `${file}${position.join('')}${path === '' ? '' : ` ${path}`}`;
}

/** The first problem in one line and the number of further ones, for reports with limited space. */
export function summarizeProblems({ file, problems: [first, ...more] }: ConfigError): string {
  if (!first) return `${file}: invalid`;
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${formatPlace(file, first)}: ${first.message}${rest}`;
}

/** `airflows[0].auth.password` from `['airflows', 0, 'auth', 'password']`. */
export function formatPath(path: SettingPath): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${formatKey(part)}`,
    )
    .join('');
}

/** Names for display: `a`, `b`, `c`, each in backticks; at most ten. */
export function formatNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => `\`${name}\``);
  return [...shown, ...(names.length > shown.length ? ['…'] : [])].join(', ');
}

/** A key for display: control characters escaped, and truncated where it is misplaced text. */
export function formatKey(key: string): string {
  if (/^[\w-]{1,60}$/.test(key)) return key;
  // In braces and without a space after its colon, `password:value` is one key that contains the value.
  const glued = /^([\w-]{1,60}[:=])./.exec(key)?.[1];
  if (glued !== undefined) return `"${glued}…"`;
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 37)}…` : key);
}

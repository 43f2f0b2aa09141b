// The form of what is wrong with a configuration, and its words in one line. No value of the file is ever quoted: any of
// them may be a secret in the wrong place.

/** Keys and list positions that lead to a setting. */
export type SettingPath = readonly (string | number)[];

/** The kind of a problem, for programs; the message is for people. */
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
  /** Makes sense only with another setting. */
  | 'requires'
  /** Contradicts another setting or file. */
  | 'mismatch'
  | 'plain-text-secret'
  | 'unencrypted'
  /** An address at which clouds keep their credentials. */
  | 'link-local'
  /** A file that does not exist. */
  | 'not-found'
  /** A variable that is not set, or a variable or file that is empty or cannot be read. */
  | 'unreadable'
  /** A file that other users of the machine can read or write. */
  | 'unsafe-file'
  /** A file that contains something else than is expected. */
  | 'wrong-content'
  | 'yaml'
  // Of warnings alone.
  | 'example'
  | 'unused'
  | 'covered'
  | 'unknown-region'
  | 'no-engine'
  | 'whitespace';

/** What is wrong with a value. */
export interface Fault {
  readonly code: ProblemCode;
  /** Continues the name of the setting: `is not a valid URL`. */
  readonly message: string;
  /** What to do. Absent: an example of the setting. */
  readonly remedy?: string;
}

/** What reading or converting a value gives. */
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

/** Every problem of a configuration file at once. Its message has one line each, free of values. */
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

/** `refresh.yaml:7 airflows[0].auth.password: is missing. Example: …` */
export function formatProblem(file: string, problem: ConfigProblem): string {
  return `${formatPlace(file, problem)}: ${problem.message}. ${problem.remedy}`;
}

/** `refresh.yaml:7 airflows[0].auth.password`, or `refresh.yaml:7:12` for a syntax error. */
export function formatPlace(file: string, { line, column, path }: ConfigProblem): string {
  const position = [line, column].filter((part) => part !== undefined).map((part) => `:${part}`);
  return `${file}${position.join('')}${path === '' ? '' : ` ${path}`}`;
}

/** The first problem in one line, and how many more there are: for reports, where space is short. */
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

/** A key as it may be shown: control characters escaped, cut where it is not a key but misplaced text. */
export function formatKey(key: string): string {
  if (/^[\w-]{1,60}$/.test(key)) return key;
  // Without a blank after its colon, `password:value` in braces is a key, and has the value in it.
  const glued = /^([\w-]{1,60}[:=])./.exec(key)?.[1];
  if (glued !== undefined) return `"${glued}…"`;
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 37)}…` : key);
}

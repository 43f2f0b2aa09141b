// Owns how faults of a configuration are collected and worded: place, what is wrong, what to do.
// Refuses to quote values: any of them may be a secret in the wrong place.

/** Keys and list positions that lead to a setting. */
export type SettingPath = readonly (string | number)[];

export interface ConfigProblem {
  /** The setting, such as `airflows[0].auth.password`; empty for the file as a whole. */
  readonly path: string;
  /** Line of the file, from 1. */
  readonly line?: number;
  readonly message: string;
  readonly remedy: string;
}

/** Notes one fault of the setting at a path. */
export type ReportProblem = (at: SettingPath, message: string, remedy: string) => void;

/** Every fault of a configuration file at once. Its message has one line each, free of values. */
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

/** `refresh.yaml:7 airflows[0].auth.password: is missing. Write for example: …` */
export function formatProblem(file: string, problem: ConfigProblem): string {
  return `${formatPlace(file, problem)}: ${problem.message}. ${problem.remedy}`;
}

/** `refresh.yaml:7 airflows[0].auth.password` */
export function formatPlace(file: string, problem: ConfigProblem): string {
  const line = problem.line === undefined ? '' : `:${problem.line}`;
  return `${file}${line}${problem.path === '' ? '' : ` ${problem.path}`}`;
}

/** The first fault in one line, and how many more there are: for reports, where space is short. */
export function summarizeProblems(error: ConfigError): string {
  const [first, ...more] = error.problems;
  if (!first) return `${error.file}: invalid`;
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${formatPlace(error.file, first)}: ${first.message}${rest}`;
}

/** `airflows[0].auth.password` from `['airflows', 0, 'auth', 'password']`. */
export function formatPath(path: SettingPath): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${formatKey(part)}`,
    )
    .join('');
}

/** A key as it may be shown: control characters escaped, cut where it is no key but a text gone astray. */
export function formatKey(key: string): string {
  if (/^[\w-]{1,60}$/.test(key)) return key;
  return JSON.stringify(key.length > 40 ? `${key.slice(0, 37)}…` : key);
}

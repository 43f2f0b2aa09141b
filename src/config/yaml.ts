// Parses the text of the configuration file, and finds the line of each setting.
import { isAbsolute } from 'node:path';
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';
import { ConfigError, type ConfigProblem, type Fault, type SettingPath } from './config-error.js';
import { readTextFile } from './text-file.js';

const MAX_KIB = 256;
/** Uses of one anchor, times the aliases in it. The default of the library, 100, is too low for long lists. */
const MAX_ALIASES = 1000;
/** Beyond the first few, syntax errors are consequences of the earlier ones. */
const MAX_SYNTAX_ERRORS = 5;
/** Errors after which the rest of the file can still be checked. */
const HARMLESS: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);
const START_FRESH = 'Start from the example: `cp refresh.example.yaml refresh.yaml`';

export interface YamlSource {
  /** The parsed text; undefined when it cannot be checked any further. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Line, from 1, of the setting at a path, else of the nearest setting that contains it. */
  readonly findLine: (path: SettingPath) => number | undefined;
}

/**
 * The text of a configuration file.
 * @throws ConfigError when it is missing, unreadable, empty, too large, not UTF-8, or world-writable
 */
export function readConfigText(file: string): string {
  const reading = readTextFile(file, MAX_KIB);
  const isEmpty = 'text' in reading && reading.text.trim() === '';
  if ('text' in reading && !isEmpty) return reading.text;
  if (!('code' in reading)) throw new ConfigError(file, [{ path: '', ...EMPTY }]);
  // It decides where passwords are sent.
  const reason = reading.code === 'unsafe-file' ? ' and steal passwords' : '';
  const fault = { ...reading, message: `${reading.message}${reason}` };
  throw new ConfigError(file, [{ path: '', remedy: describeRemedy(file, reading), ...fault }]);
}

const EMPTY = { code: 'empty', message: 'is empty', remedy: `${START_FRESH}.` } as const;

function describeRemedy(file: string, { code }: Fault): string {
  const option = 'with --config or ECR_REFRESH_CONFIG';
  if (code !== 'not-found') return `Set the path of the configuration file ${option}.`;
  const folder = isAbsolute(file) ? '' : ` The current folder is ${process.cwd()}.`;
  return `${START_FRESH}, or set the path of your file ${option}.${folder}`;
}

/** Parses the text of a configuration file. Never throws: problems are in the result. */
export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Not `silent`: that would also accept a second document.
    logLevel: 'error',
    stringKeys: true,
    merge: true,
  });
  const syntax = [...document.errors, ...document.warnings];
  const aliases = findInvalidAliases(document, lines);
  // On such a line the parser also reports what follows the `*`.
  const others = describeSyntax(text, document, syntax, lines).filter(
    ({ line }) => !aliases.some((alias) => alias.line === line),
  );
  const problems = [...others, ...aliases].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const findLine = (path: SettingPath): number | undefined => findLineOfSetting(document, path, lines);
  if (aliases.length > 0 || !syntax.every(({ code }) => HARMLESS.has(code)))
    return { value: undefined, problems, findLine };
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    if (value === null) problems.push({ ...NO_SETTINGS, path: '', line: 1 });
    return { value: value ?? undefined, problems, findLine };
  } catch (error) {
    // The library's messages have no line.
    const fault =
      error instanceof ReferenceError ? TOO_MANY_ALIASES : { ...BAD_MERGE, ...findBadMerge(document, lines) };
    return { value: undefined, problems: [...problems, { ...fault, path: '' }], findLine };
  }
}

const NO_SETTINGS = { code: 'empty', message: 'has no settings', remedy: `${START_FRESH}.` } as const;
const TOO_MANY_ALIASES = {
  code: 'yaml',
  message: 'invalid YAML: aliases (`*name`) expand to too many values',
  remedy: 'Write the values instead of aliases.',
} as const;
const BAD_MERGE = {
  code: 'yaml',
  message: 'invalid YAML: a merge key (`<<`) has a value that is not a mapping',
  remedy: 'Use an alias of a mapping, or a list of such aliases.',
} as const;
const CYCLIC_ALIAS = {
  code: 'yaml',
  message: 'invalid YAML: an alias (`*name`) is inside the value that it refers to',
  remedy: 'Write the value instead of the alias.',
} as const;
const UNKNOWN_ALIAS = {
  code: 'yaml',
  message: 'invalid YAML: an alias (`*name`) has no anchor (`&name`) before it',
  remedy: 'Put text that begins with * in quotes, or define the anchor.',
} as const;

/** One problem for each line: a single stray character can cause several errors. */
function describeSyntax(
  text: string,
  document: Document.Parsed,
  errors: readonly YAMLError[],
  lines: LineCounter,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const error of errors) {
    const isOpenQuote = error.code === 'MISSING_CHAR' && error.message.endsWith('quote');
    const { line, col } = lines.linePos(isOpenQuote ? findLastQuote(document, error.pos[0]) : error.pos[0]);
    const isConsequence = problems.length > 0 && error.code === 'UNEXPECTED_TOKEN';
    if (isConsequence || problems.some((problem) => problem.line === line)) continue;
    // The stack limits the depth, and its size differs between processes.
    const column = error.code === 'RESOURCE_EXHAUSTION' ? {} : { column: col };
    if (problems.length < MAX_SYNTAX_ERRORS) {
      const isVariable = text.startsWith('${', error.pos[0] - 1);
      const own = isVariable ? SHELL_VARIABLE : describeError(error);
      problems.push({ code: 'yaml', path: '', line, ...column, ...own });
    }
  }
  return problems;
}

/** Start of the last quoted text before an offset: the parser reports an open quote at the end of the file. */
function findLastQuote(document: Document.Parsed, before: number): number {
  let start = before;
  visit(document, {
    Scalar(_key, { type, range }) {
      if (type?.startsWith('QUOTE_') && range && range[0] < before) start = range[0];
    },
  });
  return start;
}

function findInvalidAliases(document: Document.Parsed, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const anchors = new Map<string, Node>();
  visit(document, {
    Node(_key, node, ancestors) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node);
        return undefined;
      }
      const target = anchors.get(node.source);
      const fault = target ? ancestors.includes(target) && CYCLIC_ALIAS : UNKNOWN_ALIAS;
      if (fault) {
        const { line, col } = lines.linePos(node.range?.[0] ?? 0);
        problems.push({ ...fault, path: '', line, column: col });
      }
      return problems.length < MAX_SYNTAX_ERRORS ? undefined : visit.BREAK;
    },
  });
  return problems;
}

/** The first merge key whose value is not a mapping, a list or an alias; none if the target of an alias is at fault. */
function findBadMerge(document: Document.Parsed, lines: LineCounter): { line?: number; column?: number } {
  let start: number | undefined;
  visit(document, {
    Pair(_key, { key, value }) {
      if (!isScalar(key) || key.value !== '<<' || isMap(value) || isSeq(value) || isAlias(value))
        return undefined;
      start = findStart(key);
      return visit.BREAK;
    },
  });
  if (start === undefined) return {};
  const { line, col } = lines.linePos(start);
  return { line, column: col };
}

/** The line of the key of a setting, or of the item of a list. */
function findLineOfSetting(
  document: Document.Parsed,
  path: SettingPath,
  lines: LineCounter,
): number | undefined {
  let node: unknown = document.contents;
  let offset = findStart(node);
  for (const part of path) {
    const container = isAlias(node) ? node.resolve(document) : node;
    let next: unknown;
    let found: unknown;
    if (isMap(container)) {
      const pair = container.items.find(({ key }) => isScalar(key) && key.value === part);
      [next, found] = [pair?.value, pair?.key];
    } else if (isSeq(container) && typeof part === 'number') {
      next = found = container.items[part];
    }
    const start = findStart(found);
    if (start === undefined) break;
    offset = start;
    node = next;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function findStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/**
 * The parser's message, except where it is unclear, mentions options of the parser, or quotes the text, which may
 * contain a secret.
 */
function describeError({ code, message }: YAMLError): { message: string; remedy: string } {
  const own: { message?: string; remedy?: string } | undefined = OWN_WORDS[code];
  const [, clearer] = CLEARER.find(([original]) => original.test(message)) ?? [];
  return { message: `invalid YAML: ${own?.message ?? clearer ?? message}`, remedy: own?.remedy ?? CHECK };
}

const CLEARER: readonly (readonly [original: RegExp, message: string])[] = [
  [/^Missing closing .quote$/, 'a closing quote is missing'],
  [/ end with a \]$/, 'a closing ] is missing, or is not indented enough'],
  [/ end with a \}$/, 'a closing } is missing, or is not indented enough'],
  [/^Sequence item without - /, 'a line is neither a list item (`- `) nor indented below one'],
];

const SHELL_VARIABLE = {
  message: 'invalid YAML: `{` follows `$`, as in a shell variable',
  remedy: 'Use `{env: NAME}` instead of `${NAME}`: shell variables are not expanded.',
};

const CHECK = 'Check indentation, colons, quotes and brackets in this line and the line above.';
const OWN_WORDS: Partial<Record<YAMLError['code'], { message?: string; remedy?: string }>> = {
  BAD_ALIAS: {
    message: 'an alias or anchor has an invalid name',
    remedy: 'Put text that begins with * or & in quotes.',
  },
  BAD_COLLECTION_TYPE: { message: 'a tag does not fit its value', remedy: 'Remove the tag.' },
  BAD_DIRECTIVE: { message: 'a line begins with %', remedy: 'Put the value in quotes.' },
  BAD_DQ_ESCAPE: {
    message: 'unknown escape sequence in double quotes',
    remedy: 'Write each backslash twice, or use single quotes.',
  },
  BAD_PROP_ORDER: { message: 'an anchor or tag is in the wrong place' },
  BAD_SCALAR_START: {
    message: 'a value begins with a reserved character',
    remedy: 'Put the value in quotes.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'a line is not `key: value`',
    remedy: 'Check the colon, the space after it, and the indentation.',
  },
  DUPLICATE_KEY: { message: 'a key occurs twice', remedy: 'Remove one of the two keys.' },
  MULTIPLE_DOCS: {
    message: 'a second document begins here',
    remedy: 'Remove `---`: the file must have one document.',
  },
  NON_STRING_KEY: {
    message: 'a key is not text',
    remedy: 'Write settings as `key: value`, and put text that begins with { or [ in quotes.',
  },
  RESOURCE_EXHAUSTION: { message: 'lists and mappings are nested too deeply', remedy: CHECK },
  TAB_AS_INDENT: { message: 'a line is indented with a tab', remedy: 'Indent with spaces.' },
  TAG_RESOLVE_FAILED: { message: 'tags (`!name`) are not supported', remedy: 'Remove the tag.' },
  UNEXPECTED_TOKEN: {
    message: 'unexpected content after a value',
    remedy: 'Put text that contains brackets, braces or quotes in quotes, or check the brackets.',
  },
};

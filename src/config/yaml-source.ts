// Owns reading the configuration file and parsing its YAML, and knows the line of every setting.
// Refuses anchors, aliases and tags (nothing here needs them, and they can make a small file huge in memory).
import { readFileSync, statSync } from 'node:fs';

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';

import { ConfigError, type ConfigProblem, type SettingPath } from './problems.js';

const MAX_BYTES = 256 * 1024;
/** Beyond the first few, syntax errors are consequences of the earlier ones. */
const MAX_SYNTAX_ERRORS = 5;
/** Faults that leave the meaning of the rest clear, so that the rest can be checked as well. */
const HARMLESS: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);
const START_FRESH = 'Start from the example: `cp refresh.example.yaml refresh.yaml`';

export interface YamlSource {
  /** The parsed text; undefined when it is too broken to be looked at any further. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Line, from 1, of the setting at a path, else of the nearest setting around it. */
  readonly lineOf: (path: SettingPath) => number | undefined;
}

/**
 * The text of a configuration file.
 * @throws ConfigError when it is missing, unreadable, empty, too large or not UTF-8
 */
export function readConfigText(file: string): string {
  let bytes: Buffer;
  try {
    const stats = statSync(file);
    if (!stats.isFile())
      throw fault(file, 'is no plain file', 'Name a YAML file by --config or ECR_REFRESH_CONFIG.');
    if (stats.size > MAX_BYTES)
      throw fault(file, 'is larger than 256 KiB', 'Name the configuration file, not another one.');
    bytes = readFileSync(file);
  } catch (error) {
    throw error instanceof ConfigError ? error : cannotRead(file, error);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw fault(file, 'is not UTF-8', 'Save it as UTF-8 text.');
  }
  if (text.trim() === '') throw fault(file, 'is empty', `${START_FRESH}.`);
  return text;
}

function cannotRead(file: string, error: unknown): ConfigError {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? fault(file, 'there is no such file', `${START_FRESH}, or name yours by --config or ECR_REFRESH_CONFIG.`)
    : fault(
        file,
        `cannot be read (${code ?? 'unknown error'})`,
        'Give the user of this process permission to read it.',
      );
}

function fault(file: string, message: string, remedy: string): ConfigError {
  return new ConfigError(file, [{ path: '', message, remedy }]);
}

/** Parses the text of a configuration file. Never throws: faults are in the answer. */
export function parseYaml(text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Not `silent`: that would also let a second document pass in silence.
    logLevel: 'error',
    stringKeys: true,
  });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const lineOf = (path: SettingPath): number | undefined => findLine(document, path, lineAt);
  const forbidden = findForbidden(document, lineAt);
  const syntax = [...document.errors, ...document.warnings];
  const problems = [...forbidden, ...describeSyntax(syntax, forbidden, lineAt)];
  const usable = forbidden.length === 0 && syntax.every(({ code }) => HARMLESS.has(code));
  const value: unknown = usable ? document.toJS() : undefined;
  if (usable && (value === null || value === undefined)) {
    problems.push({ path: '', line: 1, message: 'holds no settings', remedy: `${START_FRESH}.` });
  }
  return { value, problems, lineOf };
}

/** One problem for each faulty line: the parser finds several in what one stray character leaves behind. */
function describeSyntax(
  errors: readonly YAMLError[],
  forbidden: readonly ConfigProblem[],
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const lines = new Set(forbidden.map(({ line }) => line));
  const problems: ConfigProblem[] = [];
  for (const { code, pos } of errors) {
    const line = lineAt(pos[0]);
    if (lines.has(line) || problems.length === MAX_SYNTAX_ERRORS) continue;
    lines.add(line);
    problems.push({ path: '', line, ...describeFault(code) });
  }
  return problems;
}

/** Words of our own: the library's messages quote the text, and with it a secret that stands near the fault. */
function describeFault(code: string): { message: string; remedy: string } {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { message: 'the same key stands here for a second time', remedy: 'Remove one of the two.' };
    case 'TAB_AS_INDENT':
      return { message: 'a tab indents this line', remedy: 'Indent with spaces: YAML knows no tabs there.' };
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second YAML document begins here',
        remedy: 'Keep one document in the file: remove `---`.',
      };
    case 'NON_STRING_KEY':
      return { message: 'a key is not text', remedy: 'Write settings as `key: value`.' };
    case 'TAG_RESOLVE_FAILED':
      return { message: 'tags (`!…`) are not known here', remedy: 'Remove the tag.' };
    case 'RESOURCE_EXHAUSTION':
      return { message: 'lists and mappings are nested too deeply', remedy: `${START_FRESH}.` };
    default:
      return {
        message: 'this is no valid YAML',
        remedy: 'Check indentation, colons, quotes and brackets here and in the line above.',
      };
  }
}

function findForbidden(document: Document.Parsed, lineAt: (offset: number) => number): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Node(_key, node) {
      const line = lineAt(node.range?.[0] ?? 0);
      if (isAlias(node) || node.anchor !== undefined) {
        problems.push({
          path: '',
          line,
          message: 'anchors (`&…`) and aliases (`*…`) are not allowed',
          remedy: 'Write the value out; put text that begins with * or & in quotes.',
        });
      }
      return problems.length < MAX_SYNTAX_ERRORS ? undefined : visit.BREAK;
    },
  });
  return problems;
}

/** The line of a key for settings, of the item for lists: where one looks first. */
function findLine(
  document: Document.Parsed,
  path: SettingPath,
  lineAt: (offset: number) => number,
): number | undefined {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const part of path) {
    let next: unknown;
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      [next, found] = [pair?.value, pair?.key];
    } else if (isSeq(node) && typeof part === 'number') {
      next = found = node.items[part];
    }
    if (startOf(found) === undefined) break;
    offset = startOf(found);
    node = next;
  }
  return offset === undefined ? undefined : lineAt(offset);
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

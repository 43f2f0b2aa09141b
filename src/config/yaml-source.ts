// Owns reading the configuration file and parsing its YAML, and knows the line of every setting.
// Refuses anchors, aliases and tags (nothing here needs them, and they can make a small file huge in memory).
import { isAbsolute } from 'node:path';

import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError } from 'yaml';

import { ConfigError, type ConfigProblem, type SettingPath } from './config-error.js';
import { readTextFile } from './text-file.js';
import { describeUrlProblem, isOpenQuote, START_FRESH } from './yaml-errors.js';

const MAX_KIB = 256;
/** Beyond the first few, syntax errors are consequences of the earlier ones. */
const MAX_SYNTAX_ERRORS = 5;
/** Faults that leave the meaning of the rest clear, so that the rest can be checked as well. */
const HARMLESS: ReadonlySet<string> = new Set(['DUPLICATE_KEY', 'TAG_RESOLVE_FAILED']);

export interface YamlSource {
  /** The parsed text; undefined when it is too broken to be looked at any further. */
  readonly value: unknown;
  readonly problems: readonly ConfigProblem[];
  /** Line, from 1, of the setting at a path, else of the nearest setting around it. */
  readonly findLine: (path: SettingPath) => number | undefined;
}

/**
 * The text of a configuration file.
 * @throws ConfigError when it is missing, unreadable, empty, too large, not UTF-8, or may be written by all
 */
export function readConfigText(file: string): string {
  const reading = readTextFile(file, MAX_KIB);
  if ('missing' in reading) {
    const looked = isAbsolute(file) ? '' : ` It was looked for in ${process.cwd()}.`;
    throw fault(
      file,
      'there is no such file',
      `${START_FRESH}, or name yours by --config or ECR_REFRESH_CONFIG.${looked}`,
    );
  }
  if ('message' in reading) {
    const remedy = reading.remedy ?? 'Name the configuration file by --config or ECR_REFRESH_CONFIG.';
    throw fault(file, reading.message, remedy);
  }
  if (reading.text.trim() === '') throw fault(file, 'is empty', `${START_FRESH}.`);
  return reading.text;
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
  const findLine = (path: SettingPath): number | undefined => findLineOfNode(document, path, lineAt);
  const forbidden = findForbidden(document, lineAt);
  const syntax = [...document.errors, ...document.warnings];
  const problems = [...forbidden, ...describeSyntax(document, syntax, forbidden, lineAt)];
  const usable = forbidden.length === 0 && syntax.every(({ code }) => HARMLESS.has(code));
  const value: unknown = usable ? document.toJS() : undefined;
  if (usable && (value === null || value === undefined)) {
    problems.push({ path: '', line: 1, message: 'holds no settings', remedy: `${START_FRESH}.` });
  }
  return { value, problems, findLine };
}

/** One problem for each faulty line: the parser finds several in what one stray character leaves behind. */
function describeSyntax(
  document: Document.Parsed,
  errors: readonly YAMLError[],
  forbidden: readonly ConfigProblem[],
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const lines = new Set(forbidden.map(({ line }) => line));
  const problems: ConfigProblem[] = [];
  for (const { code, pos, message } of errors) {
    const words = describeUrlProblem(code, message);
    const line = lineAt(isOpenQuote(words) ? findLastQuote(document, pos[0]) : pos[0]);
    const isConsequence = problems.length > 0 && code === 'UNEXPECTED_TOKEN';
    if (isConsequence || lines.has(line) || problems.length === MAX_SYNTAX_ERRORS) continue;
    lines.add(line);
    problems.push({ path: '', line, ...words });
  }
  return problems;
}

/** Where the last quoted text before an offset begins: the parser blames the end of the file for an open quote. */
function findLastQuote(document: Document.Parsed, before: number): number {
  let start = before;
  visit(document, {
    Scalar(_key, { type, range }) {
      if (type?.startsWith('QUOTE_') && range && range[0] < before) start = range[0];
    },
  });
  return start;
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
function findLineOfNode(
  document: Document.Parsed,
  path: SettingPath,
  lineAt: (offset: number) => number,
): number | undefined {
  let node: unknown = document.contents;
  let offset = findStart(node);
  for (const part of path) {
    let next: unknown;
    let found: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && item.key.value === part);
      [next, found] = [pair?.value, pair?.key];
    } else if (isSeq(node) && typeof part === 'number') {
      next = found = node.items[part];
    }
    if (findStart(found) === undefined) break;
    offset = findStart(found);
    node = next;
  }
  return offset === undefined ? undefined : lineAt(offset);
}

function findStart(node: unknown): number | undefined {
  return isNode(node) ? (node as Node).range?.[0] : undefined;
}

// Compares the invalid configurations of a test and their messages with a golden file, and likewise the warnings.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import { formatProblem, type ConfigProblem } from '../../src/config/config-error.js';
import { GoldenSections } from '../golden/assert-golden.js';
import { VALID } from './good-config.js';

const MAX_LINES = 16;
const MAX_LINE_CHARS = 120;

const problemsFile = new GoldenSections('bad-configurations.txt');
const warningsFile = new GoldenSections('configuration-warnings.txt');
let title = '';
const counts = new Map<GoldenSections, number>();

/** Records which test the configurations belong to. Call it in each `describe`. */
export function useGoldenProblems(): void {
  beforeEach(function () {
    title = this.currentTest?.fullTitle() ?? '';
    counts.clear();
  });
  after(() => {
    problemsFile.writeUpdates();
    warningsFile.writeUpdates();
  });
}

export function assertGoldenProblems(path: string, problems: readonly ConfigProblem[]): void {
  assertSection(problemsFile, path, problems);
}

export function assertGoldenWarnings(path: string, warnings: readonly ConfigProblem[]): void {
  assertSection(warningsFile, path, warnings);
}

function assertSection(golden: GoldenSections, path: string, problems: readonly ConfigProblem[]): void {
  assert.ok(title, 'useConfigFolder is called in this describe');
  const count = (counts.get(golden) ?? 0) + 1;
  counts.set(golden, count);
  const lines = problems.map((problem) => formatProblem(path, problem)).join('\n');
  const shown = lines
    .replaceAll(`${dirname(path)}/`, '')
    .replaceAll(dirname(path), '<folder>')
    .replaceAll(process.cwd(), '<current folder>');
  golden.assertSection(count === 1 ? title : `${title} (${count})`, `${showConfig(path)}\n${shown}`);
}

/** The lines of a file that differ from the valid configuration; if there are none, the lines that are missing. */
function showConfig(path: string): string {
  const lines = readLines(path);
  if (!lines) return '(no readable file)';
  const valid = VALID.trimEnd().split('\n');
  const start = countEqual(lines, valid);
  const rest = [lines.slice(start), valid.slice(start)] as const;
  const end = countEqual(rest[0].toReversed(), rest[1].toReversed());
  const [added = [], removed = []] = rest.map((part) => part.slice(0, part.length - end));
  const shown = added.length > 0 ? added.map((line) => `+ ${line}`) : removed.map((line) => `- ${line}`);
  const cut = shown.length > MAX_LINES ? [...shown.slice(0, MAX_LINES), '…'] : shown;
  return cut.map(showLine).join('\n') || '(the valid configuration)';
}

function readLines(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n');
  } catch {
    return undefined;
  }
}

function countEqual(a: readonly string[], b: readonly string[]): number {
  const at = a.findIndex((line, index) => line !== b[index]);
  return at === -1 ? a.length : at;
}

/** Without control characters, because Git would treat the file as binary. */
function showLine(line: string): string {
  const text = line.replace(/[\p{Cc}\uFEFF\uFFFD]/gu, escapeChar);
  return text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS - 1)}…` : text;
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

// Compares every bad configuration that a test tries, and the messages about it, with a golden file.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { ConfigError } from '../../src/config/config-error.js';
import { GoldenSections } from '../golden/assert-golden.js';
import { GOOD } from './good-config.js';

const MAX_LINES = 16;
const MAX_LINE_CHARS = 120;

const golden = new GoldenSections('bad-configurations.txt');
let current: { readonly title: string; count: number } | undefined;

/** Notes whose configurations those of `assertGoldenProblems` are. Call it at each `describe`. */
export function useGoldenProblems(): void {
  beforeEach(function () {
    current = { title: this.currentTest?.fullTitle() ?? '', count: 0 };
  });
  after(() => golden.writeUpdates());
}

export function assertGoldenProblems(path: string, { message }: ConfigError): void {
  assert.ok(current, 'useConfigFolder is called in this describe');
  current.count++;
  const title = current.count === 1 ? current.title : `${current.title} (${current.count})`;
  const shown = message.replaceAll(`${dirname(path)}/`, '').replaceAll(process.cwd(), '<current folder>');
  golden.assertSection(title, `${showConfig(path)}\n${shown}`);
}

/** The lines that a file has in place of those of the good configuration; where it has none, those that it lacks. */
function showConfig(path: string): string {
  const lines = readLines(path);
  if (!lines) return '(no file that can be read)';
  const good = GOOD.trimEnd().split('\n');
  const start = countEqual(lines, good);
  const rest = [lines.slice(start), good.slice(start)] as const;
  const end = countEqual(rest[0].toReversed(), rest[1].toReversed());
  const [added = [], removed = []] = rest.map((part) => part.slice(0, part.length - end));
  const shown = added.length > 0 ? added.map((line) => `+ ${line}`) : removed.map((line) => `- ${line}`);
  const cut = shown.length > MAX_LINES ? [...shown.slice(0, MAX_LINES), '…'] : shown;
  return cut.map(showLine).join('\n') || '(the good configuration)';
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

/** Without control characters, for which Git would take the file for a binary one. */
function showLine(line: string): string {
  const text = line.replace(/[\p{Cc}\uFEFF\uFFFD]/gu, escapeChar);
  return text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS - 1)}…` : text;
}

function escapeChar(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

// Compares text with a golden file in this folder. UPDATE_GOLDEN=1 writes the file instead, except if CI is set.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const GOLDEN_FOLDER = fileURLToPath(new URL('.', import.meta.url));

export function isUpdating(env: NodeJS.ProcessEnv = process.env): boolean {
  return env['UPDATE_GOLDEN'] === '1' && !env['CI'];
}

/** @param name file name in test/golden/, as a literal: a test searches for it in the sources */
export function assertGolden(name: string, text: string, folder = GOLDEN_FOLDER): void {
  const path = join(folder, name);
  const content = `${text.trimEnd()}\n`;
  if (isUpdating()) writeFileSync(path, content);
  assert.equal(content, existsSync(path) ? readFileSync(path, 'utf8') : undefined, howToUpdate(name));
}

/** A golden file shared by many tests, with one section `## title` per test. */
export class GoldenSections {
  readonly #name: string;
  readonly #path: string;
  readonly #recorded: ReadonlyMap<string, string>;
  readonly #updates = new Map<string, string>();

  /** Reads the file immediately, because a test may drop the permission to read it. */
  constructor(name: string, folder = GOLDEN_FOLDER) {
    this.#name = name;
    this.#path = join(folder, name);
    this.#recorded = readSections(this.#path);
  }

  assertSection(title: string, text: string): void {
    if (isUpdating()) this.#updates.set(title, text.trim());
    else assert.equal(text.trim(), this.#recorded.get(title), howToUpdate(`${this.#name} ("${title}")`));
  }

  /** Writes the sections collected with UPDATE_GOLDEN=1, and keeps the others. */
  writeUpdates(): void {
    if (this.#updates.size > 0) writeSections(this.#path, readSections(this.#path), this.#updates);
    this.#updates.clear();
  }
}

/** From the title of each section to its text. */
export function readSections(path: string): Map<string, string> {
  if (!existsSync(path)) return new Map();
  const [, ...sections] = `\n${readFileSync(path, 'utf8')}`.split('\n## ');
  return new Map(
    sections.map((section) => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), section.slice(end).trim()];
    }),
  );
}

function writeSections(path: string, ...parts: readonly ReadonlyMap<string, string>[]): void {
  const sections = new Map(parts.flatMap((part) => [...part]));
  const sorted = [...sections].toSorted(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(path, sorted.map(([title, text]) => `## ${title}\n\n${text}\n`).join('\n'));
}

function howToUpdate(what: string): string {
  return `test/golden/${what} differs. Run this test with UPDATE_GOLDEN=1 and review the diff.`;
}

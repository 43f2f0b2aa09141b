// Reports words that are unusual in technical English, in text and in names.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IN_NAMES, IN_TEXT } from './odd-word-list.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Third-party texts, recorded texts, and the word list with its tests. */
const EXEMPT =
  /^(package-lock\.json|LICENSE|test\/histories\/.*|(scripts|test\/scripts)\/dev\/odd-word.*)$|\/fixtures\//;
const EXPORT =
  /^export (?:async |abstract |declare )*(?:function\*?|const|let|class|interface|type) +(\w+)/gm;

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly word: string;
  readonly write: string;
}

export function findInText(file: string, text: string): Place[] {
  // Quotations in decision records stay unchanged.
  const own = file.startsWith('docs/decisions/') ? text.replace(/^>.*$/gm, '') : text;
  return Object.entries(IN_TEXT).flatMap(([word, write]) =>
    [...own.matchAll(toPattern(word))].map(({ index }) => ({ file, line: lineAt(own, index), word, write })),
  );
}

/** A phrase can continue on the next line, after a comment mark. */
function toPattern(word: string): RegExp {
  return new RegExp(`\\b${word.replaceAll(' ', '[\\s/*#]+')}\\b`, 'gi');
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

/** Searches the file path and the exported names of a TypeScript file. */
export function findInNames(file: string, text: string): Place[] {
  const exported = file.endsWith('.ts') ? [...text.matchAll(EXPORT)] : [];
  const names = [
    { name: file, line: 1 },
    ...exported.map(({ 1: name = '', index }) => ({ name, line: lineAt(text, index) })),
  ];
  return names.flatMap(({ name, line }) =>
    Object.entries(IN_NAMES)
      .filter(([word]) => ` ${toWords(name)} `.includes(` ${word} `))
      .map(([word, write]) => ({ file, line, word, write })),
  );
}

/** Converts `readStoreName`, `READ_STORE_NAME` and `read-store-name.ts` to `read store name`. */
function toWords(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
    .replace(/[^A-Za-z]+/g, ' ')
    .toLowerCase()
    .trim();
}

export function describePlace({ file, line, word, write }: Place): string {
  return `${file}:${line}: ${word}, write ${write}`;
}

function readTree(): [file: string, text: string][] {
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const listed = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], options).split('\0');
  return listed
    .filter((file) => file !== '' && !EXEMPT.test(file) && existsSync(join(ROOT, file)))
    .map((file): [string, string] => [file, readFileSync(join(ROOT, file), 'utf8')])
    .filter(([, text]) => !text.includes('\0'));
}

function main(): void {
  const places = readTree().flatMap(([file, text]) => [
    ...findInNames(file, text),
    ...findInText(file, text),
  ]);
  for (const place of places) process.stderr.write(`${describePlace(place)}\n`);
  if (places.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();

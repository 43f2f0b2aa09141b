// Hostile input for parsers: random text and JSON, and valid inputs with small changes, which reach further.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import fc from 'fast-check';

/** Runs of each property. `FUZZ_RUNS=100000 npx mocha 'test/fuzz/*.test.ts'` searches longer. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100);

/** Only against hanging; without a limit for a longer search. */
export const TIMEOUT_MS = process.env['FUZZ_RUNS'] === undefined ? 180_000 : 0;

/** Stands for a secret in an input. */
export const CANARY = 'canary-that-must-not-show';

/** Checks a property; fast-check prints seed and smallest counterexample of a failure. */
export function check<T>(
  input: fc.Arbitrary<T>,
  holds: (value: T) => void,
  examples: readonly T[] = [],
): void {
  fc.assert(fc.property(input, holds), { numRuns: RUNS, examples: examples.map((value) => [value]) });
}

/** @param share of the usual number of runs, for properties that are slow */
export async function checkAsync<T>(
  input: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void>,
  { share = 1, examples = [] }: { readonly share?: number; readonly examples?: readonly T[] } = {},
): Promise<void> {
  const numRuns = Math.ceil(RUNS * share);
  await fc.assert(fc.asyncProperty(input, holds), { numRuns, examples: examples.map((value) => [value]) });
}

/** Returns the result, or the error if it is one of these; any other error fails the test. */
export function resultOf<T, E extends Error>(
  parse: () => T,
  ...known: readonly (abstract new (...given: never[]) => E)[]
): T | E {
  try {
    return parse();
  } catch (error) {
    return expectKnown(error, known);
  }
}

/** Like `resultOf`. */
export async function settle<T, E extends Error>(
  promise: Promise<T>,
  ...known: readonly (abstract new (...given: never[]) => E)[]
): Promise<T | E> {
  return promise.catch((error: unknown) => expectKnown(error, known));
}

function expectKnown<E extends Error>(
  error: unknown,
  known: readonly (abstract new (...given: never[]) => E)[],
): E {
  const found = known.some((type) => error instanceof type);
  assert.ok(found, `an error that the catalogue does not know: ${inspect(error)}`);
  return error as E;
}

/** No part of a result or error contains the canary, in plain text or as base64. */
export function assertHidden(value: unknown): void {
  const shown = [inspect(value, { depth: 8, showHidden: true }), value instanceof Error ? value.message : ''];
  for (const form of [CANARY, Buffer.from(CANARY).toString('base64').replace(/=+$/, '')])
    assert.ok(!shown.some((part) => part.includes(form)), `shows a secret: ${inspect(value)}`);
}

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'then'];

const FRAGMENTS = [
  ...PROTOTYPE_NAMES,
  ...['', ' ', '\t', '\n', '\r\n', '\0', '\u001b[2J', '\u007f', '\u0085', '\u00a0', '\u00ad', '\u200b'],
  ...['\u202e', '\u2066', '\u2028', '\ufeff', '\ud800', '\udc00', '\ud83d\ude00', 'İ', 'ſ', 'ａ', 'xn--'],
  ...['/', '\\', ':', '::', '@', '#', '?', '%', '%00', '%ud', '"', "'", '`', '$', '{', '}', '[', ']', '[::1'],
  ...['*', '**', '.', '..', '-', '--', '_', ',', ';', '=', '==', '<<: *a', '&a', '!!js', '---', 'null'],
  ...['0', '-0', '1e999', 'NaN', 'Infinity', '9007199254740993', '00', '0x7f.1', '127.1', '::ffff:127.0.0.1'],
  ...['localhost.', 'https://', 'HTTP://', 'file:///', 'javascript:', CANARY],
];

/** Text with control and bidirectional characters, lone surrogates, prototype names; also very long. */
export function text(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 8 }).map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom(...FRAGMENTS, 'a', 'connection', 'a.', 'lookup '),
        fc.constantFrom(300, 5_000, 70_000),
      )
      .map(([part, length]) => part.repeat(Math.ceil(length / Math.max(1, part.length))).slice(0, length)),
  );
}

type Edit = (text: string) => string;

function edit(): fc.Arbitrary<Edit> {
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  const place = (value: string, share: number): number => Math.floor(share * (value.length + 1));
  return fc.oneof(
    at.map(
      (from): Edit =>
        (value) =>
          value.slice(0, place(value, from)),
    ),
    fc.tuple(at, fc.nat(4)).map(([from, count]): Edit => (value) => {
      const start = place(value, from);
      return value.slice(0, start) + value.slice(start + count);
    }),
    fc.tuple(at, fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'binary', maxLength: 3 }))).map(
      ([from, part]): Edit =>
        (value) =>
          value.slice(0, place(value, from)) + part + value.slice(place(value, from)),
    ),
    fc.tuple(at, at).map(([from, to]): Edit => (value) => {
      const [start, end] = [place(value, from), place(value, to)].toSorted((a, b) => a - b);
      return value + value.slice(start, end);
    }),
    fc.constantFrom<Edit>(
      (value) => value.toUpperCase(),
      (value) => value.split('').reverse().join(''),
      (value) => ` ${value}\n`,
    ),
  );
}

/** Valid inputs with up to three edits, and random text. */
export function mutated(...valid: readonly string[]): fc.Arbitrary<string> {
  const edited = fc
    .tuple(fc.constantFrom(...valid), fc.array(edit(), { maxLength: 3 }))
    .map(([value, edits]) => edits.reduce((changed, apply) => apply(changed), value));
  return fc.oneof({ weight: 4, arbitrary: edited }, { weight: 1, arbitrary: text() });
}

/** Any JSON, and what `JSON.parse` returns for unusual text: own `__proto__`, Infinity, 500 levels. */
export function json(): fc.Arbitrary<unknown> {
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.oneof(
        fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, Infinity, NaN, '', 'NaN', -0, 2 ** 53),
        text(),
        fc.constantFrom(nested('['), nested('{')),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.oneof(fc.constantFrom(...PROTOTYPE_NAMES), fc.string()), tie('value')), {
          maxLength: 4,
        })
        .map(toObject),
    ),
  }));
  return value;
}

function nested(bracket: '[' | '{'): unknown {
  const [open, close] = bracket === '[' ? ['[', ']'] : ['{"a":', '}'];
  return JSON.parse(`${open.repeat(500)}1${close.repeat(500)}`.replace('[1]', '[]'));
}

/** As `JSON.parse` creates it: `__proto__` is a field. */
function toObject(entries: readonly (readonly [string, unknown])[]): object {
  const object = {};
  for (const [key, value] of entries)
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

/** A valid value in which up to two parts, at any depth, are replaced, removed or renamed; or any JSON. */
export function mutatedJson(...valid: readonly unknown[]): fc.Arbitrary<unknown> {
  const change = fc.record({
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    kind: fc.constantFrom('replace', 'remove', 'rename', 'edit'),
    value: json(),
    apply: edit(),
  });
  const changed = fc
    .tuple(fc.constantFrom(...valid), fc.array(change, { maxLength: 2 }))
    .map(([value, changes]) => changes.reduce(applyChange, structuredClone(value)));
  return fc.oneof({ weight: 4, arbitrary: changed }, { weight: 1, arbitrary: json() });
}

interface Change {
  readonly place: number;
  readonly kind: 'replace' | 'remove' | 'rename' | 'edit';
  readonly value: unknown;
  readonly apply: Edit;
}

function applyChange(root: unknown, { place, kind, value: given, apply }: Change): unknown {
  // Generators share some of their values.
  const value = structuredClone(given);
  const places = listPlaces(root);
  const found = places[Math.floor(place * places.length)];
  if (!found) return value;
  const { parent, key } = found;
  const old = parent[key];
  if (kind === 'replace') parent[key] = value;
  if (kind === 'edit') parent[key] = typeof old === 'string' ? apply(old) : value;
  if (kind === 'remove') delete parent[key];
  if (kind === 'rename') {
    delete parent[key];
    Object.defineProperty(parent, apply(key), {
      value: old,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return root;
}

interface Place {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

function listPlaces(value: unknown, depth = 0): Place[] {
  if (typeof value !== 'object' || value === null || depth > 6) return [];
  const parent = value as Record<string, unknown>;
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...listPlaces(parent[key], depth + 1)]);
}

/** JSON text; empty for undefined, which is no JSON. */
export function toText(value: unknown): string {
  return value === undefined ? '' : JSON.stringify(value);
}

// Reads values from outside that have no type: each function returns what it names, or throws `UnexpectedValue`.
import { MAX_NAME_CHARS } from './config-limits.js';
import { cutText, MAX_CHARS } from './safe-text.js';

/** A value does not have the expected shape. Its text is not shown: it may be anything. */
export class UnexpectedValue extends Error {
  override readonly name = 'UnexpectedValue';
}

export type Read<T> = (value: unknown) => T;
export type Fields = Readonly<Record<string, unknown>>;

/** @throws UnexpectedValue when the condition is false */
export function expect(condition: boolean): asserts condition {
  if (!condition) throw new UnexpectedValue();
}

export function readFields(value: unknown): Fields {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value));
  return value as Fields;
}

/**
 * Becomes part of activity ids, where Temporal rejects half of a surrogate pair: the task would fail until the run times
 * out.
 */
export function readName(value: unknown): string {
  expect(typeof value === 'string' && value.length <= MAX_NAME_CHARS && !/[\p{Cc}\p{Cs}]/u.test(value));
  return value;
}

/** A message: what is too long is cut. */
export function readText(value: unknown): string {
  expect(typeof value === 'string');
  return cutText(value, MAX_CHARS.printed).replaceAll(/\p{Cs}/gu, '\ufffd');
}

export function readFlag(value: unknown): boolean {
  expect(typeof value === 'boolean');
  return value;
}

/** A time as `toISOString` writes it, so that times can be compared as texts. */
export function readTime(value: unknown): string {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  expect(!Number.isNaN(ms) && new Date(ms).toISOString() === value);
  return value;
}

/** A whole number from 0 to `most`. */
export function countTo(most: number): Read<number> {
  return (value) => {
    expect(Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most);
    return value as number;
  };
}

export function oneOf<T extends string>(values: readonly T[]): Read<T> {
  return (value) => {
    const found = values.find((candidate) => candidate === value);
    expect(found !== undefined);
    return found;
  };
}

export function orNull<T>(read: Read<T>): Read<T | null> {
  return (value) => (value === null ? null : read(value));
}

export function listOf<T>(read: Read<T>, most: number): Read<T[]> {
  return (value) => {
    expect(Array.isArray(value) && value.length <= most);
    return value.map((item) => read(item));
  };
}

/** An optional field, as an object to be spread. */
export function optional<K extends string, T>(
  fields: Fields,
  key: K,
  read: Read<T>,
): { readonly [P in K]?: T } {
  const value = fields[key];
  return value === undefined ? {} : ({ [key]: read(value) } as { readonly [P in K]: T });
}

/** @throws UnexpectedValue when an item is there twice */
export function expectUnique(items: readonly unknown[]): void {
  expect(new Set(items).size === items.length);
}

/** @throws UnexpectedValue when an item is not among the allowed ones */
export function expectSubset(items: readonly string[], allowed: readonly string[]): void {
  const known = new Set(allowed);
  expect(items.every((item) => known.has(item)));
}

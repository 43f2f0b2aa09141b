// The type of a list of fields, derived from the type of a JSON document, so that the compiler compares both.
import type { FailureType } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';

/** `{ a: 'text' }` for a field, `{ values: … }` for each value of an enumeration, a list of one for a list. */
export type Shape =
  string | readonly [Shape] | { readonly values: object } | { readonly [field: string]: Shape };

type ShapeOf<T> = [T] extends [RefreshReport]
  ? 'report'
  : [T] extends [FailureType]
    ? 'failure type'
    : [T] extends [boolean]
      ? 'boolean'
      : [T] extends [number]
        ? 'number'
        : [T] extends [string]
          ? string extends T
            ? 'text'
            : { readonly values: Readonly<Record<T, true>> }
          : [T] extends [readonly (infer Item)[]]
            ? readonly [ShapeOf<Item>]
            : Fields<T>;

export type Fields<T> = { readonly [Field in keyof T]-?: ShapeOf<NonNullable<T[Field]>> };

// Schema checks that zod does not have: of a single value, and across settings.
import { z } from 'zod';
import { suggestKey } from '../../refresh/did-you-mean.js';
import { formatNames, type Fault, type Reading, type SettingPath } from '../config-error.js';

type Context = z.core.$RefinementCtx;

/** Reports a fault at a path below the checked value. */
export function addFault(context: Context, { message, ...params }: Fault, path: SettingPath = []): void {
  context.addIssue({ code: 'custom', path: [...path], message, params });
}

/** A missing setting that others require. */
export function requiredBy(...keys: readonly string[]): Fault {
  return { code: 'missing', message: `is required by ${formatNames(keys)}` };
}

/** A step of `superRefine` that reports the fault that a function finds in a value. */
export function report<T>(find: (value: T) => Fault | undefined): (value: T, context: Context) => void {
  return (value, context) => {
    const fault = find(value);
    if (fault) addFault(context, fault);
  };
}

/** A step of `transform` that converts a value with a function, or reports the fault that it finds. */
export function convert<In, Out>(read: (value: In) => Reading<Out>): (value: In, context: Context) => Out {
  return (value, context) => {
    const reading = read(value);
    if ('result' in reading) return reading.result;
    addFault(context, reading);
    return z.NEVER;
  };
}

/** Input of a check across the settings of a mapping. */
export interface Settings<T> {
  /** The valid settings. */
  readonly valid: Partial<T>;
  /** Whether the setting at a path is present: valid, invalid, or with a recognizable typo in its key. */
  isGiven(...path: readonly string[]): boolean;
  /** Whether an unknown key is probably a typo of it. */
  isMistyped(...path: readonly string[]): boolean;
  report(fault: Fault, ...path: SettingPath): void;
}

/**
 * Adds a check across the settings of a mapping, which also runs when some of them are invalid, and a conversion.
 * @param make converts settings that are all valid
 */
export function checkTogether<S extends z.ZodObject, Out>(
  schema: S,
  check: (settings: Settings<z.output<S>>) => void,
  make: (settings: z.output<S>) => Out,
) {
  const checked = schema.superRefine(
    (value, context) => {
      const invalid = new Set(context.issues.map(({ path = [] }) => path[0]));
      const isMistyped = (...path: readonly string[]): boolean =>
        findTypo(context.issues, path) !== undefined;
      check({
        valid: Object.fromEntries(Object.entries(value).filter(([key]) => !invalid.has(key))) as Partial<
          z.output<S>
        >,
        isGiven: (...path) => findValue(value, path) !== undefined || isMistyped(...path),
        isMistyped,
        report: (fault, ...path) => {
          const setting = path.slice(0, 1).map(String);
          // A typo is one problem, and is reported at the mistyped key.
          const isTypo = findValue(value, setting) === undefined && isMistyped(...setting);
          if (!isTypo) addFault(context, fault, path);
        },
      });
    },
    { when: ({ value }) => isMapping(value) },
  );
  return checked.transform((settings, context): Out =>
    // zod skips this step after every issue except unknown keys.
    context.issues.length === 0 ? make(settings) : (settings as unknown as Out),
  );
}

export function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function findValue(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' ? (inner as Record<string, unknown> | null)?.[key] : undefined,
    value,
  );
}

/** The unknown key that is probably a typo of the setting at a path. */
export function findTypo(issues: Context['issues'], path: readonly string[]): string | undefined {
  const wanted = path.at(-1) ?? '';
  const parent = path.slice(0, -1).join('.');
  return issues
    .filter((issue) => issue.code === 'unrecognized_keys' && (issue.path ?? []).join('.') === parent)
    .flatMap((issue) => issue['keys'] as string[])
    .find((key) => suggestKey(key, [wanted]) !== undefined);
}

/** Each item with the same key as an earlier one. */
export function findDuplicates<T>(
  items: readonly T[],
  getKey: (item: T) => string | undefined,
): { readonly item: T; readonly first: T }[] {
  const seen = new Map<string, T>();
  return items.flatMap((item) => {
    const key = getKey(item);
    const first = key === undefined ? undefined : seen.get(key);
    if (key !== undefined && first === undefined) seen.set(key, item);
    return first === undefined ? [] : [{ item, first }];
  });
}

/** A valid item of a list, and its position. */
export interface Item<T> {
  readonly value: T;
  readonly index: number;
}

/** Adds a check across the items of a list, which also runs when some of them are invalid. */
export function checkItems<S extends z.ZodArray>(
  schema: S,
  check: (items: readonly Item<z.output<S>[number]>[], report: (fault: Fault, index: number) => void) => void,
): S {
  return schema.superRefine(
    (values, context) => {
      const invalid = new Set(context.issues.map(({ path = [] }) => path[0]));
      const items = values
        .map((value, index) => ({ value, index }))
        .filter(({ index }) => !invalid.has(index));
      check(items, (fault, index) => addFault(context, fault, [index]));
    },
    { when: ({ value }) => Array.isArray(value) },
  );
}

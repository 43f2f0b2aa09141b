// Owns the words for what the schema finds wrong: zod's issues become message and remedy, with an example of the
// setting. Refuses zod's own messages, which say neither what to write nor where.
import { stringify } from 'yaml';
import type { z } from 'zod';

import { formatPath, formatKey, type ReportProblem, type SettingPath } from './config-error.js';
import { configJsonSchema, type JsonSchema } from './schema/config.js';
import { suggestKey } from '../refresh/did-you-mean.js';

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping of settings',
  record: 'a mapping of names to values',
  string: 'text',
  boolean: 'true or false',
};

/** Reports everything that the schema found wrong with the parsed file. */
export function reportIssues(issues: readonly z.core.$ZodIssue[], raw: unknown, report: ReportProblem): void {
  const schema = configJsonSchema();
  const all = issues.flatMap((issue) => choiceMeant(issue, valueAt(raw, toPath(issue))));
  const mistyped = listMistyped(all, schema);
  for (const issue of all) {
    const path = toPath(issue);
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknownKey(schemaAt(schema, path), path, key, report);
    } else {
      const value = valueAt(raw, path);
      // One slip is one fault: the mistyped key names this one.
      if (value === undefined && mistyped.has(formatPath(path))) continue;
      report(path, describeIssue(issue, value), describeRemedy(schema, path, value));
    }
  }
}

/** Of a choice between text and one kind of mapping, the faults of the mapping that stands there. */
function choiceMeant(issue: z.core.$ZodIssue, value: unknown): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union' || typeof value !== 'object' || value === null) return [issue];
  const ofMappings = issue.errors.filter(
    (faults) => !faults.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const [faults, ...others] = ofMappings;
  if (!faults || others.length > 0) return [issue];
  return faults.map((fault) => ({ ...fault, path: [...issue.path, ...fault.path] }));
}

/** Paths of the settings that mistyped keys are taken for. */
function listMistyped(issues: readonly z.core.$ZodIssue[], schema: JsonSchema): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const path = toPath(issue);
    for (const key of issue.keys) {
      const meant = suggestKey(key, keysKnownTo(schemaAt(schema, path)));
      if (meant !== undefined) paths.add(formatPath([...path, meant]));
    }
  }
  return paths;
}

function toPath(issue: z.core.$ZodIssue): SettingPath {
  return issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
}

function reportUnknownKey(schema: JsonSchema, path: SettingPath, key: string, report: ReportProblem): void {
  const known = keysKnownTo(schema);
  const meant = suggestKey(key, known);
  report(
    [...path, key],
    'is no setting of this release',
    meant === undefined
      ? `Remove it; the settings here are ${known.join(', ')}.`
      : `Did you mean \`${meant}\`?`,
  );
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty';
  switch (issue.code) {
    case 'invalid_type':
      return `is not ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return 'is empty';
    case 'too_big':
      return issue.origin === 'array'
        ? `has more than ${issue.maximum} entries`
        : `is longer than ${issue.maximum} characters`;
    default:
      // Patterns, unions and literals bring words of their own from the schema.
      return issue.message;
  }
}

function describeRemedy(schema: JsonSchema, path: SettingPath, value: unknown): string {
  const { setting, key, isItem } = nearestExample(schema, path);
  const example = setting.examples?.[0];
  if (example === undefined) return 'See docs/configuration.md.';
  const written = toYaml(example);
  const choices = isItem ? setting.items : setting;
  const form = choices?.anyOf?.find(({ type }) => type === 'string') ?? choices;
  if ((typeof value === 'number' || typeof value === 'boolean') && wouldFitQuoted(value, form)) {
    return `Put it in quotes: \`${key}: ${quoted(example) ?? written}\`.`;
  }
  const isMapping = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (setting.type === 'array' && !isItem && isMapping)
    return 'Begin each entry below it with a hyphen: `- `.';
  const otherwise = value === null && !isItem && isOptional(schema, path) ? ', or remove it' : '';
  return `Write for example \`${key}: ${written}\`${otherwise}.`;
}

function isOptional(schema: JsonSchema, path: SettingPath): boolean {
  const { properties, required } = schemaAt(schema, path.slice(0, -1));
  const key = String(path.at(-1));
  return properties !== undefined && Object.hasOwn(properties, key) && !required?.includes(key);
}

/** Whether quotes are all that a number needs: `account: 123456789012`, but not `every: 4`, which lacks its unit. */
function wouldFitQuoted(value: number | boolean, form: JsonSchema | undefined): boolean {
  return form?.type === 'string' && new RegExp(form.pattern ?? '').test(String(value));
}

/** The setting at a path that has an example: for entries of a list, the list. */
function nearestExample(
  schema: JsonSchema,
  path: SettingPath,
): { setting: JsonSchema; key: string; isItem: boolean } {
  let length = path.length;
  while (
    length > 1 &&
    (typeof path[length - 1] === 'number' || !schemaAt(schema, path.slice(0, length)).examples)
  ) {
    length--;
  }
  const setting = length === 0 ? {} : schemaAt(schema, path.slice(0, length));
  return { setting, key: formatKey(String(path[length - 1] ?? '')), isItem: length < path.length };
}

function schemaAt(root: JsonSchema, path: SettingPath): JsonSchema {
  let schema: JsonSchema = root;
  for (const part of path) {
    schema = (typeof part === 'number' ? schema.items : getProperty(schema, part)) ?? {};
  }
  return schema;
}

function getProperty(schema: JsonSchema, key: string): JsonSchema | undefined {
  const own = schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  return own ?? schema.anyOf?.map((choice) => getProperty(choice, key)).find((found) => found !== undefined);
}

function keysKnownTo(schema: JsonSchema): string[] {
  return [
    ...new Set([...Object.keys(schema.properties ?? {}), ...(schema.anyOf ?? []).flatMap(keysKnownTo)]),
  ];
}

function valueAt(raw: unknown, path: SettingPath): unknown {
  let value: unknown = raw;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}

/** A value as one writes it into the file, on one line: `{env: AIRFLOW_PASSWORD}`. */
export function toYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}

function quoted(example: unknown): string | undefined {
  const text: unknown = Array.isArray(example) ? example[0] : example;
  if (typeof text !== 'string') return undefined;
  return Array.isArray(example) ? `[${JSON.stringify(text)}]` : JSON.stringify(text);
}

// Owns the words for what the schema finds wrong: zod's issues become message and remedy, with an example of the
// setting. Refuses zod's own messages, which say neither what to write nor where.
import { stringify } from 'yaml';
import type { z } from 'zod';

import { showKey, type ReportProblem, type SettingPath } from './problems.js';
import { configJsonSchema, type JsonSchema } from './schema.js';
import { suggestKey } from './suggest.js';

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping of settings',
  string: 'text',
  boolean: 'true or false',
};

/** Reports everything that the schema found wrong with the parsed file. */
export function reportIssues(issues: readonly z.core.$ZodIssue[], raw: unknown, report: ReportProblem): void {
  const schema = configJsonSchema();
  for (const issue of issues) {
    const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code === 'unrecognized_keys') {
      for (const key of issue.keys) reportUnknownKey(schemaAt(schema, path), path, key, report);
    } else {
      const value = valueAt(raw, path);
      report(path, describeIssue(issue, value), describeRemedy(schema, path, value));
    }
  }
}

function reportUnknownKey(schema: JsonSchema, path: SettingPath, key: string, report: ReportProblem): void {
  const known = Object.keys(schema.properties ?? {});
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
  const written = writeYaml(example);
  const form = isItem ? setting.items : (setting.anyOf?.find(({ type }) => type === 'string') ?? setting);
  if ((typeof value === 'number' || typeof value === 'boolean') && wouldFitQuoted(value, form)) {
    return `Put it in quotes: \`${key}: ${quoted(example) ?? written}\`.`;
  }
  return `Write for example \`${key}: ${written}\`.`;
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
  return { setting, key: showKey(String(path[length - 1] ?? '')), isItem: length < path.length };
}

function schemaAt(root: JsonSchema, path: SettingPath): JsonSchema {
  let schema: JsonSchema = root;
  for (const part of path) {
    schema = (typeof part === 'number' ? schema.items : propertyOf(schema, part)) ?? {};
  }
  return schema;
}

function propertyOf(schema: JsonSchema, key: string): JsonSchema | undefined {
  return schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
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
export function writeYaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: false, lineWidth: 0 }).trim();
}

function quoted(example: unknown): string | undefined {
  const text: unknown = Array.isArray(example) ? example[0] : example;
  if (typeof text !== 'string') return undefined;
  return Array.isArray(example) ? `[${JSON.stringify(text)}]` : JSON.stringify(text);
}

// Converts zod issues to configuration problems: place, message and fix.
import type { z } from 'zod';
import { suggestKey } from '../refresh/did-you-mean.js';
import {
  formatKey,
  formatNames,
  formatPath,
  type Fault,
  type ProblemCode,
  type SettingPath,
} from './config-error.js';
import { isMapping } from './schema/checks.js';
import { NO_UNIT } from './schema/values.js';
import {
  configJsonSchema,
  listSettings,
  toSettingName,
  toYaml,
  type JsonSchema,
  type Setting,
} from './settings.js';

type Issue = z.core.$ZodIssue;
type Settings = ReadonlyMap<string, Setting>;

export interface SchemaProblem extends Fault {
  readonly at: SettingPath;
  readonly remedy: string;
}

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  object: 'a mapping of settings',
  record: 'a mapping of names to values',
  string: 'text',
  boolean: 'true or false',
};

const EMPTY = 'is empty';
const CONSEQUENCES: ReadonlySet<string> = new Set(['too_big', 'too_small', 'invalid_format']);

/** @param issues of a `safeParse` by the schema with `reportInput` */
export function toProblems(issues: readonly Issue[], schema: z.ZodType): SchemaProblem[] {
  const settings: Settings = new Map(
    listSettings(configJsonSchema(schema)).map((setting) => [setting.path, setting]),
  );
  const typos = new Set<string>();
  const reported = new Set<string>();
  const problems = issues.flatMap(chooseBranch).flatMap((issue): SchemaProblem[] => {
    const at = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
    if (issue.code !== 'unrecognized_keys') {
      // zod also checks the length of a value of the wrong type, and the pattern of a text that is too long.
      const place = at.join('\0');
      if (CONSEQUENCES.has(issue.code) && reported.has(place)) return [];
      reported.add(place);
      const { remedy = describeExample(settings, at, issue.input), ...fault } = toFault(issue);
      return [{ at, ...fault, remedy: describeShellVariable(settings, at, issue.input) ?? remedy }];
    }
    const known = listKeys(settings, at);
    return issue.keys.map((key) => {
      const glued = findGlued(key, known);
      const meant = glued?.name ?? suggestKey(key, known);
      if (meant !== undefined) typos.add(formatPath([...at, meant]));
      const form = glued && describeExample(settings, [...at, glued.name], undefined);
      return { at: [...at, key], ...describeUnknown(key, known, { glued, meant, form }) };
    });
  });
  // A typo is one problem: the setting that was meant is not also reported as missing.
  return problems.filter(({ code, at }) => code !== 'missing' || !typos.has(formatPath(at)));
}

/** For a union, the issues of the form that was meant: text, a list, or a mapping. */
function chooseBranch(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const [issues, ...others] = issue.errors.filter(
    (branch) => !branch.some(isOtherForm) && !isUnrelated(branch, issue.input),
  );
  if (!issues || others.length > 0) return [issue];
  return issues.flatMap((inner) => chooseBranch({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Whether a branch of a union is not the one that was meant. Faults of this schema have a code. */
function isOtherForm(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  return issue.code === 'invalid_type' || (issue.code === 'custom' && issue.params?.['code'] === undefined);
}

/**
 * Whether a mapping has none of the keys that a form requires, not even mistyped: `{evn: NAME}` was not meant as an
 * Airflow Variable.
 */
function isUnrelated(branch: readonly Issue[], input: unknown): boolean {
  const unknown = branch.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : []));
  const missing = branch
    .filter(({ code, path }) => code === 'invalid_type' && path.length === 1)
    .map(({ path }) => String(path[0]));
  const isAllUnknown = isMapping(input) && unknown.length === Object.keys(input).length;
  return (
    isAllUnknown &&
    unknown.length > 0 &&
    missing.length > 0 &&
    !unknown.some((key) => suggestKey(key, missing) !== undefined)
  );
}

function toFault(issue: Issue): Fault {
  if (issue.input === undefined) return { code: 'missing', message: 'is missing' };
  if (issue.input === null) return { code: 'empty', message: 'is empty' };
  const { message } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return {
        code: 'wrong-type',
        message: message === NO_UNIT ? NO_UNIT : `must be ${KINDS[issue.expected] ?? issue.expected}`,
      };
    case 'invalid_union':
      return { code: 'wrong-type', message };
    case 'too_small':
      return { code: 'empty', message: 'is empty' };
    case 'too_big':
      return issue.origin === 'array'
        ? {
            code: 'too-many',
            message: `has more than ${issue.maximum} entries`,
            remedy: 'Remove some of them.',
          }
        : { code: 'too-long', message: `is longer than ${issue.maximum} characters` };
    case 'custom': {
      const { code = 'invalid', remedy } = (issue.params ?? {}) as Partial<Fault>;
      return { code, message: issue.input === '' ? EMPTY : message, ...(remedy !== undefined && { remedy }) };
    }
    default:
      // Patterns and literals have their own messages in the schema.
      return { code: 'invalid', message: issue.input === '' ? EMPTY : message };
  }
}

/** A key that also contains its value: in braces, `password:value` and `password=value` are one key. */
interface Glued {
  readonly name: string;
  readonly sign: string;
}

function findGlued(key: string, known: readonly string[]): Glued | undefined {
  const [, name = '', sign = ''] = /^([\w-]{1,60})([:=])./.exec(key) ?? [];
  return known.includes(name) ? { name, sign } : undefined;
}

function describeUnknown(
  key: string,
  known: readonly string[],
  { glued, meant, form }: { glued: Glued | undefined; meant: string | undefined; form: string | undefined },
) {
  const code: ProblemCode = 'unknown-setting';
  const message = 'is not a known setting';
  if (glued) {
    const cause =
      glued.sign === ':' ? 'a space after the colon is missing' : '`=` is used instead of a colon';
    return { code, message: `${message}: ${cause}`, remedy: form ?? '' };
  }
  if (meant !== undefined) return { code, message, remedy: `Use \`${meant}\` if that is what you mean.` };
  const others = known.length === 0 ? '' : ` Available settings: ${formatNames(known)}.`;
  return { code, message, remedy: `Remove \`${formatKey(key)}\`.${others}` };
}

/** The keys of the mapping at a path. */
function listKeys(settings: Settings, path: SettingPath): string[] {
  const prefix = path.length === 0 ? '' : `${toSettingName(path)}.`;
  return [...settings.keys()]
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((key) => /^\w+$/.test(key));
}

function describeExample(settings: Settings, path: SettingPath, value: unknown): string {
  const { setting, key, isInside } = findSetting(settings, path);
  const example = setting?.schema.examples?.[0];
  if (!setting || example === undefined) return 'See docs/configuration.md.';
  const choices = isInside ? setting.schema.items : setting.schema;
  if (isQuotable(value, choices)) return `Put the value in quotes: \`${key}: ${toQuoted(example)}\`.`;
  if (setting.schema.type === 'array' && !isInside && isMapping(value)) {
    return 'Begin each entry with a hyphen and a space (`- `).';
  }
  if (!isInside && isSecret(setting.schema)) {
    return `Use the form \`${key}: {env: NAME}\` (an environment variable) or \`${key}: {file: PATH}\`.`;
  }
  const isOptional = setting.parent.required?.includes(key) !== true;
  const beginning = value === null && !isInside && isOptional ? `Remove \`${key}\`, or use` : 'Use';
  return `${beginning} the form \`${key}: ${toYaml(example)}\`.`;
}

/** Replaces any other fix, because the value is not what it seems to be. */
function describeShellVariable(settings: Settings, path: SettingPath, value: unknown): string | undefined {
  if (typeof value !== 'string' || !/\$\{\w+\}|^\$[A-Za-z_]\w*$/.test(value)) return undefined;
  const { setting, key, isInside } = findSetting(settings, path);
  const hasReference = !isInside && setting?.schema.anyOf?.some(({ properties }) => properties?.['env']);
  return hasReference
    ? `Use \`${key}: {env: NAME}\` with the whole value in the variable: shell variables are not expanded.`
    : 'Write the value instead of the variable: shell variables are not expanded.';
}

/** Whether a value must be a reference. */
function isSecret({ anyOf: forms }: JsonSchema): boolean {
  return forms?.every(({ properties }) => properties?.['env'] ?? properties?.['file']) ?? false;
}

/** The setting at a path, else the nearest one that contains it: for entries of a list, the list. */
function findSetting(
  settings: Settings,
  path: SettingPath,
): { setting: Setting | undefined; key: string; isInside: boolean } {
  let length = path.length;
  while (length > 1 && !settings.has(toSettingName(path.slice(0, length)))) length--;
  const setting = settings.get(toSettingName(path.slice(0, length)));
  return { setting, key: formatKey(String(path[length - 1] ?? '')), isInside: length < path.length };
}

/** Whether quotes are all that a number needs: `account: 123456789012`, but not `every: 4`, which has no unit. */
function isQuotable(value: unknown, schema: JsonSchema | undefined): boolean {
  if (typeof value !== 'number' && typeof value !== 'boolean') return false;
  const form = schema?.anyOf?.find(({ type }) => type === 'string') ?? schema;
  return form?.type === 'string' && new RegExp(form.pattern ?? '', 'u').test(String(value));
}

function toQuoted(example: unknown): string {
  return Array.isArray(example) ? `[${JSON.stringify(example[0])}]` : JSON.stringify(example);
}

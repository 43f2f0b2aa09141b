// Owns what the resolving of every section shares: reading what has its form, references, and words for repetition.
// Refuses to stop at the first fault: each setting that has its form is checked, whatever is wrong with others.
import type { z } from 'zod';

import { isRegion } from '../refresh/aws-regions.js';
import type { UrlProblem } from './urls.js';
import { formatPath, type ReportProblem, type SettingPath } from './config-error.js';
import { readReference, type Reference, type ReferenceSource } from './references.js';
import { suggestKey } from '../refresh/did-you-mean.js';

/** What settings are resolved with, and where faults go. */
export interface Resolution {
  readonly source: ReferenceSource;
  readonly report: ReportProblem;
  readonly warn: ReportProblem;
}

/** Text as it stands, or what a reference stands for; undefined, and reported, when that cannot be read. */
export function resolveValue(
  setting: string | Reference | undefined,
  at: SettingPath,
  { source, report }: Resolution,
): string | undefined {
  if (setting === undefined || typeof setting === 'string') return setting;
  const reading = readReference(setting, source);
  if ('value' in reading) return reading.value;
  report(at, reading.problem, reading.remedy);
  return undefined;
}

/** What a secret stands for now, to be checked and forgotten: it is read again when it is needed. */
export function checkSecret(
  reference: Reference,
  at: SettingPath,
  { source, report, warn }: Resolution,
): string | undefined {
  const reading = readReference(reference, source);
  if ('problem' in reading) {
    report(at, reading.problem, reading.remedy);
    return undefined;
  }
  if (reading.readableByAll !== undefined) {
    warn(
      at,
      `file ${reading.readableByAll} may be read by every user of this machine`,
      'Run `chmod o-r` on it; in Kubernetes set `defaultMode: 0400` on the volume.',
    );
  }
  return reading.value;
}

/** An AWS region; undefined, and reported, when it is none. */
export function checkRegion(
  region: string | undefined,
  at: SettingPath,
  resolution: Resolution,
): string | undefined {
  if (region === undefined || isRegion(region)) return region;
  const fault = { message: 'is no AWS region', remedy: 'Write for example `region: us-east-1`.' };
  return reportUrlProblem(fault, at, resolution);
}

/** Reports a value whose `key` was there before, and remembers the place of one that was not. */
export function reportDuplicate(
  value: string | undefined,
  at: SettingPath,
  seen: Map<string, string>,
  what: string,
  report: ReportProblem,
): void {
  if (value === undefined) return;
  const first = seen.get(value);
  if (first === undefined) seen.set(value, formatPath(at));
  else report(at, `repeats ${what} of ${first}`, 'Remove or rename one of the two.');
}

/** Reports a name that stands for nothing in the configuration. */
export function reportUnknownName(
  name: string,
  known: readonly string[],
  kind: 'airflow' | 'registry',
  at: SettingPath,
  { report }: Resolution,
): void {
  const list = { airflow: 'airflows', registry: 'registries' }[kind];
  const meant = suggestKey(name, known);
  const otherwise =
    known.length === 0
      ? `There is none; add an entry to \`${list}\`.`
      : `Write one of ${known.slice(0, 10).join(', ')}${known.length > 10 ? ', …' : ''}, or add it to \`${list}\`.`;
  report(
    at,
    `names no ${kind} of this configuration`,
    meant === undefined ? otherwise : `Did you mean \`${meant}\`?`,
  );
}

/** The `name` of every entry of a list that has a valid one. */
export function namesIn(raw: unknown, nameSchema: z.ZodType<string>): string[] {
  return toList(raw)
    .map((item) => nameSchema.safeParse(getField(item, 'name')).data)
    .filter((name) => name !== undefined);
}

export function reportUrlProblem(fault: UrlProblem, at: SettingPath, { report }: Resolution): undefined {
  report(at, fault.message, fault.remedy);
}

/** Those settings of a mapping that have their form. The schema has reported the others already. */
export function validFields<S extends z.ZodObject>(schema: S, raw: unknown): Partial<z.output<S>> {
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(schema.shape)) {
    const parsed = (field as z.ZodType).safeParse(getField(raw, key));
    if (parsed.success && parsed.data !== undefined) fields[key] = parsed.data;
  }
  return fields as Partial<z.output<S>>;
}

/** Whether a mapping has a setting, be it well formed or not, or one that is a mistyped form of it. */
export function isPresent(raw: unknown, key: string, schema: z.ZodObject): boolean {
  if (getField(raw, key) !== undefined) return true;
  const known = Object.keys(schema.shape);
  return getKeys(raw).some((other) => !known.includes(other) && suggestKey(other, known) === key);
}

export function isMapping(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw);
}

export function getKeys(raw: unknown): readonly string[] {
  return isMapping(raw) ? Object.keys(raw) : [];
}

export function getField(raw: unknown, key: string): unknown {
  return isMapping(raw) && Object.hasOwn(raw, key) ? raw[key] : undefined;
}

export function toList(raw: unknown): readonly unknown[] {
  return Array.isArray(raw) ? raw : [];
}

// The RefreshReport: what a run did, what failed, and how to fix it. It is limited to 256 KB, because Temporal would
// lose the report of a run whose result is too large.
import type { FailureType, Scope } from './failures.js';
import type { ProbeOutcome } from './activity-types.js';

export type Stage = 'plan' | 'inspect' | 'extract' | 'update' | 'test';

export interface TokenReport {
  readonly registries: readonly string[];
  readonly region: string;
  readonly principalArn: string | null;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** The end of the AWS session behind the token, where that is before `expiresAt`; otherwise `expiresAt`. */
  readonly usableUntil: string;
  readonly fingerprint: string;
  readonly check: ProbeOutcome;
}

/** The connections of one store that hold the token of one registry. */
export interface StoreReport {
  readonly store: string;
  /** For example `airflow`. */
  readonly kind: string;
  readonly registry: string;
  readonly refreshed: number;
  readonly failed: number;
  /** The last token written to the connections, in this run or an earlier one; null when there was none. */
  readonly fingerprint: string | null;
  readonly expiresAt: string | null;
  /** `usableUntil` of that token. */
  readonly usableUntil: string | null;
  /** The principal of that token; null when AWS did not return it. */
  readonly principalArn: string | null;
  readonly lastRefreshedAt: string | null;
}

export interface DockerReport {
  readonly engine: string;
  readonly version: string | null;
  readonly registry: string;
  readonly login: 'ok' | 'inconclusive' | 'rejected' | 'none';
  readonly fingerprint: string | null;
}

export interface FailureReport {
  readonly stage: Stage;
  readonly scope: Scope;
  readonly store?: string;
  readonly registry?: string;
  /** Only for the stage `test`. */
  readonly engine?: string;
  readonly type: FailureType;
  /** Number of affected connections; 0 when they are not known. */
  readonly count: number;
  /** The first 20 affected connections. */
  readonly connections: readonly string[];
  readonly message: string;
  readonly remedy: string;
  /** Start of the first run of the unbroken series of runs in which this place failed. */
  readonly failingSince?: string;
}

export interface RefreshReport {
  readonly outcome: 'refreshed' | 'incomplete';
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly tokens: readonly TokenReport[];
  readonly stores: readonly StoreReport[];
  readonly docker: readonly DockerReport[];
  readonly failures: readonly FailureReport[];
  readonly warnings: readonly string[];
}

/** Type of the failure that ends an incomplete run in Temporal; its first detail is the report. */
export const REFRESH_INCOMPLETE = 'RefreshIncomplete';

export const MAX_REPORT_BYTES = 256 * 1024;
export const MAX_LISTED_CONNECTIONS = 20;
const MAX_LISTED_REGISTRIES = 20;
const MAX_TEXT_CHARS = 500;

/**
 * Merges failures of the same stage, registry, store, engine and type, so that 10,000 equal failures are one entry. Two
 * engines keep separate messages and remedies.
 */
export function groupFailures(failures: readonly FailureReport[]): FailureReport[] {
  const groups = new Map<string, FailureReport>();
  for (const failure of failures) {
    const { stage, store, registry, engine, type, scope } = failure;
    // A failure without known connections, such as of a list, is not merged with failures of known connections.
    const isKnown = failure.count > 0;
    const key = JSON.stringify([stage, store, registry, engine, type, scope, isKnown]);
    const group = groups.get(key);
    groups.set(key, group ? mergeFailures(group, failure) : cutTexts(failure));
  }
  return [...groups.values()];
}

function mergeFailures(group: FailureReport, failure: FailureReport): FailureReport {
  return {
    ...group,
    count: group.count + failure.count,
    connections: [...group.connections, ...failure.connections].slice(0, MAX_LISTED_CONNECTIONS),
  };
}

function cutTexts(failure: FailureReport): FailureReport {
  return {
    ...failure,
    connections: failure.connections.slice(0, MAX_LISTED_CONNECTIONS),
    message: cut(failure.message),
    remedy: cut(failure.remedy),
  };
}

function cut(text: string): string {
  return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS - 1)}…` : text;
}

/** Shortens a report until it fits, the least important list first, and adds a warning for what was omitted. */
export function fitReport(report: RefreshReport): RefreshReport {
  let fitted: RefreshReport = { ...report, warnings: report.warnings.map(cut) };
  if (sizeInBytes(fitted) > MAX_REPORT_BYTES) fitted = cutRegistries(fitted);
  for (const list of ['warnings', 'docker', 'tokens', 'failures', 'stores'] as const) {
    while (sizeInBytes(fitted) > MAX_REPORT_BYTES && fitted[list].length > 1) {
      fitted = halveList(fitted, list);
    }
  }
  return fitted;
}

/** One token may serve thousands of registries: halving the list of tokens would not help. */
function cutRegistries(report: RefreshReport): RefreshReport {
  const tokens = report.tokens.map((token) => ({
    ...token,
    registries: token.registries.slice(0, MAX_LISTED_REGISTRIES),
  }));
  const isCut = report.tokens.some((token) => token.registries.length > MAX_LISTED_REGISTRIES);
  const note = `The report was too long: only the first ${MAX_LISTED_REGISTRIES} registries of each token are shown.`;
  return isCut ? { ...report, tokens, warnings: [note, ...report.warnings] } : report;
}

function halveList(report: RefreshReport, list: 'warnings' | 'docker' | 'tokens' | 'failures' | 'stores') {
  const kept = report[list].slice(0, Math.ceil(report[list].length / 2));
  const note = `The report was too long: its ${list} list was truncated.`;
  const shorter = { ...report, [list]: kept };
  return shorter.warnings.includes(note) ? shorter : { ...shorter, warnings: [note, ...shorter.warnings] };
}

function sizeInBytes(report: RefreshReport): number {
  return new TextEncoder().encode(JSON.stringify(report)).length;
}

/**
 * Parses the report in the result or failure details of a previous run; undefined when it is not a valid report. The
 * shape is checked because an older or newer release may have written it, and a report that broke one run would break
 * every later run.
 */
export function parseReport(value: unknown): RefreshReport | undefined {
  if (!isRecord(value)) return undefined;
  const isReport =
    (value['outcome'] === 'refreshed' || value['outcome'] === 'incomplete') &&
    hasStrings(value, 'startedAt', 'finishedAt') &&
    isArrayOf(value['tokens'], isRecord) &&
    isArrayOf(value['stores'], isStoreRow) &&
    isArrayOf(value['docker'], isRecord) &&
    isArrayOf(value['failures'], isFailureRow) &&
    isArrayOf(value['warnings'], (warning) => typeof warning === 'string');
  return isReport ? (value as unknown as RefreshReport) : undefined;
}

function isStoreRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'store', 'kind', 'registry')) return false;
  const { fingerprint, expiresAt, usableUntil, principalArn, lastRefreshedAt } = row;
  const carried = [fingerprint, expiresAt, usableUntil, principalArn, lastRefreshedAt];
  return (
    typeof row['refreshed'] === 'number' &&
    carried.every((field) => field === null || typeof field === 'string')
  );
}

function isFailureRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'stage', 'type')) return false;
  const { store, registry, engine, failingSince } = row;
  return [store, registry, engine, failingSince].every(
    (field) => field === undefined || typeof field === 'string',
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasStrings(record: Record<string, unknown>, ...keys: readonly string[]): boolean {
  return keys.every((key) => typeof record[key] === 'string');
}

function isArrayOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem);
}

/** One line for the Temporal UI, the log and the output of commands. */
export function summarizeReport(report: RefreshReport): string {
  const refreshed = report.stores.reduce((sum, row) => sum + row.refreshed, 0);
  const failed = report.failures.map((failure) => {
    const where = [failure.store, failure.registry, failure.engine].filter(Boolean).join(', ');
    return `${failure.type} at ${failure.stage}${where ? ` (${where})` : ''}`;
  });
  const connections = `${refreshed} connection${refreshed === 1 ? '' : 's'} refreshed`;
  if (failed.length === 0) return connections;
  const shown = failed.slice(0, 3).join('; ');
  return `${connections}; failed: ${shown}${failed.length > 3 ? `; and ${failed.length - 3} more` : ''}`;
}

// The RefreshReport: what a run did, what failed, and how to fix it. It is limited to 256 KB, because Temporal would
// lose the report of a run whose result is too large.
import { restoreFailure, type FailureType, type Scope } from './failures.js';
import type { ProbeOutcome } from './activity-types.js';
import type { Remedy } from './remedies/remedy.js';
import { MAX_CHARS, toSafeText } from './safe-text.js';

export type Stage = 'plan' | 'inspect' | 'extract' | 'update' | 'test';

export interface TokenReport {
  readonly registries: readonly string[];
  readonly region: string;
  readonly principalArn: string | null;
  readonly issuedAt: string;
  readonly expiresAt: string;
  /** The end of the AWS session behind the token, where that is before `expiresAt`; otherwise `expiresAt`. */
  readonly usableUntil: string;
  /** Whether tokens of this principal outlive their AWS session; null while unknown. */
  readonly outlivesSession: boolean | null;
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
  /** Whether that token outlives its AWS session, and so `usableUntil`; null while unknown. */
  readonly outlivesSession: boolean | null;
  /** The principal of that token; null when AWS did not return it. */
  readonly principalArn: string | null;
  readonly lastRefreshedAt: string | null;
}

/**
 * Until when the token in the connections of a row can be relied on, in ISO 8601: until its AWS session ends only where tokens
 * are known to end with it. Null when the connections were never refreshed.
 */
export function findReliableEnd({ outlivesSession, usableUntil, expiresAt }: StoreReport): string | null {
  return outlivesSession === false ? usableUntil : expiresAt;
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
  /** The first 1,000 affected connections; fewer in a report that would be too long. */
  readonly connections: readonly string[];
  readonly message: string;
  readonly remedy: Remedy;
  /** Start of the first run of the unbroken series of runs in which this place failed. */
  readonly failingSince?: string;
}

/** A check that should have verified a token that was written, and did not. */
export interface UnprovenReport {
  /** Absent when it concerns all registries. */
  readonly registry?: string;
  /** The Docker Engine of a login test; absent when it is the check of the token with the registry. */
  readonly engine?: string;
  readonly reason: 'unreachable' | 'inconclusive' | 'not tested';
}

export interface RefreshReport {
  readonly outcome: 'refreshed' | 'incomplete';
  readonly runId: string;
  /** Of the configuration that the run used; null when it could not read any. */
  readonly configHash: string | null;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly tokens: readonly TokenReport[];
  readonly stores: readonly StoreReport[];
  readonly docker: readonly DockerReport[];
  readonly failures: readonly FailureReport[];
  /** Empty when every token that was written has been verified. */
  readonly unproven: readonly UnprovenReport[];
  readonly warnings: readonly string[];
}

/** Type of the failure that ends an incomplete run in Temporal; its first detail is the report. */
export const REFRESH_INCOMPLETE = 'RefreshIncomplete';

export const MAX_REPORT_BYTES = 256 * 1024;
/** In a report that fits. */
export const MAX_REPORTED_CONNECTIONS = 1_000;
/** In a report that is too long: the first limit that is enough. */
const CONNECTION_LIMITS = [500, 250, 100, 50, 20];
const MAX_LISTED_REGISTRIES = 20;

/** Shortens a report until it fits, the least important list first, and adds a warning for what was omitted. */
export function fitReport(report: RefreshReport): RefreshReport {
  let fitted: RefreshReport = { ...report, warnings: report.warnings.map(toSafeMessage) };
  for (const most of CONNECTION_LIMITS) {
    if (sizeInBytes(fitted) > MAX_REPORT_BYTES) fitted = cutConnections(report, most);
  }
  if (sizeInBytes(fitted) > MAX_REPORT_BYTES) fitted = cutRegistries(fitted);
  for (const list of ['warnings', 'docker', 'unproven', 'tokens', 'failures', 'stores'] as const) {
    while (sizeInBytes(fitted) > MAX_REPORT_BYTES && fitted[list].length > 1) {
      fitted = halveList(fitted, list);
    }
  }
  return fitted;
}

function toSafeMessage(text: string): string {
  return toSafeText(text, MAX_CHARS.message);
}

/** Ids of connections are the least important: their number stays. */
function cutConnections(report: RefreshReport, most: number): RefreshReport {
  const failures = report.failures.map((failure) => ({
    ...failure,
    connections: failure.connections.slice(0, most),
  }));
  const note = `The report was too long: only the first ${most} connections of each failure are listed.`;
  const isCut = report.failures.some(({ connections }) => connections.length > most);
  return { ...report, failures, warnings: [...(isCut ? [note] : []), ...report.warnings.map(toSafeMessage)] };
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

function halveList(
  report: RefreshReport,
  list: 'warnings' | 'docker' | 'unproven' | 'tokens' | 'failures' | 'stores',
) {
  const kept = report[list].slice(0, Math.ceil(report[list].length / 2));
  const note = `The report was too long: its ${list} list was truncated.`;
  const shorter = { ...report, [list]: kept };
  return shorter.warnings.includes(note) ? shorter : { ...shorter, warnings: [note, ...shorter.warnings] };
}

function sizeInBytes(report: object): number {
  return new TextEncoder().encode(JSON.stringify(report)).length;
}

/**
 * Parses the report in the result or failure details of a previous run; undefined when it is not a valid report. The
 * shape is checked because an older or newer release may have written it, and a report that broke one run would break
 * every later run. So is the size: anyone who can write to Temporal may have written it. Remedies that are not of the
 * catalogue are replaced.
 */
export function parseReport(value: unknown): RefreshReport | undefined {
  if (!isRecord(value) || sizeInBytes(value) > MAX_REPORT_BYTES) return undefined;
  const isReport =
    (value['outcome'] === 'refreshed' || value['outcome'] === 'incomplete') &&
    hasStrings(value, 'runId') &&
    [value['startedAt'], value['finishedAt']].every(isTime) &&
    isTextOrNull(value['configHash'] ?? null) &&
    isArrayOf(value['tokens'], isTokenRow) &&
    isArrayOf(value['stores'], isStoreRow) &&
    isArrayOf(value['docker'], isDockerRow) &&
    isArrayOf(value['failures'], isFailureRow) &&
    isArrayOf(value['unproven'], isUnprovenRow) &&
    isArrayOf(value['warnings'], isString);
  if (!isReport) return undefined;
  const report = value as unknown as RefreshReport;
  return { ...report, failures: report.failures.map(restoreFailure) };
}

/** No token is valid for longer; a day, because the clocks of AWS and Temporal may differ. */
const LONGEST_LIFE_MS = 24 * 3_600_000;

/**
 * The report of a previous run without what cannot be true: a run that fails carries its rows forward, and a forged one
 * would hide that the tokens expire.
 */
export function keepPlausible(report: RefreshReport, now: Date): RefreshReport {
  const isPast = (time: string): boolean => Date.parse(time) <= now.getTime();
  return {
    ...report,
    stores: report.stores.filter(({ lastRefreshedAt, expiresAt, usableUntil }) => {
      if (lastRefreshedAt === null) return expiresAt === null && usableUntil === null;
      const latestMs = Date.parse(lastRefreshedAt) + LONGEST_LIFE_MS;
      const ends = [expiresAt, usableUntil].map((end) => Date.parse(end ?? lastRefreshedAt));
      return isPast(lastRefreshedAt) && ends.every((endMs) => endMs <= latestMs);
    }),
    failures: report.failures.filter(
      ({ failingSince }) => failingSince === undefined || isPast(failingSince),
    ),
  };
}

function isTokenRow(row: unknown): boolean {
  if (!isRecord(row) || !isKnownOrNull(row['outlivesSession'])) return false;
  const { principalArn, registries, issuedAt, expiresAt, usableUntil } = row;
  return (
    hasStrings(row, 'region', 'fingerprint', 'check') &&
    [issuedAt, expiresAt, usableUntil].every(isTime) &&
    isTextOrNull(principalArn) &&
    isArrayOf(registries, isString)
  );
}

function isDockerRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'engine', 'registry', 'login')) return false;
  return [row['version'], row['fingerprint']].every(isTextOrNull);
}

function isKnownOrNull(value: unknown): boolean {
  return value === null || typeof value === 'boolean';
}

function isUnprovenRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'reason')) return false;
  return [row['registry'], row['engine']].every((field) => field === undefined || isString(field));
}

function isStoreRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'store', 'kind', 'registry')) return false;
  const { fingerprint, expiresAt, usableUntil, principalArn, lastRefreshedAt } = row;
  return (
    typeof row['refreshed'] === 'number' &&
    isKnownOrNull(row['outlivesSession']) &&
    [fingerprint, principalArn].every(isTextOrNull) &&
    [expiresAt, usableUntil, lastRefreshedAt].every(isTimeOrNull)
  );
}

/** `status` and `doctor` compute with them. */
function isTime(value: unknown): boolean {
  return isString(value) && !Number.isNaN(Date.parse(value));
}

function isTimeOrNull(value: unknown): boolean {
  return value === null || isTime(value);
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string';
}

function isFailureRow(row: unknown): boolean {
  if (!isRecord(row) || !hasStrings(row, 'stage', 'type', 'message', 'remedy')) return false;
  const { store, registry, engine, failingSince, count, connections } = row;
  if (typeof count !== 'number' || !isArrayOf(connections, isString)) return false;
  const isLocated = [store, registry, engine].every((field) => field === undefined || isString(field));
  return isLocated && (failingSince === undefined || isTime(failingSince));
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
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

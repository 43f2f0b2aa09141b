// What texts say of a report: its first line, the result of a row, the connections of a failure.
import type { FailureReport, RefreshReport, StoreReport, UnprovenReport } from './report.js';
import { toSafeText } from './safe-text.js';

/** In texts; reports list more. */
const MAX_LISTED_CONNECTIONS = 20;
const MAX_LISTED_CHECKS = 3;

/** The first line of a report. */
export function toHeadline(report: RefreshReport): string {
  if (report.outcome === 'incomplete') return toIncompleteHeadline(report);
  if (countRefreshed(report) === 0) return 'No connection to refresh.';
  const missing = describeMissingProof(report);
  return missing === undefined ? 'All connections refreshed.' : `All connections refreshed, but ${missing}.`;
}

function toIncompleteHeadline(report: RefreshReport): string {
  const { failures } = report;
  // A failed test affects no connection that this run should have written.
  const failed = failures.reduce((sum, { stage, count }) => sum + (stage === 'test' ? 0 : count), 0);
  const connections = `${plural(countRefreshed(report), 'connection')} refreshed${failed === 0 ? '' : `, ${failed} failed`}`;
  return `INCOMPLETE: ${connections}; ${plural(failures.length, 'failure')} below.`;
}

/** One line for the Temporal UI and the log, safe to show. */
export function summarizeReport(report: RefreshReport): string {
  return toSafeText(summarize(report));
}

function summarize(report: RefreshReport): string {
  const refreshed = countRefreshed(report);
  const connections = `${plural(refreshed, 'connection')} refreshed`;
  const { failures } = report;
  if (failures.length === 0) {
    if (refreshed === 0) return 'no connection to refresh';
    const missing = describeMissingProof(report);
    return missing === undefined ? connections : `${connections}, but ${missing}`;
  }
  const shown = failures.slice(0, 3).map((failure) => {
    const { store, registry, engine, type, stage } = failure;
    const where = [store, registry, engine].filter(Boolean).join(', ');
    return `${type} at ${stage}${where ? ` (${where})` : ''}${describeConnections(failure)}`;
  });
  const more = failures.length > 3 ? `; and ${failures.length - 3} more` : '';
  return `${connections}; failed: ${shown.join('; ')}${more}`;
}

/** A message as a sentence: messages of failures may end with a full stop or not. */
export function toSentence(message: string): string {
  return /[.?!]$/.test(message) ? message : `${message}.`;
}

/** `update main REGISTRY`, `test REGISTRY from ENGINE` */
export function describePlace({
  stage,
  store,
  registry,
  engine,
}: Pick<FailureReport, 'stage' | 'store' | 'registry' | 'engine'>): string {
  return [stage, store, registry, engine && `from ${engine}`].filter(Boolean).join(' ');
}

/** ` (3 connections: docker_a, docker_b, docker_c)`; empty when the affected connections are not known. */
export function describeConnections({
  count,
  connections,
}: Pick<FailureReport, 'count' | 'connections'>): string {
  if (count === 0) return '';
  const listed = connections.slice(0, MAX_LISTED_CONNECTIONS);
  const more = count > listed.length ? ', …' : '';
  return ` (${plural(count, 'connection')}: ${listed.join(', ')}${more})`;
}

/** The result of a row. @param failures of the run that the row is from */
export function describeResult(
  { store, refreshed, failed }: StoreReport,
  failures: readonly FailureReport[],
): string {
  if (failed > 0) return `${failed} FAILED, ${refreshed} refreshed`;
  if (refreshed > 0) return `${refreshed} refreshed`;
  const cause = failures.find(
    (failure) =>
      failure.stage === 'plan' ||
      (failure.stage === 'inspect' && failure.store === store && failure.count === 0),
  );
  if (cause?.type === 'StoreUnreachable') return 'AIRFLOW NOT REACHED';
  return cause ? `NOT REFRESHED (${cause.type})` : 'NOT REFRESHED';
}

/** What a refreshed run did not prove, as a clause; undefined when it proved everything. */
export function describeMissingProof(report: RefreshReport): string | undefined {
  const { unproven, tokens, docker } = report;
  if (countRefreshed(report) === 0) return 'no connection matched';
  if (unproven.length === 0) return undefined;
  const unverified = new Set(
    unproven.filter(({ engine }) => engine === undefined).map(({ registry }) => registry),
  );
  const isProven =
    docker.some(({ login }) => login === 'ok') ||
    tokens.some(({ registries }) => registries.some((registry) => !unverified.has(registry)));
  const more = unproven.length > MAX_LISTED_CHECKS ? `, and ${unproven.length - MAX_LISTED_CHECKS} more` : '';
  const list = unproven.slice(0, MAX_LISTED_CHECKS).map(describeUnproven).join(', ') + more;
  return `${isProven ? 'some checks verified nothing' : 'nothing verified the new token'}: ${list}`;
}

function describeUnproven({ engine, registry, reason }: UnprovenReport): string {
  const what =
    engine === undefined
      ? `registry ${registry}`
      : `login from ${engine}${registry ? ` to ${registry}` : ''}`;
  return `${what} (${reason})`;
}

function countRefreshed({ stores }: RefreshReport): number {
  return stores.reduce((sum, row) => sum + row.refreshed, 0);
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

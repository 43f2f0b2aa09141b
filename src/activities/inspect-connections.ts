// Second step: looks at the configured connections of an Airflow and says which registry each belongs to, and
// which must not be written: first those that are named, then those that a pattern matches. Changes nothing.
import { findRule, isConnectionId, passedOver, type ConnectionRule } from '../refresh/connection-rules.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import type {
  ConnectionProblem,
  InspectInput,
  Inspection,
  WritableConnections,
} from '../refresh/activity-types.js';
import { forEachConnection, ATTEMPTS_BEFORE_ISOLATING, toProblem } from './connection-failures.js';
import type { Attempt } from './attempt.js';
import { detectOverrides } from './detect-overrides.js';
import { matchConnection, registryToCreate, type MatchContext } from './match-connection.js';
import type { ConnectionPage } from './ports.js';
import { getAllowedStore, getAllowedConfig, type AllowedStore, type Dependencies } from './allowed-config.js';

/** Each takes a GET of up to 3 s on a slow API server: these fit into an attempt of two minutes. */
const CONNECTIONS_PER_PAGE = 20;

type InspectedConnection =
  | {
      readonly id: string;
      readonly registry: string;
      readonly group: string;
      readonly host: string | null;
      readonly warning?: string;
      readonly isMissing?: true;
    }
  | { readonly id: string; readonly problem: ConnectionProblem }
  | { readonly id: string; readonly isSkipped: true };

/** @throws RefreshFailure ConfigVersionMismatch, InputNotAllowed, and whatever ConnectionStore throws */
export async function inspectConnections(
  shared: Dependencies,
  attempt: Attempt,
  input: InspectInput,
): Promise<Inspection> {
  const allowed = getAllowedConfig(shared.source, input.configHash);
  const airflow = getAllowedStore(allowed, input.airflow);
  const judge = { shared, allowed, attempt };
  const idRules = airflow.rules.filter((rule) => rule.kind === 'id');
  const pagesOfIds = Math.ceil(idRules.length / CONNECTIONS_PER_PAGE);
  const hasPatterns = airflow.rules.length > idRules.length;
  if (input.page >= pagesOfIds && hasPatterns) return inspectList(judge, airflow, input, pagesOfIds);
  const start = input.page * CONNECTIONS_PER_PAGE;
  const ids = idRules.slice(start, start + CONNECTIONS_PER_PAGE).map(({ id }) => id);
  const { results, problems } = await forEachConnection(ids, attempt.number, (id) =>
    inspectById(judge, airflow, id),
  );
  const isLast = input.page + 1 >= pagesOfIds && !hasPatterns;
  const inspection = inspectionOf(input.airflow, results, problems, isLast ? null : input.page + 1);
  return withOverrides(judge, airflow, input, results, inspection);
}

/** Asked once per run, with what the first page holds: each connection may cost a request. */
async function withOverrides(
  { attempt }: MatchContext,
  { api }: AllowedStore,
  input: InspectInput,
  findings: readonly InspectedConnection[],
  inspection: Inspection,
): Promise<Inspection> {
  if (input.page > 0) return inspection;
  const connections = findings.flatMap((finding) => {
    if ('registry' in finding) return [{ id: finding.id, host: finding.host }];
    const isMissing = 'problem' in finding && finding.problem.type === 'ConnectionMissing';
    return isMissing ? [{ id: finding.id, host: null }] : [];
  });
  const warnings = await detectOverrides(api, input.airflow, connections, attempt.signal);
  return { ...inspection, warnings: [...inspection.warnings, ...warnings] };
}

async function inspectById(
  judge: MatchContext,
  airflow: AllowedStore,
  id: string,
): Promise<InspectedConnection> {
  const connection = await airflow.api.readConnection(id, judge.attempt.signal);
  const rule = findRule(airflow.rules, id);
  if (connection && rule) return inspectOne(judge, rule, connection);
  const registry = rule && (await registryToCreate(judge, rule));
  if (!registry) return { id, problem: missing(id) };
  if (registry instanceof RefreshFailure) return { id, problem: toProblem(id, registry) };
  return { id, registry: registry.host, group: registry.group.name, host: null, isMissing: true };
}

async function inspectOne(
  judge: MatchContext,
  rule: ConnectionRule,
  connection: ConnectionRecord,
): Promise<InspectedConnection> {
  const { id, host } = connection;
  const verdict = await matchConnection(judge, rule, connection);
  if (!(verdict instanceof RefreshFailure) && !isConnectionId(id)) {
    const message = `Connection ${JSON.stringify(id.slice(0, 80))} is not written: its id cannot be requested.`;
    return { id, problem: toProblem(id, new RefreshFailure('ConnectionIdInvalid', message)) };
  }
  if (!(verdict instanceof RefreshFailure)) {
    const { registry, group, warning } = verdict;
    return { id, registry, group: group.name, host, ...(warning === undefined ? {} : { warning }) };
  }
  // A pattern takes in what nobody named: another kind of registry there is no mistake.
  const isSkipped = rule.kind === 'match' && verdict.type === 'ConnectionRegistryUnknown';
  return isSkipped ? { id, isSkipped } : { id, problem: toProblem(id, verdict) };
}

/** One page of Airflow's list: of what matches, connections of other types are nobody's business here. */
async function inspectList(
  judge: MatchContext,
  airflow: AllowedStore,
  input: InspectInput,
  pagesOfIds: number,
): Promise<Inspection> {
  const page = await readPage(airflow, input.page - pagesOfIds, judge.attempt);
  if (page instanceof RefreshFailure) {
    const { type, message, remedy } = page;
    const unreadable = { type, message, remedy };
    return { ...inspectionOf(input.airflow, [], [], input.page + 1), unreadable };
  }
  const findings: InspectedConnection[] = [];
  for (const connection of page.connections) {
    const rule = findRule(airflow.rules, connection.id);
    if (rule?.kind !== 'match' || connection.type !== 'docker') continue;
    findings.push(await inspectOne(judge, rule, connection));
  }
  const inspection = inspectionOf(input.airflow, findings, [], page.hasMore ? input.page + 1 : null);
  return withOverrides(judge, airflow, input, findings, inspection);
}

/**
 * One connection whose password cannot be decrypted makes Airflow fail a whole page, for ever. Where the next page
 * is well, this one is told as a failure, and the others go on.
 */
async function readPage(
  { api }: AllowedStore,
  page: number,
  { number, signal }: Attempt,
): Promise<ConnectionPage | RefreshFailure> {
  try {
    return await api.listConnections(page, signal);
  } catch (error) {
    const maySkip = error instanceof RefreshFailure && error.type === 'StoreUnavailable';
    if (!maySkip || number <= ATTEMPTS_BEFORE_ISOLATING) throw error;
    await api.listConnections(page + 1, signal);
    const message = `Connections ${page * 100 + 1} to ${page * 100 + 100} of the list, by id, could not be read. ${error.message}`;
    return new RefreshFailure(error.type, message, error.remedy);
  }
}

export function missing(id: string): ConnectionProblem {
  return toProblem(id, new RefreshFailure('ConnectionMissing', `Airflow has no connection ${id}.`));
}

function inspectionOf(
  airflow: string,
  findings: readonly InspectedConnection[],
  problems: readonly ConnectionProblem[],
  nextPage: number | null,
): Inspection {
  const passed = passedOver(findings.flatMap((finding) => ('isSkipped' in finding ? [finding.id] : [])));
  return {
    writable: byRegistry(findings),
    refused: [...problems, ...findings.flatMap((finding) => ('problem' in finding ? [finding.problem] : []))],
    warnings: findings.flatMap((finding) =>
      'warning' in finding ? [`Connection ${finding.id} of ${airflow}: ${finding.warning}.`] : [],
    ),
    nextPage,
    ...(passed ? { passedOver: passed } : {}),
  };
}

function byRegistry(findings: readonly InspectedConnection[]): WritableConnections[] {
  const parts = new Map<
    string,
    { registry: string; group: string; connections: string[]; toCreate?: string[] }
  >();
  for (const finding of findings) {
    if (!('registry' in finding)) continue;
    const { registry, group, id } = finding;
    const key = JSON.stringify([registry, group]);
    const part = parts.get(key) ?? { registry, group, connections: [] };
    part.connections.push(id);
    if (finding.isMissing) part.toCreate = [...(part.toCreate ?? []), id];
    parts.set(key, part);
  }
  return [...parts.values()];
}

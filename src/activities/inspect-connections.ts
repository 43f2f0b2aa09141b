// Second step: looks at the configured connections of an Airflow and says which registry each belongs to, and
// which must not be written: first those that are named, then those that a pattern matches. Changes nothing.
import { findRule, isConnectionId, toSkipped, type ConnectionRule } from '../refresh/connection-rules.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import type {
  ConnectionProblem,
  InspectInput,
  Inspection,
  WritableConnections,
} from '../refresh/activity-types.js';
import { forEachConnection, ATTEMPTS_BEFORE_ISOLATING, toProblem } from './connection-failures.js';
import type { Attempt } from '../refresh/attempt.js';
import { detectOverrides } from './detect-overrides.js';
import { matchConnection, registryToCreate, type MatchContext } from './match-connection.js';
import type { ConnectionPage } from '../stores/port.js';
import { getAllowedStore, getAllowedConfig, type AllowedStore } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';

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
  const store = getAllowedStore(allowed, input.store);
  const context = { shared, allowed, attempt };
  const idRules = store.rules.filter((rule) => rule.kind === 'id');
  const pagesOfIds = Math.ceil(idRules.length / CONNECTIONS_PER_PAGE);
  const hasPatterns = store.rules.length > idRules.length;
  if (input.page >= pagesOfIds && hasPatterns) return inspectList(context, store, input, pagesOfIds);
  const start = input.page * CONNECTIONS_PER_PAGE;
  const ids = idRules.slice(start, start + CONNECTIONS_PER_PAGE).map(({ id }) => id);
  const { results, problems } = await forEachConnection(ids, attempt.number, (id) =>
    inspectById(context, store, id),
  );
  const isLast = input.page + 1 >= pagesOfIds && !hasPatterns;
  const inspection = toInspection(store.name, results, problems, isLast ? null : input.page + 1);
  return withOverrides(context, store, input, results, inspection);
}

/** Asked once per run, with what the first page holds: each connection may cost a request. */
async function withOverrides(
  { attempt }: MatchContext,
  store: AllowedStore,
  input: InspectInput,
  inspected: readonly InspectedConnection[],
  inspection: Inspection,
): Promise<Inspection> {
  if (input.page > 0) return inspection;
  const connections = inspected.flatMap((found) => {
    if ('registry' in found) return [{ id: found.id, host: found.host }];
    const isMissing = 'problem' in found && found.problem.type === 'ConnectionMissing';
    return isMissing ? [{ id: found.id, host: null }] : [];
  });
  const warnings = await detectOverrides(store, connections, attempt.signal);
  return { ...inspection, warnings: [...inspection.warnings, ...warnings] };
}

async function inspectById(
  context: MatchContext,
  store: AllowedStore,
  id: string,
): Promise<InspectedConnection> {
  const connection = await store.connections.read(id, context.attempt.signal);
  const rule = findRule(store.rules, id);
  if (connection && rule) return inspectOne(context, rule, connection);
  const registry = rule && (await registryToCreate(context, rule));
  if (!registry) return { id, problem: missing(store, id) };
  if (registry instanceof RefreshFailure) return { id, problem: toProblem(id, registry) };
  return { id, registry: registry.host, group: registry.group.name, host: null, isMissing: true };
}

async function inspectOne(
  context: MatchContext,
  rule: ConnectionRule,
  connection: ConnectionRecord,
): Promise<InspectedConnection> {
  const { id, host } = connection;
  const check = await matchConnection(context, rule, connection);
  if (!(check instanceof RefreshFailure) && !isConnectionId(id)) {
    const message = `Connection ${JSON.stringify(id.slice(0, 80))} is not written: its id cannot be requested.`;
    return { id, problem: toProblem(id, new RefreshFailure('ConnectionIdInvalid', message)) };
  }
  if (!(check instanceof RefreshFailure)) {
    const { registry, group, warning } = check;
    return { id, registry, group: group.name, host, ...(warning === undefined ? {} : { warning }) };
  }
  // A pattern takes in what nobody named: another kind of registry there is no mistake.
  const isSkipped = rule.kind === 'match' && check.type === 'ConnectionRegistryUnknown';
  return isSkipped ? { id, isSkipped } : { id, problem: toProblem(id, check) };
}

/** One page of Airflow's list: of what matches, connections of other types are nobody's business here. */
async function inspectList(
  context: MatchContext,
  store: AllowedStore,
  input: InspectInput,
  pagesOfIds: number,
): Promise<Inspection> {
  const page = await readPage(store, input.page - pagesOfIds, context.attempt);
  if (page instanceof RefreshFailure) {
    const { type, scope, message, remedy } = page;
    const unreadable = { type, scope, message, remedy };
    return { ...toInspection(store.name, [], [], input.page + 1), unreadable };
  }
  const inspected: InspectedConnection[] = [];
  for (const connection of page.connections) {
    const rule = findRule(store.rules, connection.id);
    if (rule?.kind !== 'match' || connection.type !== 'docker') continue;
    inspected.push(await inspectOne(context, rule, connection));
  }
  const inspection = toInspection(store.name, inspected, [], page.hasMore ? input.page + 1 : null);
  return withOverrides(context, store, input, inspected, inspection);
}

/**
 * One connection whose password cannot be decrypted makes Airflow fail a whole page, for ever. Where the next page
 * is well, this one is told as a failure, and the others go on.
 */
async function readPage(
  { connections }: AllowedStore,
  page: number,
  { number, signal }: Attempt,
): Promise<ConnectionPage | RefreshFailure> {
  try {
    return await connections.readPage(page, signal);
  } catch (error) {
    const maySkip = error instanceof RefreshFailure && error.type === 'StoreUnavailable';
    if (!maySkip || number <= ATTEMPTS_BEFORE_ISOLATING) throw error;
    await connections.readPage(page + 1, signal);
    const message = `Connections ${page * 100 + 1} to ${page * 100 + 100} of the list, by id, could not be read. ${error.message}`;
    return new RefreshFailure(error.type, message, error.remedy);
  }
}

export function missing({ title }: AllowedStore, id: string): ConnectionProblem {
  return toProblem(id, new RefreshFailure('ConnectionMissing', `${title} has no connection ${id}.`));
}

function toInspection(
  store: string,
  inspected: readonly InspectedConnection[],
  problems: readonly ConnectionProblem[],
  nextPage: number | null,
): Inspection {
  const skipped = toSkipped(inspected.flatMap((found) => ('isSkipped' in found ? [found.id] : [])));
  return {
    writable: byRegistry(inspected),
    refused: [...problems, ...inspected.flatMap((found) => ('problem' in found ? [found.problem] : []))],
    warnings: inspected.flatMap((found) =>
      'warning' in found ? [`Connection ${found.id} of ${store}: ${found.warning}.`] : [],
    ),
    nextPage,
    ...(skipped ? { skipped } : {}),
  };
}

function byRegistry(inspected: readonly InspectedConnection[]): WritableConnections[] {
  const parts = new Map<
    string,
    { registry: string; group: string; connections: string[]; toCreate?: string[] }
  >();
  for (const found of inspected) {
    if (!('registry' in found)) continue;
    const { registry, group, id } = found;
    const key = JSON.stringify([registry, group]);
    const part = parts.get(key) ?? { registry, group, connections: [] };
    part.connections.push(id);
    if (found.isMissing) part.toCreate = [...(part.toCreate ?? []), id];
    parts.set(key, part);
  }
  return [...parts.values()];
}

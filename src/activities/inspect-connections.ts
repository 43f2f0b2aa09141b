// Reads connections of a store, and decides which registry each belongs to and which must not be written: those that
// the configuration names, or those in a part of the list that match a pattern. Changes nothing.
import type {
  ConnectionProblem,
  Inspection,
  InspectInput,
  Range,
  WritableConnections,
} from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { describeIdProblem, isConnectionId, showId } from '../refresh/connection-id.js';
import { toSkipped, type ConnectionRule } from '../refresh/connection-rules.js';
import { RefreshFailure } from '../refresh/failures.js';
import { getAllowedConfig, getAllowedRules, getAllowedStore, type AllowedStore } from './allowed-config.js';
import { readById } from './call-store.js';
import type { Dependencies } from './dependencies.js';
import { forEachConnection, toProblem, type Outcomes } from './for-each-connection.js';
import { matchConnection, registryToCreate, type MatchContext } from './match-connection.js';
import { readFirstRow, readList } from './read-list.js';
import { describeMissing, suggestConnections } from './suggest-connection.js';

type InspectedConnection =
  | {
      readonly id: string;
      readonly registry: string;
      readonly group: string;
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
  const context: MatchContext = { shared, allowed, attempt };
  const { target } = input;
  if ('listed' in target) return inspectList(context, store, target.listed, input);
  const ids = 'named' in target ? getNamed(store, target.named) : target.connections;
  const rules = getAllowedRules(store, ids);
  const outcomes = await forEachConnection(
    ids,
    attempt,
    (id) => inspectById(context, store, id, rules.get(id)),
    { attempts: input.attemptsBefore + attempt.number, witness: () => readFirstRow(store, attempt) },
  );
  const inspection = toInspection(store.name, outcomes);
  return { ...inspection, refused: await suggestConnections(store, attempt, inspection.refused) };
}

function getNamed({ rules }: AllowedStore, { offset, limit }: Range): string[] {
  return rules.named.slice(offset, offset + limit);
}

async function inspectById(
  context: MatchContext,
  store: AllowedStore,
  id: string,
  rule: ConnectionRule | undefined,
): Promise<InspectedConnection> {
  const connection = await readById(store, context.attempt, id);
  if (connection && rule) {
    return inspectOne(context, store, rule, connection);
  }
  const registry = rule && (await registryToCreate(context, rule));
  if (!registry) return { id, problem: missing(store, id) };
  if (registry instanceof RefreshFailure) return { id, problem: toProblem(id, registry) };
  return { id, registry: registry.host, group: registry.group.name, isMissing: true };
}

/** Inspects the rows that a pattern matches; connections of other types are skipped. */
async function inspectList(
  context: MatchContext,
  store: AllowedStore,
  range: Range,
  { attemptsBefore }: InspectInput,
): Promise<Inspection> {
  const { attempt } = context;
  const { connections, problems, part } = await readList(store, range, attempt, attemptsBefore);
  const matching = new Map<string, { rule: ConnectionRule; connection: ConnectionRecord }>();
  for (const connection of connections) {
    const rule = store.rules.find(connection.id);
    if (rule?.kind !== 'match' || connection.type !== 'docker') continue;
    matching.set(connection.id, { rule, connection });
  }
  // This requests only Airflow Variables, once for all connections.
  const outcomes = await forEachConnection(
    [...matching.keys()],
    attempt,
    (id) => {
      const { rule, connection } = matching.get(id) as { rule: ConnectionRule; connection: ConnectionRecord };
      return inspectOne(context, store, rule, connection, part.isComplete);
    },
    { atOnce: matching.size },
  );
  const inspection = toInspection(store.name, outcomes);
  const ours = problems.filter(({ connection }) => isOurs(store, connection));
  return { ...inspection, refused: [...inspection.refused, ...ours], list: part };
}

/** A row without an id may be ours; with an id, the patterns decide. */
function isOurs({ rules }: AllowedStore, id: string): boolean {
  return !isConnectionId(id) || rules.find(id)?.kind === 'match';
}

async function inspectOne(
  context: MatchContext,
  store: AllowedStore,
  rule: ConnectionRule,
  connection: ConnectionRecord,
  isComplete = true,
): Promise<InspectedConnection> {
  const id = showId(connection.id);
  const check = await matchConnection(context, rule, { ...connection, id });
  const idProblem = describeIdProblem(connection.id);
  if (!(check instanceof RefreshFailure) && idProblem !== undefined) {
    const message = `Connection "${id}" was not changed: its id ${idProblem}.`;
    return { id, problem: toProblem(id, new RefreshFailure('ConnectionIdInvalid', message)) };
  }
  if (!(check instanceof RefreshFailure)) {
    const { registry, group, warning } = check;
    if (isComplete) context.shared.recentReads.add(store, connection);
    return { id, registry, group: group.name, ...(warning === undefined ? {} : { warning }) };
  }
  // A pattern may match connections of other kinds of registry, which is not an error.
  const isSkipped = rule.kind === 'match' && check.type === 'ConnectionRegistryUnknown';
  return isSkipped ? { id, isSkipped } : { id, problem: toProblem(id, check) };
}

export function missing(store: AllowedStore, id: string): ConnectionProblem {
  return toProblem(id, new RefreshFailure('ConnectionMissing', describeMissing(store, id)));
}

function toInspection(
  store: string,
  { results, refused, toRetry }: Outcomes<InspectedConnection>,
): Inspection {
  const skipped = toSkipped(results.flatMap((found) => ('isSkipped' in found ? [found.id] : [])));
  return {
    writable: byRegistry(results),
    refused: [...refused, ...results.flatMap((found) => ('problem' in found ? [found.problem] : []))],
    toRetry,
    warnings: results.flatMap((found) =>
      'warning' in found ? [`Connection ${found.id} of ${store}: ${found.warning}.`] : [],
    ),
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

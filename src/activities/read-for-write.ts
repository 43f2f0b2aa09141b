// Gets connections right before they are written: as this worker read them seconds ago, else by reading them again,
// with one request for a part of the list if possible.
import type { Token } from '../ecr/port.js';
import type { ConnectionProblem, Range } from '../refresh/activity-types.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { ConnectionRule } from '../refresh/connection-rules.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { AllowedStore } from './allowed-config.js';
import { callStore, readById } from './call-store.js';
import { forEachConnection, toProblem } from './for-each-connection.js';
import { missing } from './inspect-connections.js';
import { matchConnection, registryToCreate, type MatchContext } from './match-connection.js';
import { readFirstRow, readList } from './read-list.js';

export interface Write {
  readonly context: MatchContext;
  readonly store: AllowedStore;
  readonly rules: ReadonlyMap<string, ConnectionRule>;
  readonly registry: string;
  readonly token: Token;
  readonly attemptsBefore: number;
  /** A connection that was written in this run. */
  readonly witness?: string;
}

export interface ReadConnections {
  readonly records: readonly ConnectionRecord[];
  /** Missing connections that were created with the token. */
  readonly created: readonly string[];
  readonly refused: readonly ConnectionProblem[];
  readonly toRetry: readonly ConnectionProblem[];
}

/** @throws RefreshFailure when no connection could be read */
export async function readForWrite(
  write: Write,
  ids: readonly string[],
  listed: Range | undefined,
): Promise<ReadConnections> {
  const known = await findKnown(write, ids, listed);
  // Connections that have moved in the list, or whose list cannot be read, are read by id.
  const { results, refused, toRetry } = await forEachConnection(
    ids,
    write.context.attempt,
    (id) => readOne(write, id, known.get(id)),
    {
      attempts: write.attemptsBefore + write.context.attempt.number,
      witness: () => readFirstRow(write.store, write.context.attempt),
    },
  );
  return {
    records: results.flatMap((found) => (isRecord(found) ? [found] : [])),
    created: results.filter((found) => typeof found === 'string'),
    refused: [...refused, ...results.filter(isProblem)],
    toRetry,
  };
}

/** A retry never writes what was read before the failed attempt. */
async function findKnown(
  { context, store, attemptsBefore }: Write,
  ids: readonly string[],
  listed: Range | undefined,
): Promise<ReadonlyMap<string, ConnectionRecord>> {
  const { attempt, shared } = context;
  const isFirst = attemptsBefore === 0 && attempt.number === 1;
  const recent = ids.flatMap((id) => shared.recentReads.take(store, id) ?? []);
  if (isFirst && (recent.length === ids.length || !listed)) return byId(recent);
  if (!listed || ids.length === 1) return new Map();
  try {
    const { connections, part } = await readList(store, listed, attempt, 0);
    return byId(part.isComplete ? connections : []);
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    return new Map();
  }
}

function byId(records: readonly ConnectionRecord[]): Map<string, ConnectionRecord> {
  return new Map(records.map((record) => [record.id, record]));
}

/** Returns the connection, its id when it was created with the token, or the problem. */
export async function readOne(write: Write, id: string, known: ConnectionRecord | undefined): Promise<Found> {
  const { store, context } = write;
  const found = known ?? (await readById(store, context.attempt, id));
  if (!found) return create(write, id);
  const objection = await findObjection(write, found);
  return objection ? toProblem(id, objection) : found;
}

/** Creates a connection if the configuration allows it. If someone else has created it meanwhile, checks that one. */
async function create(write: Write, id: string): Promise<Found> {
  const { store, context, rules, token, registry } = write;
  const rule = rules.get(id);
  const wanted = rule && (await registryToCreate(context, rule));
  if (!wanted) return missing(store, id);
  if (wanted instanceof RefreshFailure) return toProblem(id, wanted);
  if (wanted.host !== registry) {
    const message = `Connection ${id} was not created: its registry is now ${wanted.host}.`;
    return toProblem(id, new RefreshFailure('ConnectionRegistryChanged', message));
  }
  const connection = {
    id,
    host: registry,
    description: `Created by airflow-ecr-refresh for ${wanted.name}.`,
  };
  const created = await callStore(store, context.attempt, `creation of connection ${id}`, (signal) =>
    store.connections.create(connection, token.password, signal),
  );
  if (created === 'created') return id;
  const theirs = await readById(store, context.attempt, id);
  if (!theirs) return missing(store, id);
  const objection = await findObjection(write, theirs);
  return objection ? toProblem(id, objection) : theirs;
}

/** Why a connection must not receive this token; undefined when it may. */
export async function findObjection(
  write: Write,
  connection: ConnectionRecord,
): Promise<RefreshFailure | undefined> {
  const rule = write.rules.get(connection.id);
  if (!rule) {
    return new RefreshFailure(
      'WriteUnconfirmed',
      `${write.store.title} returned a connection that was not requested.`,
    );
  }
  const check = await matchConnection(write.context, rule, connection);
  if (check instanceof RefreshFailure) return check;
  const { registry, group } = check;
  if (registry === write.registry && group.name === write.token.group.name) return undefined;
  const message = `Connection ${connection.id} was not changed: its registry is now ${registry} (${group.name}).`;
  return new RefreshFailure('ConnectionRegistryChanged', message);
}

type Found = ConnectionRecord | string | ConnectionProblem;

export function isRecord(found: Found): found is ConnectionRecord {
  return typeof found === 'object' && 'host' in found;
}

function isProblem(found: Found): found is ConnectionProblem {
  return typeof found === 'object' && 'remedy' in found;
}

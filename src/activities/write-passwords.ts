// Writes the password, and nothing else, of connections that were read and checked: a few one by one, many in bulk.
import type { ConnectionProblem } from '../refresh/activity-types.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { nameConnection } from '../refresh/connection-id.js';
import { failureEntry, RefreshFailure, type FailureType } from '../refresh/failures.js';
import type { WriteResult } from '../stores/port.js';
import type { AllowedStore } from './allowed-config.js';
import { callStore } from './call-store.js';
import { forEachConnection, narrowToConnection, toProblem } from './for-each-connection.js';
import { missing } from './inspect-connections.js';
import { findObjection, isRecord, readOne, type Write } from './read-for-write.js';

/** Up to this number, connections are written one by one, because the response to a single write can be verified. */
const MOST_SINGLE_WRITES = 10;

/** Failures of a bulk request that one connection may cause, or a store without bulk requests. */
const MAY_WORK_ONE_BY_ONE: ReadonlySet<FailureType> = new Set<FailureType>([
  'StoreUnreachable',
  'StoreUnavailable',
  'StoreForbidden',
  'StoreRequestRejected',
]);

export interface Writes {
  readonly written: readonly string[];
  readonly refused: readonly ConnectionProblem[];
  readonly toRetry: readonly ConnectionProblem[];
}

/** @throws RefreshFailure when no connection was written, for the same reason */
export async function writePasswords(write: Write, records: readonly ConnectionRecord[]): Promise<Writes> {
  if (records.length <= MOST_SINGLE_WRITES) return writeEach(write, records);
  try {
    return toWrites(write, records, await writeTogether(write, records));
  } catch (error) {
    if (!(error instanceof RefreshFailure) || !MAY_WORK_ONE_BY_ONE.has(error.type)) throw error;
    return writeEach(write, records);
  }
}

async function writeTogether(
  { store, token, context }: Write,
  records: readonly ConnectionRecord[],
): Promise<readonly WriteResult[]> {
  return callStore(store, context.attempt, `write of ${records.length} connections`, (signal) =>
    store.connections.write(records, token.password, signal),
  );
}

/** Detects a response that omits a connection, or adds another one. */
function toWrites(
  { store }: Write,
  records: readonly ConnectionRecord[],
  results: readonly WriteResult[],
): Writes {
  const byId = new Map(results.map((result) => [result.id, result]));
  const own = records.map(({ id }) => byId.get(id) ?? notConfirmed(store, id));
  const written = own.filter(({ outcome }) => outcome === 'written').map(({ id }) => id);
  const refused: ConnectionProblem[] = [];
  const toRetry: ConnectionProblem[] = [];
  for (const result of own) {
    const { id, outcome } = result;
    if (outcome === 'missing') refused.push(missing(store, id));
    if (outcome !== 'failed') continue;
    const failure = written.length > 0 ? narrowToConnection(result.failure) : result.failure;
    (failureEntry(failure.type).retryable ? toRetry : refused).push(toProblem(id, failure));
  }
  return { written, refused, toRetry };
}

function notConfirmed({ title }: AllowedStore, id: string): WriteResult {
  const message = `${title} returned no result for connection ${id}.`;
  return { id, outcome: 'failed', failure: new RefreshFailure('WriteUnconfirmed', message) };
}

async function writeEach(write: Write, records: readonly ConnectionRecord[]): Promise<Writes> {
  const byId = new Map(records.map((record) => [record.id, record]));
  const { witness } = write;
  const { results, refused, toRetry } = await forEachConnection(
    [...byId.keys()],
    write.context.attempt,
    (id) => writeOne(write, byId.get(id) as ConnectionRecord),
    {
      attempts: write.attemptsBefore + write.context.attempt.number,
      ...(witness === undefined ? {} : { witness: () => writeAgain(write, witness) }),
    },
  );
  return {
    written: results.filter((result) => typeof result === 'string'),
    refused: [...refused, ...results.filter((result) => typeof result === 'object')],
    toRetry,
  };
}

/** Returns the id once the connection contains the token, else the problem. */
async function writeOne(write: Write, before: ConnectionRecord): Promise<string | ConnectionProblem> {
  const { store, token, context } = write;
  const { id } = before;
  const [result] = await callStore(store, context.attempt, `write of connection ${id}`, (signal) =>
    store.connections.write([before], token.password, signal),
  );
  if (result?.outcome === 'failed') throw result.failure;
  if (result?.outcome !== 'written') return missing(store, id);
  const { record } = result;
  if (!record) return id;
  const isOther = record.id !== id;
  if (!isOther && !(await findObjection(write, record))) return id;
  const message = isOther
    ? `${store.title} ${store.name} returned ${nameConnection(record.id)} instead of ${id} when it was written.`
    : `Connection ${id} was edited by someone else during the write.`;
  return toProblem(id, new RefreshFailure('WriteUnconfirmed', message));
}

/** @throws RefreshFailure when a connection that was written before cannot be written now */
async function writeAgain(write: Write, id: string): Promise<void> {
  const found = await readOne(write, id, undefined);
  const outcome = isRecord(found) ? await writeOne(write, found) : found;
  if (typeof outcome === 'string') return;
  // Nothing was written, so this does not show whether the store works.
  throw new RefreshFailure(outcome.type, outcome.message, outcome.remedy, { scope: outcome.scope });
}

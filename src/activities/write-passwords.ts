// Owns how a token gets into connections: each is looked at right before it is written, a few are written one by
// one, many by bulk requests. Writes the password and nothing else, but for a connection that it makes.
import type { ConnectionRule } from '../refresh/connection-rules.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { ConnectionProblem } from '../refresh/activity-types.js';
import { ATTEMPTS_BEFORE_ISOLATING, toProblem, ConnectionFailures } from './connection-failures.js';
import { missing } from './inspect-connections.js';
import { matchConnection, registryToCreate, type MatchContext } from './match-connection.js';
import type { WriteResult } from '../stores/port.js';
import type { AllowedStore } from './allowed-config.js';
import type { Token } from '../ecr/port.js';

/** Up to here one by one: Airflow answers a single write with the connection, so that each is seen to be right. */
const MOST_SINGLE_WRITES = 10;
/**
 * Looked at, then written together. On a slow API server, 3 s for each GET, that takes 75 s: within an attempt of two
 * minutes at least one such part gets done, and with small parts little time passes between look and write.
 */
const CONNECTIONS_PER_PART = 25;

export interface Write {
  readonly context: MatchContext;
  readonly store: AllowedStore;
  readonly rules: ReadonlyMap<string, ConnectionRule>;
  readonly registry: string;
  readonly token: Token;
}

/**
 * Writes the token into connections.
 *
 * @param known connections that hold a token of this run: if Airflow writes one of these, it is well
 * @param note told again and again what was newly written, and which have failed so far
 * @returns why each of the others was not written
 * @throws RefreshFailure when Airflow as a whole is sick, or a failure may pass, and whatever ConnectionStore throws
 */
export async function writePasswords(
  write: Write,
  ids: readonly string[],
  known: readonly string[],
  note: (written: readonly string[], failed: readonly string[]) => void,
): Promise<ConnectionProblem[]> {
  const tally = new Tally(note);
  for (let start = 0; start < ids.length; start += CONNECTIONS_PER_PART) {
    await writePart(write, ids.slice(start, start + CONNECTIONS_PER_PART), tally);
  }
  const [witness] = known;
  const problems = await tally.failures.problems(
    write.context.attempt.number,
    witness === undefined ? undefined : () => writeOne(write, witness),
  );
  return [...problems, ...tally.problems];
}

class Tally {
  readonly failures = new ConnectionFailures();
  readonly problems: ConnectionProblem[] = [];
  /** Airflow takes no bulk request from this user: it is not asked again. */
  isBulkRefused = false;
  readonly #note: (written: readonly string[], failed: readonly string[]) => void;

  constructor(note: (written: readonly string[], failed: readonly string[]) => void) {
    this.#note = note;
  }

  /** Takes what became of one or more connections: an id that was written, or why it was not. */
  settle(results: readonly (string | ConnectionProblem)[]): void {
    this.failures.markHealthy();
    const written: string[] = [];
    for (const result of results) {
      if (typeof result === 'string') written.push(result);
      else this.problems.push(result);
    }
    this.#note(
      written,
      this.problems.map(({ connection }) => connection),
    );
  }
}

async function writePart(write: Write, ids: readonly string[], tally: Tally): Promise<void> {
  const { store, token, context } = write;
  const mayBulk = ids.length > MOST_SINGLE_WRITES && !tally.isBulkRefused;
  const passwordBytes = Buffer.byteLength(token.password.reveal());
  const atOnce = mayBulk
    ? await store.connections.maxRecordsPerWrite(passwordBytes, context.attempt.signal)
    : 1;
  if (atOnce <= 1) return writeEach(write, ids, tally);
  const looked: ConnectionRecord[] = [];
  for (const id of ids) {
    const found = await tally.failures.try(id, () => readForWrite(write, id));
    if (found === undefined) continue;
    // One that looks right has not shown yet that Airflow can write.
    if (isStored(found)) looked.push(found);
    else tally.settle([found]);
  }
  for (let start = 0; start < looked.length; start += atOnce) {
    await writeTogether(write, looked.slice(start, start + atOnce), tally);
  }
}

async function writeEach(write: Write, ids: readonly string[], tally: Tally): Promise<void> {
  for (const id of ids) {
    const result = await tally.failures.try(id, () => writeOne(write, id));
    if (result !== undefined) tally.settle([result]);
  }
}

/** Answers the id once its connection holds the token, or why it was left alone. */
async function writeOne(write: Write, id: string): Promise<string | ConnectionProblem> {
  const { store, token, context } = write;
  const before = await readForWrite(write, id);
  if (!isStored(before)) return before;
  const [result] = await store.connections.write([before], token.password, context.attempt.signal);
  if (result?.outcome === 'failed') throw result.failure;
  if (result?.outcome !== 'written') return missing(store, id);
  const { record } = result;
  if (!record || (record.id === id && !(await findObjection(write, record)))) return id;
  return unconfirmed(id, `Connection ${id} was edited by somebody else while it was written.`);
}

/** The connection as it is right before it is written; its id when it was made with the token; else what is wrong. */
async function readForWrite(
  write: Write,
  id: string,
): Promise<ConnectionRecord | string | ConnectionProblem> {
  const { store, context } = write;
  const found = await store.connections.read(id, context.attempt.signal);
  if (!found) return create(write, id);
  const objection = await findObjection(write, found);
  return objection ? toProblem(id, objection) : found;
}

/** Makes a connection that the configuration lets be made. Where somebody else was faster, theirs is looked at. */
async function create(write: Write, id: string): Promise<ConnectionRecord | string | ConnectionProblem> {
  const { store, context, rules, token, registry } = write;
  const { signal } = context.attempt;
  const rule = rules.get(id);
  const wanted = rule && (await registryToCreate(context, rule));
  if (!wanted) return missing(store, id);
  if (wanted instanceof RefreshFailure) return toProblem(id, wanted);
  if (wanted.host !== registry) {
    const message = `Connection ${id} is not made: its registry is now ${wanted.host}.`;
    return toProblem(id, new RefreshFailure('ConnectionRegistryChanged', message));
  }
  const connection = { id, host: registry, description: `Made by airflow-ecr-refresh for ${wanted.name}.` };
  if ((await store.connections.create(connection, token.password, signal)) === 'created') return id;
  const theirs = await store.connections.read(id, signal);
  if (!theirs) return missing(store, id);
  const objection = await findObjection(write, theirs);
  return objection ? toProblem(id, objection) : theirs;
}

async function findObjection(
  write: Write,
  connection: ConnectionRecord,
): Promise<RefreshFailure | undefined> {
  const rule = write.rules.get(connection.id);
  if (!rule)
    return new RefreshFailure('WriteUnconfirmed', `${write.store.title} answered with another connection.`);
  const check = await matchConnection(write.context, rule, connection);
  if (check instanceof RefreshFailure) return check;
  const { registry, group } = check;
  if (registry === write.registry && group.name === write.token.group.name) return undefined;
  const message = `Connection ${connection.id} is not written: it is now of ${registry} (${group.name}).`;
  return new RefreshFailure('ConnectionRegistryChanged', message);
}

/** By one request. What Airflow refuses as a whole, having written nothing, goes on one by one. */
async function writeTogether(
  write: Write,
  connections: readonly ConnectionRecord[],
  tally: Tally,
): Promise<void> {
  const { store, token, context } = write;
  const ids = connections.map(({ id }) => id);
  if (tally.isBulkRefused) return writeEach(write, ids, tally);
  let outcomes: readonly WriteResult[];
  try {
    outcomes = await store.connections.write(connections, token.password, context.attempt.signal);
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    tally.isBulkRefused = error.type === 'StoreForbidden' || error.type === 'StoreRequestRejected';
    if (!tally.isBulkRefused && error.type !== 'StoreUnavailable') throw error;
    // One connection may be what fails a request for many, again and again.
    if (tally.isBulkRefused || context.attempt.number > ATTEMPTS_BEFORE_ISOLATING)
      return writeEach(write, ids, tally);
    for (const id of ids) tally.failures.add(id, error);
    return;
  }
  const byId = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
  const settled: (string | ConnectionProblem)[] = [];
  for (const id of ids) {
    const outcome = byId.get(id);
    if (outcome?.outcome === 'failed') tally.failures.add(id, outcome.failure);
    else if (outcome?.outcome === 'written') settled.push(id);
    else if (outcome?.outcome === 'missing') settled.push(missing(store, id));
    else settled.push(unconfirmed(id, `${store.title} did not say what became of connection ${id}.`));
  }
  if (settled.length > 0) tally.settle(settled);
}

function unconfirmed(id: string, message: string): ConnectionProblem {
  return toProblem(id, new RefreshFailure('WriteUnconfirmed', message));
}

function isStored(found: ConnectionRecord | string | ConnectionProblem): found is ConnectionRecord {
  return typeof found === 'object' && 'host' in found;
}

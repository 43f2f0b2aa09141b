// Owns what is asked of REST v1 and v2 in the same words: reading, listing, creating, the single write.
// Refuses every write but that of a password, and of a connection that is not there yet.
import type { ConnectionPage, ConnectionStore, NewConnection, VariableSource, WriteResult } from '../port.js';
import type { ConnectionRecord } from '../../refresh/check-connection.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { ECR_USER } from '../../refresh/token.js';
import type { Secret } from '../../log/secret.js';
import { toResponseFailure, isMissing } from './response-errors.js';
import type { AirflowTransport, RequestContext } from './transport.js';
import { toConnection, toConnections, toVariable, toVersion } from './response-schemas.js';

/** Airflow's own default for the most that one page holds; asking for more gives no more. */
const PAGE_SIZE = 100;

export interface RestOptions {
  /** Name of the Airflow in the configuration, for messages. */
  readonly name: string;
  readonly transport: AirflowTransport;
}

/** What an Airflow is to a run: a place for connections, and one for Variables. */
export type AirflowStore = ConnectionStore &
  Required<Pick<ConnectionStore, 'findOverrides'>> &
  VariableSource;

/** The calls that REST v1 and v2 have in common; `password` is the body of the single write. */
export type RestCalls = Pick<ConnectionStore, 'read' | 'readPage' | 'create' | 'check'> &
  VariableSource & {
    writeOne(
      connection: ConnectionRecord,
      password: Secret,
      body: Readonly<Record<string, string>>,
      signal: AbortSignal,
    ): Promise<readonly WriteResult[]>;
  };

/** The calls, bound to one Airflow. */
export function createRestCalls(rest: RestOptions): RestCalls {
  return {
    read: (id, signal) => readConnection(rest, id, signal),
    readPage: (page, signal) => listConnections(rest, page, signal),
    create: (connection, password, signal) => createConnection(rest, connection, password, signal),
    writeOne: (...call) => writeOne(rest, ...call),
    readVariable: (key, signal) => readVariable(rest, key, signal),
    check: async (signal) => `version ${await readVersion(rest, signal)}`,
  };
}

async function readConnection(
  rest: RestOptions,
  id: string,
  signal: AbortSignal,
): Promise<ConnectionRecord | undefined> {
  const attempt: RequestContext = {
    airflow: rest.name,
    action: `GET connection ${id}`,
    right: 'read connections',
  };
  const path = toPath(attempt, 'connections', id);
  const answer = await rest.transport.send(attempt, { method: 'GET', path }, signal);
  return isMissing(answer, 'connection') ? undefined : toConnection(attempt, answer);
}

async function listConnections(
  rest: RestOptions,
  page: number,
  signal: AbortSignal,
): Promise<ConnectionPage> {
  const action = `GET connections, page ${page + 1}`;
  const attempt: RequestContext = { airflow: rest.name, action, right: 'read connections', ofMany: true };
  const first = page * PAGE_SIZE;
  const connections: ConnectionRecord[] = [];
  for (;;) {
    // An Airflow may hold less in a page ([api] maximum_page_limit): then several of its pages make one of ours.
    const query = {
      limit: `${PAGE_SIZE - connections.length}`,
      offset: `${first + connections.length}`,
      order_by: 'connection_id',
    };
    const answer = await rest.transport.send(attempt, { method: 'GET', path: '/connections', query }, signal);
    const part = toConnections(attempt, answer);
    connections.push(...part.connections);
    const hasMore = first + connections.length < part.total;
    if (connections.length >= PAGE_SIZE || part.connections.length === 0 || !hasMore) {
      return { connections, hasMore: hasMore && part.connections.length > 0 };
    }
  }
}

async function createConnection(
  rest: RestOptions,
  connection: NewConnection,
  password: Secret,
  signal: AbortSignal,
): Promise<'created' | 'exists'> {
  const action = `POST connection ${connection.id}`;
  const attempt: RequestContext = { airflow: rest.name, action, right: 'create connections' };
  assertPassword(attempt, password);
  const json = {
    connection_id: connection.id,
    conn_type: 'docker',
    host: connection.host,
    login: ECR_USER,
    description: connection.description,
    password: password.reveal(),
  };
  const answer = await rest.transport.send(attempt, { method: 'POST', path: '/connections', json }, signal);
  // 201 by v2, 200 by v1.
  if (answer.status === 201 || answer.status === 200) return 'created';
  if (answer.status === 409) return 'exists';
  throw toResponseFailure(attempt, answer);
}

async function writeOne(
  rest: RestOptions,
  ...[connection, password, json, signal]: Parameters<RestCalls['writeOne']>
): Promise<readonly WriteResult[]> {
  const action = `PATCH connection ${connection.id}`;
  const attempt: RequestContext = { airflow: rest.name, action, right: 'edit connections' };
  assertPassword(attempt, password);
  const path = toPath(attempt, 'connections', connection.id);
  // A misspelt field in the mask, or a comma list, makes v2 answer 200 and change nothing.
  const query = { update_mask: 'password' };
  const answer = await rest.transport.send(attempt, { method: 'PATCH', path, query, json }, signal);
  const { id } = connection;
  if (isMissing(answer, 'connection')) return [{ id, outcome: 'missing' }];
  return [{ id, outcome: 'written', record: toConnection(attempt, answer) }];
}

async function readVariable(
  rest: RestOptions,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const attempt: RequestContext = {
    airflow: rest.name,
    action: `GET variable ${key}`,
    right: 'read variables',
  };
  const answer = await rest.transport.send(
    attempt,
    { method: 'GET', path: toPath(attempt, 'variables', key) },
    signal,
  );
  return isMissing(answer, 'variable') ? undefined : toVariable(attempt, answer);
}

async function readVersion(rest: RestOptions, signal: AbortSignal): Promise<string> {
  const attempt: RequestContext = { airflow: rest.name, action: 'GET version' };
  return toVersion(attempt, await rest.transport.send(attempt, VERSION_REQUEST, signal));
}

export const VERSION_REQUEST = { method: 'GET', path: '/version', anonymous: true } as const;

function toPath(attempt: RequestContext, collection: 'connections' | 'variables', id: string): string {
  // `.` and `..` pass Airflow's own pattern for ids, and would lead the URL elsewhere.
  if (/^\.{0,2}$/.test(id)) {
    throw new RefreshFailure(
      'StoreRequestRejected',
      `Airflow ${attempt.airflow}: ${JSON.stringify(id)} is no id`,
    );
  }
  return `/${collection}/${encodeURIComponent(id)}`;
}

/**
 * The last net. Airflow 3 answers 200 to an empty or masked password and keeps the old one; Airflow 2 and 3.0.0 store
 * the mask.
 */
export function assertPassword(attempt: RequestContext, password: Secret): void {
  if (/^\**$/.test(password.reveal().trim())) {
    throw new RefreshFailure(
      'EcrResponseInvalid',
      `Airflow ${attempt.airflow}: ${attempt.action}: an empty or masked password is never written`,
    );
  }
}

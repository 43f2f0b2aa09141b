// The routes of the Airflow stand-in, with the permissions, status codes and bodies of Airflow 3.3.2.
import {
  connectionRecord,
  maskedConnection,
  updateConnection,
  type ConnectionRecord,
} from './connection-record.js';
import type { AirflowAnswer, AirflowRequest } from './exchange.js';
import type { SessionTokens } from './session-tokens.js';
import { checkConnection, isObject, notAnObject, type ConnectionBody } from './validation.js';

/**
 * A user's permissions: `admin` and `op` may do everything here, `editor` (a custom role of FAB with the fewest
 * permissions) may only update connections, `user` and `viewer` may do nothing.
 */
export type AirflowRole = 'admin' | 'op' | 'editor' | 'user' | 'viewer';

/** A user who can log in. */
export interface AirflowUser {
  username: string;
  password: string;
  role: AirflowRole;
}

export interface AirflowState {
  version: string;
  users: AirflowUser[];
  connections: Map<string, ConnectionRecord>;
  variables: Map<string, string>;
  sessions: SessionTokens;
}

const CONNECTIONS = '/api/v2/connections';

/** Returns Airflow's response to a request. */
export function answerAirflow(state: AirflowState, request: AirflowRequest): AirflowAnswer {
  const { method, path } = request;
  if (path.startsWith('/api/v1/')) {
    const error = '/api/v1 has been removed in Airflow 3, please use its upgraded version /api/v2 instead.';
    return { status: 404, body: { error } };
  }
  if (method === 'POST' && path === '/auth/token') return logIn(state, request.body);
  if (method === 'GET' && path === '/api/v2/version') {
    return { status: 200, body: { version: state.version, git_version: `.release:stand-in` } };
  }
  if (method === 'GET' && path === '/api/v2/monitor/health') return { status: 200, body: HEALTH };
  if (path !== CONNECTIONS && !/^\/api\/v2\/(connections|variables)\/[^/]+$/.test(path)) {
    return { status: 404, body: { error: 'API route not found' } };
  }
  const refused = authorize(state, request);
  if (refused !== undefined) return refused;
  if (path === `${CONNECTIONS}/test` && method === 'POST') return detail(403, TEST_DISABLED);
  if (path.startsWith('/api/v2/variables/')) return readVariable(state, request);
  return path === CONNECTIONS ? answerCollection(state, request) : answerConnection(state, request);
}

const TEST_DISABLED =
  'Testing connections is disabled in Airflow configuration. Contact your deployment admin to enable it.';

/** The health of an Airflow that runs only its API server, as the real one of the sandbox does. */
const HEALTH = {
  metadatabase: { status: 'healthy' },
  scheduler: { status: 'unhealthy', latest_scheduler_heartbeat: null },
  triggerer: { status: null, latest_triggerer_heartbeat: null },
  dag_processor: { status: null, latest_dag_processor_heartbeat: null },
};

function detail(status: number, text: string): AirflowAnswer {
  return { status, body: { detail: text } };
}

function logIn(state: AirflowState, body: unknown): AirflowAnswer {
  const fields = isObject(body) ? body : {};
  const missing = ['username', 'password'].find((field) => typeof fields[field] !== 'string');
  if (missing !== undefined) {
    // Airflow repeats the input here too
    const issue = `Field required [type=missing, input_value=${JSON.stringify(fields)}, input_type=dict]`;
    return detail(422, `1 validation error for LoginBody\n${missing}\n  ${issue}`);
  }
  const { username, password } = fields;
  if (username === '' || password === '') return detail(400, 'Username and password must be provided');
  const user = state.users.find((known) => known.username === username && known.password === password);
  if (user === undefined) return detail(401, 'Invalid credentials');
  return { status: 201, body: { access_token: state.sessions.issue(user.username, user.role) } };
}

/** The error response when the session is invalid or its role lacks the permission; undefined otherwise. */
export function authorize(state: AirflowState, request: AirflowRequest): AirflowAnswer | undefined {
  const bearer = /^Bearer (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1];
  if (bearer === undefined) return detail(401, 'Not authenticated');
  const session = state.sessions.check(bearer);
  if ('refused' in session) return detail(session.refused === 'Token Expired' ? 401 : 403, session.refused);
  const role = state.users.find((user) => user.username === session.user)?.role;
  const allowed = role === 'admin' || role === 'op' || (role === 'editor' && request.method === 'PATCH');
  return allowed ? undefined : detail(403, 'Forbidden');
}

function answerCollection(state: AirflowState, request: AirflowRequest): AirflowAnswer {
  const { connections } = state;
  if (request.method === 'GET') return listConnections(connections, request.query);
  if (request.method !== 'POST') return detail(405, 'Method Not Allowed');
  const issues = checkConnection(request.body, ['body']);
  if (issues.length > 0) return { status: 422, body: { detail: issues } };
  const body = request.body as ConnectionBody;
  if (connections.has(body.connection_id)) return { status: 409, body: { detail: DUPLICATE } };
  const record = connectionRecord(body);
  connections.set(record.connection_id, record);
  return { status: 201, body: maskedConnection(record) };
}

const DUPLICATE = {
  reason: 'Unique constraint violation',
  statement: 'hidden',
  orig_error: 'hidden',
  message:
    'Serious error when handling your request. Check logs for more details - you will find it in api server when you look for ID sandbox0',
};

/** Airflow's `[api] fallback_page_limit` and `maximum_page_limit`: a larger limit is reduced to 100. */
const [DEFAULT_LIMIT, MAXIMUM_LIMIT] = [50, 100];

function listConnections(connections: Map<string, ConnectionRecord>, query: URLSearchParams): AirflowAnswer {
  for (const name of ['limit', 'offset']) {
    const input = query.get(name);
    if (input === null || /^\d+$/.test(input)) continue;
    const msg = 'Input should be a valid integer, unable to parse string as an integer';
    return { status: 422, body: { detail: [{ type: 'int_parsing', loc: ['query', name], msg, input }] } };
  }
  const wanted = parsePattern(query.get('connection_id_pattern') ?? '');
  const found = [...connections.values()].filter((record) => wanted.test(record.connection_id));
  const order = query.get('order_by');
  if (order !== null) found.sort((a, b) => (a.connection_id < b.connection_id ? -1 : 1));
  if (order?.startsWith('-') === true) found.reverse();
  const limit = Math.min(Number(query.get('limit') ?? DEFAULT_LIMIT), MAXIMUM_LIMIT);
  const offset = Number(query.get('offset') ?? 0);
  const page = found.slice(offset, offset + limit).map(maskedConnection);
  return { status: 200, body: { connections: page, total_entries: found.length } };
}

/** Airflow's search: ILIKE `%value%`; `|` is OR, and a pattern of `~` matches everything. */
function parsePattern(pattern: string): RegExp {
  const terms = pattern
    .split('|')
    .map((term) => term.trim())
    .filter((term) => term !== '');
  if (pattern === '~' || terms.length === 0) return /^/;
  return new RegExp(terms.map((term) => term.split('%').map(likePart).join('.*')).join('|'), 'i');
}

/** SQL's LIKE: `_` matches any one character; all others match themselves. */
function likePart(part: string): string {
  return part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('_', '.');
}

function answerConnection(state: AirflowState, request: AirflowRequest): AirflowAnswer {
  const id = decodeURIComponent(request.path.slice(CONNECTIONS.length + 1));
  const record = state.connections.get(id);
  const unknown = detail(404, `The Connection with connection_id: \`${id}\` was not found`);
  switch (request.method) {
    case 'GET':
      return record === undefined ? unknown : { status: 200, body: maskedConnection(record) };
    case 'DELETE':
      return state.connections.delete(id) ? { status: 204, body: undefined } : unknown;
    case 'PATCH': {
      const issues = isObject(request.body)
        ? checkConnection(request.body, ['body'])
        : [notAnObject(request.body, ['body'])];
      if (issues.length > 0) return { status: 422, body: { detail: issues } };
      const body = request.body as ConnectionBody;
      if (body.connection_id !== id) {
        return detail(400, 'The connection_id in the request body does not match the URL parameter');
      }
      if (record === undefined) return unknown;
      // The parameter must be repeated. `password,login`, the form of Airflow 2, is one unknown name: 200, no change.
      const mask = request.query.getAll('update_mask');
      updateConnection(record, body, mask.length === 0 ? undefined : mask);
      return { status: 200, body: maskedConnection(record) };
    }
    default:
      return detail(405, 'Method Not Allowed');
  }
}

function readVariable(state: AirflowState, request: AirflowRequest): AirflowAnswer {
  const key = decodeURIComponent(request.path.slice('/api/v2/variables/'.length));
  const value = state.variables.get(key);
  if (request.method !== 'GET') return detail(405, 'Method Not Allowed');
  if (value === undefined) return detail(404, `The Variable with key: \`${key}\` was not found`);
  return { status: 200, body: { key, value, description: null, is_encrypted: true, team_name: null } };
}

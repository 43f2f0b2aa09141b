// The routes of the Airflow stand-in as Airflow 2: REST v1, Basic authentication, no bulk requests.
// Statuses and bodies were compared with those of Airflow 2.10.5.
import {
  connectionRecord,
  type ConnectionRecord,
} from '../../../sandbox/airflow-stand-in/connection-record.js';
import type { AirflowAnswer, AirflowRequest } from '../../../sandbox/airflow-stand-in/exchange.js';
import type { AirflowState } from '../../../sandbox/airflow-stand-in/routes.js';
import { isObject } from '../../../sandbox/airflow-stand-in/validation.js';

const API = '/api/v1';
const FIELDS = [
  'connection_id',
  'conn_type',
  'description',
  'host',
  'login',
  'schema',
  'port',
  'password',
  'extra',
];

/** Returns Airflow 2's response to a request. */
export function answerAirflow2(state: AirflowState, request: AirflowRequest): AirflowAnswer {
  const { method, path } = request;
  if (!path.startsWith(`${API}/`)) return { status: 404, body: '<!DOCTYPE html><title>Airflow 404</title>' };
  if (path === `${API}/version`) {
    return { status: 200, body: { version: state.version, git_version: '.release:stand-in' } };
  }
  const refused = authorize(state, request);
  if (refused) return refused;
  const [, collection, id] = /^\/api\/v1\/(connections|variables)(?:\/([^/]+))?$/.exec(path) ?? [];
  if (collection === 'variables' && id !== undefined) return readVariable(state, decodeURIComponent(id));
  if (collection !== 'connections') return problem(404, 'Not Found', null);
  if (id !== undefined) return answerConnection(state, request, decodeURIComponent(id));
  if (method === 'GET') return listConnections(state, request.query);
  if (method === 'POST') return createConnection(state, request.body);
  return problem(405, 'Method Not Allowed', 'The method is not allowed for the requested URL.');
}

function problem(status: number, title: string, detail: string | null): AirflowAnswer {
  return { status, body: { detail, status, title, type: 'about:blank' } };
}

function authorize(state: AirflowState, request: AirflowRequest): AirflowAnswer | undefined {
  const basic = /^Basic (.+)$/i.exec(request.headers['authorization'] ?? '')?.[1] ?? '';
  const login = Buffer.from(basic, 'base64').toString('utf8');
  const user = state.users.find(({ username, password }) => `${username}:${password}` === login);
  if (!user) return problem(401, 'Unauthorized', null);
  const { role } = user;
  const allowed = role === 'admin' || role === 'op' || (role === 'editor' && request.method === 'PATCH');
  return allowed ? undefined : problem(403, 'Forbidden', null);
}

/** Airflow 2 never returns a password, not even masked. */
function withoutPassword(record: ConnectionRecord): Record<string, unknown> {
  return without(record, 'password');
}

function without(fields: object, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([field]) => field !== name));
}

const LIST_PARAMETERS = ['limit', 'offset', 'order_by'];

/** A list has no `extra` and no filter: connexion rejects parameters that the specification does not define. */
function listConnections(state: AirflowState, query: URLSearchParams): AirflowAnswer {
  const unknown = [...query.keys()].find((name) => !LIST_PARAMETERS.includes(name));
  if (unknown !== undefined)
    return problem(400, 'Bad Request', `Extra query parameter(s) ${unknown} not in spec`);
  const all = [...state.connections.values()].sort((a, b) => (a.connection_id < b.connection_id ? -1 : 1));
  const offset = Number(query.get('offset') ?? 0);
  const page = all.slice(offset, offset + Math.min(Number(query.get('limit') ?? 100), 100));
  const connections = page.map((record) => without(withoutPassword(record), 'extra'));
  return { status: 200, body: { connections, total_entries: all.length } };
}

function createConnection(state: AirflowState, body: unknown): AirflowAnswer {
  if (!isObject(body)) return problem(400, 'Bad Request', 'None is not of type object');
  const unknown = Object.keys(body).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) return problem(400, 'Bad Request', `{'${unknown}': ['Unknown field.']}`);
  const record = connectionRecord(body as { connection_id: string; conn_type: string });
  if (state.connections.has(record.connection_id)) {
    return problem(409, 'Conflict', `Connection already exist. ID: ${record.connection_id}`);
  }
  state.connections.set(record.connection_id, record);
  return { status: 200, body: withoutPassword(record) };
}

function answerConnection(state: AirflowState, request: AirflowRequest, id: string): AirflowAnswer {
  const record = state.connections.get(id);
  if (!record) {
    return problem(404, 'Connection not found', `The Connection with connection_id: \`${id}\` was not found`);
  }
  if (request.method === 'GET') return { status: 200, body: withoutPassword(record) };
  if (request.method === 'DELETE') {
    state.connections.delete(id);
    return { status: 204, body: undefined };
  }
  if (request.method !== 'PATCH') return problem(405, 'Method Not Allowed', null);
  const body = isObject(request.body) ? request.body : {};
  // A comma-separated list, unlike the repeated parameter of Airflow 3.
  const mask = request.query.get('update_mask')?.split(',') ?? Object.keys(body);
  const unknown = mask.find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) {
    return problem(400, 'Bad Request', `'${unknown}' is unknown or cannot be updated.`);
  }
  for (const field of mask) {
    // An empty password changes nothing; `***` is stored unchanged.
    if (body[field] === undefined || (field === 'password' && !body[field])) continue;
    Object.assign(record, { [field]: body[field] });
  }
  return { status: 200, body: withoutPassword(record) };
}

function readVariable(state: AirflowState, key: string): AirflowAnswer {
  const value = state.variables.get(key);
  if (value === undefined) return problem(404, 'Variable not found', 'Variable does not exist');
  return { status: 200, body: { key, value, description: null } };
}

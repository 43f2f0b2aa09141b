// Owns the Airflow stand-in: the part of the REST API of Airflow 3, or of 2, that the product uses, in this process,
// with Airflow's own statuses and bodies. For tests, and for machines without Python. Refuses to be an Airflow: it runs no tasks.
import {
  connectionRecord,
  type ConnectionFields,
  type ConnectionRecord,
} from './airflow-stand-in/connection-record.js';
import {
  answerAirflow,
  type AirflowRequest,
  type AirflowState,
  type AirflowUser,
} from './airflow-stand-in/routes.js';
import { answerAirflow2 } from './airflow-stand-in/routes-v1.js';
import { createSessionTokens } from './airflow-stand-in/session-tokens.js';
import { playFault, readText, sendJson, sendText, startLocalServer, type Fault } from './local-server.js';

export type { ConnectionFields, ConnectionRecord } from './airflow-stand-in/connection-record.js';
export type { AirflowRequest, AirflowRole, AirflowUser } from './airflow-stand-in/routes.js';

/** Decides for each request whether it goes wrong. */
export type AirflowFaultHook = (request: AirflowRequest) => Fault | undefined;

/** A running Airflow stand-in. */
export interface AirflowStandIn {
  url: string;
  /** With passwords in clear; may be changed while it runs. */
  connections: Map<string, ConnectionRecord>;
  variables: Map<string, string>;
  /** Every request, oldest first. Those to `/auth/token` have the password in their body. */
  requests: AirflowRequest[];
  setFault(hook: AirflowFaultHook | undefined): void;
  /** Sessions so far are no longer recognised: 403 `Invalid JWT token`. */
  rotateJwtSecret: () => void;
  /** Sessions so far have expired: 401 `Token Expired`. */
  expireSessions: () => void;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface AirflowStandInOptions {
  /** Default: `op` with the password `op`, role op. */
  users?: AirflowUser[] | undefined;
  /** Fields not given are null. */
  connections?: (ConnectionFields & { connection_id: string; conn_type: string })[] | undefined;
  variables?: Record<string, string> | undefined;
  /** Default 86,400 s, as Airflow's; there are 10 s of leeway. */
  jwtLifeSeconds?: number | undefined;
  /**
   * What it calls itself; default 3.3.2. Before 3.2, an update_mask in a bulk request is refused; as 2.x it has REST v1
   * and Basic sign-ins alone.
   */
  version?: string | undefined;
  /** Default: a free port. */
  port?: number | undefined;
}

/** Starts the Airflow stand-in. */
export async function startAirflowStandIn(options: AirflowStandInOptions = {}): Promise<AirflowStandIn> {
  const records = (options.connections ?? []).map(connectionRecord);
  const state: AirflowState = {
    version: options.version ?? '3.3.2',
    users: options.users ?? [{ username: 'op', password: 'op', role: 'op' }],
    connections: new Map(records.map((record) => [record.connection_id, record])),
    variables: new Map(Object.entries(options.variables ?? {})),
    sessions: createSessionTokens(options.jwtLifeSeconds ?? 86_400),
  };
  const requests: AirflowRequest[] = [];
  let hook: AirflowFaultHook | undefined;

  const server = await startLocalServer(async (incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://stand-in');
    const text = await readText(incoming);
    const json = /^application\/json\b/.test(incoming.headers['content-type'] ?? '');
    const body = json ? parseBody(text) : { value: text === '' ? undefined : text };
    const request: AirflowRequest = {
      method: incoming.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: Object.fromEntries(Object.entries(incoming.headers).map(([k, v]) => [k, String(v)])),
      body: 'value' in body ? body.value : text,
      at: Date.now(),
      status: undefined,
    };
    requests.push(request);
    response.once('finish', () => (request.status = response.statusCode));
    if (await playFault(hook?.(request), response)) return;
    if ('broken' in body) {
      sendJson(response, 422, { detail: [body.broken] });
      return;
    }
    const answer = state.version.startsWith('2.')
      ? answerAirflow2(state, request)
      : answerAirflow(state, request);
    if (answer.body === undefined) response.writeHead(answer.status).end();
    else if (typeof answer.body === 'string') sendText(response, answer.status, answer.body);
    else sendJson(response, answer.status, answer.body);
  }, options.port);

  return {
    url: server.url,
    connections: state.connections,
    variables: state.variables,
    requests,
    setFault: (next) => void (hook = next),
    rotateJwtSecret: state.sessions.rotateSecret,
    expireSessions: state.sessions.expireAll,
    stop: server.stop,
  };
}

function parseBody(text: string): { value: unknown } | { broken: object } {
  if (text === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    const ctx = { error: 'Expecting value' };
    return { broken: { type: 'json_invalid', loc: ['body', 0], msg: 'JSON decode error', input: {}, ctx } };
  }
}

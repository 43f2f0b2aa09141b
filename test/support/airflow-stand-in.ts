// The sandbox's Airflow stand-in, extended for tests: it records requests, injects faults, revokes sessions, and also
// implements the bulk request of Airflow 3 and the REST API of Airflow 2.
import {
  connectionRecord,
  type ConnectionFields,
  type ConnectionRecord,
} from '../../sandbox/airflow-stand-in/connection-record.js';
import {
  readAirflowRequest,
  sendAirflowAnswer,
  type AirflowAnswer,
  type AirflowRequest as ReadRequest,
} from '../../sandbox/airflow-stand-in/exchange.js';
import {
  answerAirflow,
  authorize,
  type AirflowState,
  type AirflowUser,
} from '../../sandbox/airflow-stand-in/routes.js';
import { SESSION_SECONDS } from '../../sandbox/airflow-stand-in.js';
import { startLocalServer } from '../../sandbox/local-server.js';
import { answerBulk } from './airflow-stand-in/bulk.js';
import { createRevocableSessions } from './airflow-stand-in/revocable-sessions.js';
import { answerAirflow2 } from './airflow-stand-in/routes-v1.js';
import { playFault, type Fault } from './fault.js';

export type { ConnectionFields, ConnectionRecord } from '../../sandbox/airflow-stand-in/connection-record.js';
export type { AirflowRole, AirflowUser } from '../../sandbox/airflow-stand-in/routes.js';

/** A recorded request. */
export interface AirflowRequest extends ReadRequest {
  /** Epoch milliseconds. */
  at: number;
  /** Status of the response; undefined while the request is in progress, and if it was dropped or hangs. */
  status: number | undefined;
}

/** Returns the fault to inject for a request, if any. */
export type AirflowFaultHook = (request: AirflowRequest) => Fault | undefined;

/** A running Airflow stand-in. */
export interface AirflowStandIn {
  url: string;
  /** With passwords in plain text; may be changed at any time. */
  connections: Map<string, ConnectionRecord>;
  variables: Map<string, string>;
  /** Every request, oldest first. The body of requests to `/auth/token` contains the password. */
  requests: AirflowRequest[];
  setFault(hook: AirflowFaultHook | undefined): void;
  /** Invalidates all existing sessions: 403 `Invalid JWT token`. */
  rotateJwtSecret: () => void;
  /** Expires all existing sessions: 401 `Token Expired`. */
  expireSessions: () => void;
  stop: () => Promise<void>;
}

export interface AirflowStandInOptions {
  /** Default: user `op` with password `op` and role `op`. */
  users?: AirflowUser[] | undefined;
  /** Omitted fields are null. */
  connections?: (ConnectionFields & { connection_id: string; conn_type: string })[] | undefined;
  variables?: Record<string, string> | undefined;
  /** Default 86,400 s, as in Airflow; 10 s of leeway are added. */
  jwtLifeSeconds?: number | undefined;
  /**
   * The version that it reports; default 3.3.2. Before 3.2, it rejects an update_mask in a bulk request; 2.x has only
   * REST v1 with Basic authentication.
   */
  version?: string | undefined;
  /**
   * Reads user name and password from the body of a login, as an auth manager with other fields does; undefined rejects
   * it with 403, as Keycloak's does.
   */
  readLogin?: ((body: unknown) => { username: string; password: string } | undefined) | undefined;
  /** Default: a free port. */
  port?: number | undefined;
}

/** Starts the Airflow stand-in. */
export async function startAirflowStandIn(options: AirflowStandInOptions = {}): Promise<AirflowStandIn> {
  const records = (options.connections ?? []).map(connectionRecord);
  const sessions = createRevocableSessions(options.jwtLifeSeconds ?? SESSION_SECONDS);
  const state: AirflowState = {
    version: options.version ?? '3.3.2',
    users: options.users ?? [{ username: 'op', password: 'op', role: 'op' }],
    connections: new Map(records.map((record) => [record.connection_id, record])),
    variables: new Map(Object.entries(options.variables ?? {})),
    sessions,
  };
  const requests: AirflowRequest[] = [];
  let hook: AirflowFaultHook | undefined;

  const server = await startLocalServer(async (incoming, response) => {
    const { request, refusal } = await readAirflowRequest(incoming);
    const recorded: AirflowRequest = { ...request, at: Date.now(), status: undefined };
    requests.push(recorded);
    response.once('finish', () => (recorded.status = response.statusCode));
    if (await playFault(hook?.(recorded), response)) return;
    sendAirflowAnswer(response, refusal ?? answer(state, recorded, options.readLogin));
  }, options.port);

  return {
    url: server.url,
    connections: state.connections,
    variables: state.variables,
    requests,
    setFault: (next) => void (hook = next),
    rotateJwtSecret: sessions.rotateSecret,
    expireSessions: sessions.expireAll,
    stop: server.stop,
  };
}

function answer(
  state: AirflowState,
  request: ReadRequest,
  readLogin: AirflowStandInOptions['readLogin'],
): AirflowAnswer {
  if (readLogin && request.path === '/auth/token') {
    const body = readLogin(request.body);
    const rejection = { status: 403, body: { detail: 'Client credentials authentication failed' } };
    return body ? answerAirflow(state, { ...request, body }) : rejection;
  }
  if (state.version.startsWith('2.')) return answerAirflow2(state, request);
  if (request.method !== 'PATCH' || request.path !== '/api/v2/connections')
    return answerAirflow(state, request);
  const refusesUpdateMask = /^3\.[01]\./.test(state.version);
  return authorize(state, request) ?? answerBulk(state.connections, request.body, refusesUpdateMask);
}

// Owns the conversation with the REST API of Airflow 3 (/api/v2): read a connection, write its password.
// Refuses every other write: the update mask makes Airflow ignore all fields but the password.
import { z } from 'zod';
import type { AirflowApi } from '../../activities/ports.js';
import type { StoredConnection } from '../../domain/connection.js';
import { RefreshFailure } from '../../domain/failures.js';
import type { Secret } from '../../secret.js';
import type { HttpAnswer, HttpClient, HttpRequest } from '../http.js';
import {
  failureOfAnswer,
  failureOfTransport,
  isConnectionMissing,
  isJwtRejected,
  notAirflow,
  type Attempt,
} from './answer.js';

/** A GET takes 3 s on an API server that has seen a hundred tokens (its secrets masker), more under load. */
const REQUEST_TIMEOUT_MS = 30_000;

/** One way to sign in to Airflow. Every method throws RefreshFailure alone. */
export interface AirflowSession {
  /** A JWT for `Authorization: Bearer`; signs in when there is none that will do. */
  readJwt(signal: AbortSignal): Promise<Secret>;
  /**
   * Another JWT, since Airflow rejected this one. However many requests bring the same rejected JWT, there is one
   * new sign-in.
   */
  renew(rejected: Secret, signal: AbortSignal): Promise<Secret>;
}

export interface Airflow3Options {
  /** Name of the Airflow in the configuration, for messages. */
  readonly name: string;
  /** Base URL, a sub-path included, without /api/v2. */
  readonly url: string;
  readonly session: AirflowSession;
  readonly http: HttpClient;
}

/** Fields that Airflow 3.0 to 3.3 answers; what else it sends is of no interest. */
const CONNECTION = z.object({
  connection_id: z.string(),
  conn_type: z.string(),
  host: z.string().nullish(),
  login: z.string().nullish(),
  port: z.number().int().nullish(),
  schema: z.string().nullish(),
  extra: z.string().nullish(),
  description: z.string().nullish(),
});

/** Airflow's version goes into reports, so it must look like one. */
const VERSION = z.object({ version: z.string().regex(/^[0-9][0-9A-Za-z.+-]{0,39}$/) });

/** The REST API of one Airflow 3. Every method throws RefreshFailure alone, as the port says. */
export function createAirflow3(options: Airflow3Options): AirflowApi {
  const base = `${options.url.replace(/\/+$/, '')}/api/v2`;

  async function send(
    attempt: Attempt,
    request: Pick<HttpRequest, 'method' | 'json'> & SendOptions,
  ): Promise<HttpAnswer> {
    const { path, jwt, signal, ...rest } = request;
    const headers = jwt ? { Authorization: `Bearer ${jwt.reveal()}` } : {};
    try {
      return await options.http.send({
        ...rest,
        url: base + path,
        headers,
        timeoutMs: REQUEST_TIMEOUT_MS,
        signal,
      });
    } catch (error) {
      throw failureOfTransport(attempt, error);
    }
  }

  async function sendSignedIn(
    attempt: Attempt,
    request: Pick<HttpRequest, 'method' | 'json'> & Omit<SendOptions, 'jwt'>,
  ): Promise<HttpAnswer> {
    const jwt = await options.session.readJwt(request.signal);
    const answer = await send(attempt, { ...request, jwt });
    if (!isJwtRejected(answer)) return answer;
    return send(attempt, { ...request, jwt: await options.session.renew(jwt, request.signal) });
  }

  async function readConnection(id: string, signal: AbortSignal): Promise<StoredConnection | undefined> {
    const attempt: Attempt = { airflow: options.name, action: `GET connection ${id}`, right: 'read' };
    const answer = await sendSignedIn(attempt, { method: 'GET', path: pathOf(attempt, id), signal });
    return toConnection(attempt, answer);
  }

  async function writePassword(
    connection: StoredConnection,
    password: Secret,
    signal: AbortSignal,
  ): Promise<StoredConnection | undefined> {
    const attempt: Attempt = {
      airflow: options.name,
      action: `PATCH connection ${connection.id}`,
      right: 'edit',
    };
    refuseUnusable(attempt, password);
    const answer = await sendSignedIn(attempt, {
      method: 'PATCH',
      // A comma list or a misspelt field in the mask answers 200 and changes nothing (tried on 3.0.6 to 3.3.2).
      path: `${pathOf(attempt, connection.id)}?update_mask=password`,
      // Id and type are required by the schema; with the mask they are not written.
      json: { connection_id: connection.id, conn_type: connection.type, password: password.reveal() },
      signal,
    });
    return toConnection(attempt, answer);
  }

  async function readVersion(signal: AbortSignal): Promise<string> {
    const attempt: Attempt = { airflow: options.name, action: 'GET version' };
    const answer = await send(attempt, { method: 'GET', path: '/version', signal });
    if (answer.status !== 200) throw failureOfAnswer(attempt, answer);
    const parsed = VERSION.safeParse(answer.json);
    if (!parsed.success) throw notAirflow(attempt);
    return parsed.data.version;
  }

  return { readConnection, writePassword, readVersion };
}

interface SendOptions {
  /** Below /api/v2. */
  readonly path: string;
  readonly jwt?: Secret;
  readonly signal: AbortSignal;
}

function pathOf(attempt: Attempt, id: string): string {
  // `.` and `..` pass Airflow's own pattern for ids, and would lead the URL elsewhere.
  if (/^\.{0,2}$/.test(id)) {
    throw new RefreshFailure(
      'AirflowRequestRejected',
      `Airflow ${attempt.airflow}: ${JSON.stringify(id)} is no id`,
    );
  }
  return `/connections/${encodeURIComponent(id)}`;
}

/** The last net. Airflow answers 200 to an empty or masked password and keeps the old one; 3.0.0 stores the mask. */
function refuseUnusable(attempt: Attempt, password: Secret): void {
  if (/^\**$/.test(password.reveal().trim())) {
    throw new RefreshFailure(
      'EcrResponseInvalid',
      `Airflow ${attempt.airflow}: ${attempt.action}: an empty or masked password is never written`,
    );
  }
}

function toConnection(attempt: Attempt, answer: HttpAnswer): StoredConnection | undefined {
  if (isConnectionMissing(answer)) return undefined;
  if (answer.status !== 200) throw failureOfAnswer(attempt, answer);
  const parsed = CONNECTION.safeParse(answer.json);
  // zod's error is dropped: it may quote the answer, and Airflow 3.0.3 answers with passwords in clear.
  if (!parsed.success) throw notAirflow(attempt);
  const { connection_id: id, conn_type: type, ...rest } = parsed.data;
  return {
    id,
    type,
    host: rest.host ?? null,
    login: rest.login ?? null,
    port: rest.port ?? null,
    schema: rest.schema ?? null,
    extra: rest.extra ?? null,
    description: rest.description ?? null,
  };
}

// Owns the way to Airflow's REST API over HTTP: base URL, sign-in, one new sign-in when Airflow rejects the last.
// Refuses to let an error of HTTP out: it becomes a RefreshFailure here.
import type { Secret } from '../../log/secret.js';
import type { HttpClient } from '../../net/http.js';
import { failure, toRequestFailure, isLoginRejected } from './response-errors.js';
import type {
  AirflowCredential,
  AirflowTransport,
  ApiRequest,
  ApiResponse,
  RequestContext,
} from './transport.js';

/** A GET takes 3 s on an API server that has seen a hundred tokens (its secrets masker), more under load. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A page of 100 connections with long extras; MWAA's own limit for an answer. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/**
 * 100 connections took 0.2 s on a small machine. Below 1 MB, where reverse proxies begin to refuse, and below the
 * 600 connections that fit into a row of Airflow's audit log on MySQL.
 */
const BULK = { connections: 100, bytes: 512 * 1024 } as const;

export interface HttpTransportOptions {
  /** Base URL, a sub-path included, without /api/v2. */
  readonly url: string;
  readonly apiPath: '/api/v1' | '/api/v2';
  readonly session: AirflowCredential;
  readonly http: HttpClient;
}

/** A transport over HTTP. Signs in on first use. */
export function createHttpTransport(options: HttpTransportOptions): AirflowTransport {
  const { session, http } = options;
  const base = options.url.replace(/\/+$/, '') + options.apiPath;

  async function sendAs(
    authorization: Secret | undefined,
    attempt: RequestContext,
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiResponse> {
    const query = request.query ? `?${new URLSearchParams(request.query).toString()}` : '';
    try {
      return await http.send({
        method: request.method,
        url: base + request.path + query,
        headers: authorization ? { Authorization: authorization.reveal() } : {},
        ...(request.json === undefined ? {} : { json: request.json }),
        timeoutMs: request.timeoutMs ?? REQUEST_TIMEOUT_MS,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      });
    } catch (error) {
      throw toRequestFailure(attempt, error);
    }
  }

  async function send(
    attempt: RequestContext,
    request: ApiRequest,
    signal: AbortSignal,
  ): Promise<ApiResponse> {
    if (request.anonymous && !session.always) return sendAs(undefined, attempt, request, signal);
    const first = await session.authorize(signal);
    const answer = await sendAs(first, attempt, request, signal);
    if (!isLoginRejected(answer)) return answer;
    const second = await session.renew(first, signal);
    // The same password or token again would only bring the account nearer to being locked.
    const last = second.reveal() === first.reveal() ? answer : await sendAs(second, attempt, request, signal);
    if (isLoginRejected(last)) throw failure('StoreUnauthorized', attempt, session.refusal, last.status);
    return last;
  }

  return { bulk: BULK, send };
}

import type { Secret } from '../../log/secret.js';
import type { HttpClient } from '../../net/http.js';
import type { AirflowLogin } from './auth/login.js';
import { toRequestFailure } from './response-errors.js';
import type { AirflowTransport, ApiRequest, ApiResponse, RequestContext } from './transport.js';

/** A GET takes 3 s on an API server that has seen a hundred tokens (its secrets masker), more under load. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A page of 100 connections with long extras; MWAA's own limit for a response. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/**
 * 100 connections took 0.2 s on a small machine. Below 1 MB, which is the default limit of reverse proxies, and below the
 * 600 connections that fit into a row of Airflow's audit log on MySQL.
 */
const BULK = { connections: 100, bytes: 512 * 1024 } as const;

export interface HttpTransportOptions {
  /** Base URL, a sub-path included, without /api/v2. */
  readonly url: string;
  readonly apiPath: '/api/v1' | '/api/v2';
  readonly login: AirflowLogin;
  readonly http: HttpClient;
}

/** A transport over HTTP. Logs in on first use. */
export function createHttpTransport({ url, apiPath, login, http }: HttpTransportOptions): AirflowTransport {
  const base = url.replace(/\/+$/, '') + apiPath;

  async function request(
    context: RequestContext,
    { method, path, query, json, timeoutMs = REQUEST_TIMEOUT_MS }: ApiRequest,
    signal: AbortSignal,
    authorization?: Secret,
  ): Promise<ApiResponse> {
    try {
      return await http.send({
        method,
        url: `${base}${path}${query ? `?${new URLSearchParams(query).toString()}` : ''}`,
        headers: authorization ? { Authorization: authorization.reveal() } : {},
        ...(json === undefined ? {} : { json }),
        timeoutMs,
        maxResponseBytes: MAX_RESPONSE_BYTES,
        signal,
      });
    } catch (error) {
      throw toRequestFailure(context, error);
    }
  }

  return {
    bulk: BULK,
    async send(context, apiRequest, signal) {
      if (apiRequest.anonymous && !login.isAlwaysSent) return request(context, apiRequest, signal);
      return login.send(context, signal, (header) => request(context, apiRequest, signal, header));
    },
  };
}

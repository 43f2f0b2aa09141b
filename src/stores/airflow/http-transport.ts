// Airflow's REST API over HTTP, with a login and the headers of the configuration.
import type { ExtraHeader, HttpClient } from '../../net/http.js';
import { RefreshFailure } from '../../refresh/failures.js';
import type { AirflowLogin } from './auth/login.js';
import { toRequestFailure } from './response-errors.js';
import type { AirflowApi, MajorVersion } from './transport.js';

/** A GET takes 3 s on an API server that has seen a hundred tokens (its secrets masker), more under load. */
const REQUEST_TIMEOUT_MS = 30_000;
/** A page of 100 connections with long extras; MWAA's own limit for a response. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/**
 * 100 connections took 0.2 s on a small machine. Below 1 MB, which is the default limit of reverse proxies, and below the
 * 600 connections that fit into a row of Airflow's audit log on MySQL.
 */
const BULK = { connections: 100, bytes: 512 * 1024 } as const;

/**
 * Logs in on first use.
 * @param url base URL, a sub-path included, without a slash at its end
 */
export function createHttpApi(
  major: MajorVersion,
  url: string,
  login: AirflowLogin,
  http: HttpClient,
): AirflowApi {
  const base = `${url}/api/${major === 3 ? 'v2' : 'v1'}`;

  return {
    major,
    bulk: BULK,
    async send(request, signal) {
      const query = request.query ? `?${new URLSearchParams(request.query).toString()}` : '';
      return login.send(request, signal, async (authorization) => {
        try {
          const { status, json } = await http.send({
            method: request.method,
            url: `${base}${request.path}${query}`,
            headers: authorization ? { Authorization: authorization.reveal() } : {},
            json: request.json,
            timeoutMs: REQUEST_TIMEOUT_MS,
            maxResponseBytes: MAX_RESPONSE_BYTES,
            signal,
          });
          return { request, status, json };
        } catch (error) {
          throw toRequestFailure(request, error);
        }
      });
    },
  };
}

/**
 * The client with headers on every request, logins included: for the gateway in front of an Airflow. `send` also throws
 * RefreshFailure ConfigInvalid. The values are never shown: a failure names only the header.
 */
export function withExtraHeaders(
  airflow: string,
  http: HttpClient,
  headers: readonly ExtraHeader[],
): HttpClient {
  return {
    async send(request) {
      const extra = Object.fromEntries(headers.map((header) => [header.name, readValue(airflow, header)]));
      // Ours last: authorization and content type are not for configuration.
      return http.send({ ...request, headers: { ...extra, ...request.headers } });
    },
  };
}

function readValue(airflow: string, header: ExtraHeader): string {
  const value = header.read().reveal();
  // Node would reject it with a message that quotes it.
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new RefreshFailure(
    'ConfigInvalid',
    `Airflow ${airflow}: the value of header ${header.name} contains characters that are not valid in a header`,
    'Fix the value that its reference leads to: printable ASCII in one line.',
  );
}

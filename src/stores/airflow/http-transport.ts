// Airflow's REST API over HTTP, with a login and the configured headers.
import type { ExtraHeader, HttpClient } from '../../net/http.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { CONFIG_REMEDIES } from '../../refresh/remedies/config.js';
import type { AirflowLogin } from './auth/login.js';
import { toRequestFailure } from './response-errors.js';
import type { AirflowApi, MajorVersion } from './transport.js';

/** On an API server that has loaded a hundred tokens, its secrets masker makes a GET take 3 s, more under load. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Enough for a page of 100 connections with long extras; also MWAA's limit for a response. */
const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;
/**
 * 100 connections took 0.2 s on a small machine. Stays below 1 MB, the default limit of reverse proxies, and below
 * the 600 connections that fit into a row of Airflow's audit log on MySQL.
 */
const BULK = { connections: 100, bytes: 512 * 1024 } as const;

/**
 * Logs in on first use.
 * @param url base URL, including a sub-path, without a trailing slash
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
 * Adds headers to every request, including logins, for a gateway in front of Airflow. `send` also throws RefreshFailure
 * ConfigInvalid, which names the header and never shows its value.
 */
export function withExtraHeaders(
  airflow: string,
  http: HttpClient,
  headers: readonly ExtraHeader[],
): HttpClient {
  return {
    async send(request) {
      const extra = Object.fromEntries(headers.map((header) => [header.name, readValue(airflow, header)]));
      // Ours come last: the configuration must not replace authorization and content type.
      return http.send({ ...request, headers: { ...extra, ...request.headers } });
    },
  };
}

function readValue(airflow: string, header: ExtraHeader): string {
  const value = header.read().reveal();
  // Node would reject such a header with a message that quotes it.
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  throw new RefreshFailure(
    'ConfigInvalid',
    `Airflow ${airflow}: the value of header ${header.name} contains characters that are not valid in a header`,
    CONFIG_REMEDIES.fixHeader,
  );
}

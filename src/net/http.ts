// HTTP to Airflow and to registries, with limits on time and size, and without redirects. No AxiosError leaves this file:
// it carries request bodies and headers, so tokens and passwords.
import http from 'node:http';
import type { AxiosError, AxiosInstance, AxiosResponse, CreateAxiosDefaults } from 'axios';
import type { Secret } from '../log/secret.js';
import { withDeadline } from './deadline.js';
import { createCaFileAgents, createHttpsAgent } from './https-agent.js';
import { NetworkError, toNetworkError } from './network-error.js';

/** Decoded bytes. A connection, a JWT and a registry's error are a few kilobytes. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Milliseconds for all of it: connecting, sending, waiting and reading. */
  readonly timeoutMs: number;
  /** Decoded bytes; default 1 MB. */
  readonly maxResponseBytes?: number;
  readonly signal: AbortSignal;
}

/** A header with a secret value, which is read for each request so that a rotated one is picked up. */
export interface ExtraHeader {
  readonly name: string;
  /** @throws RefreshFailure ConfigInvalid when it cannot be read */
  readonly read: () => Secret;
}

/** What came back. May quote the request (Airflow's 422 does): never put any of it into a failure. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  header(name: string): string | undefined;
}

export interface HttpClient {
  /**
   * Any status but a redirect is a response.
   * @throws NetworkError, or RefreshFailure ConfigInvalid when the CA file cannot be used
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpClientOptions {
  /** Of this program, for the User-Agent. */
  readonly version: string;
  /**
   * PEM file with CAs to trust in addition to Node's. Each request uses it as it is by then; when it cannot be used, it
   * fails the requests that need it and nothing else.
   */
  readonly caFile?: string;
}

/**
 * One client for Airflow and registries, so that connections and proxy rules are shared. An Airflow instance with a
 * custom CA has a client of its own, so that no registry is trusted by that CA.
 * @throws RefreshFailure ConfigInvalid when the environment names an invalid proxy
 */
export function createHttpClient({ version, caFile }: HttpClientOptions): HttpClient {
  // Also checks the proxy.
  const agent = createHttpsAgent();
  const getAgent = caFile === undefined ? () => agent : createCaFileAgents(caFile);
  let client: AxiosInstance | undefined;

  async function getClient(): Promise<AxiosInstance> {
    // Imported at the first request: a worker starts without it.
    const { default: axios } = await import('axios');
    return (client ??= axios.create(buildSettings(version)));
  }

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const axios = await getClient();
    const httpsAgent = getAgent();
    let response: AxiosResponse<string>;
    try {
      response = await withDeadline(request.timeoutMs, request.signal, (signal) =>
        sendAgainOnStaleConnection(() =>
          axios.request<string>({
            method: request.method,
            url: request.url,
            headers: { ...request.headers },
            data: request.json,
            maxContentLength: request.maxResponseBytes ?? MAX_RESPONSE_BYTES,
            httpsAgent,
            signal,
          }),
        ),
      );
    } catch (error) {
      throw toTransportError(error);
    }
    return toResponse(response, request.url);
  }

  return { send };
}

function buildSettings(version: string): CreateAxiosDefaults {
  return {
    adapter: 'http',
    headers: { 'User-Agent': `airflow-ecr-refresh/${version}`, Accept: 'application/json' },
    httpAgent: new http.Agent({ keepAlive: true }),
    // A redirect would carry the password or the token to a host that no one configured.
    maxRedirects: 0,
    // The agent does the tunnelling; axios must not choose a proxy of its own, above all not for http on loopback.
    proxy: false,
    responseType: 'text',
    validateStatus: () => true,
  };
}

/** Two stale connections in a row are rare; each attempt uses one up. */
const STALE_CONNECTIONS = 3;

/**
 * A server may close a kept connection while the next request is on its way; Airflow's does so after each 500. There
 * was no response on it, and every request that we send may be sent again: reading, logging in, setting a password.
 */
async function sendAgainOnStaleConnection<T>(send: () => Promise<T>): Promise<T> {
  for (let used = 0; ; used += 1) {
    try {
      return await send();
    } catch (error) {
      if (used >= STALE_CONNECTIONS || !isStaleConnection(error)) throw error;
    }
  }
}

function isStaleConnection(error: unknown): boolean {
  if (!isAxiosError(error) || error.response) return false;
  const reused = (error.request as { readonly reusedSocket?: unknown } | undefined)?.reusedSocket === true;
  return reused && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
}

function toResponse(response: AxiosResponse<string>, url: string): HttpResponse {
  const { status, data: text } = response;
  if (status >= 300 && status < 400) {
    throw leadsToOtherHost(response.headers['location'], url)
      ? new NetworkError('redirect-to-other-host', `a redirect to another host (HTTP ${status}) was refused`)
      : new NetworkError('redirect', `a redirect (HTTP ${status}) was refused`);
  }
  return {
    status,
    text,
    json: parseJson(text),
    header(name) {
      const value: unknown = response.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function leadsToOtherHost(location: unknown, url: string): boolean {
  if (typeof location !== 'string' || !URL.canParse(location, url)) return false;
  return new URL(location, url).hostname !== new URL(url).hostname;
}

function toTransportError(error: unknown): NetworkError {
  // axios uses one code for "larger than maxContentLength" and for "broken off while reading"; only the second
  // comes with a response.
  if (isAxiosError(error) && error.code === 'ERR_BAD_RESPONSE') {
    return new NetworkError(error.response ? 'connection-reset' : 'too-large');
  }
  return toNetworkError(error);
}

/** By its mark, as axios itself does, so that axios need not be loaded for it. */
function isAxiosError(error: unknown): error is AxiosError {
  return (error as { isAxiosError?: unknown } | null)?.isAxiosError === true;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A response need not be JSON: a proxy's page, Airflow's plain-text 500. The callers classify it.
    return undefined;
  }
}

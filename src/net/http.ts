// HTTP client for Airflow and registries: limits time and size, follows no redirects. An AxiosError must not leave this
// file: it contains request bodies and headers, and with them tokens and passwords.
import type https from 'node:https';
import type { AxiosError, AxiosInstance, AxiosResponse, CreateAxiosDefaults } from 'axios';
import type { Secret } from '../log/secret.js';
import { withDeadline } from './deadline.js';
import { createHttpAgent, createHttpsAgent } from './agents.js';
import { createCaFileAgents } from './ca-file.js';
import { NetworkError, noteUrl, toNetworkError } from './network-error.js';
import { findProxyOf } from './proxy.js';
import { MAX_RESPONSE_BYTES } from './read-body.js';

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Milliseconds for the whole exchange: connecting, sending, waiting and reading. */
  readonly timeoutMs: number;
  /** Decoded bytes; default 1 MB. */
  readonly maxResponseBytes?: number;
  readonly signal: AbortSignal;
}

/** A header with a secret value, read for each request so that a rotated value is picked up. */
export interface ExtraHeader {
  readonly name: string;
  /** @throws RefreshFailure ConfigInvalid when it cannot be read */
  readonly read: () => Secret;
}

/** May quote the request, as Airflow's 422 does: never put any part of it into a failure. */
export interface HttpResponse {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is not JSON. */
  readonly json: unknown;
  header(name: string): string | undefined;
}

export interface HttpClient {
  /**
   * Returns a response with any status except a redirect.
   * @throws NetworkError, or RefreshFailure ConfigInvalid when the CA file cannot be used
   */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface HttpClientOptions {
  /** This program's version, for the User-Agent. */
  readonly version: string;
  /**
   * PEM file with CAs to trust in addition to Node's default CAs. It is read again for each request; if it is invalid,
   * only the requests of this client fail.
   */
  readonly caFile?: string;
  /** Instead of `caFile`: the agent for each HTTPS request. */
  readonly getHttpsAgent?: () => Promise<https.Agent>;
}

/**
 * Airflow and registries share one client, and with it connections and proxy rules. An Airflow instance with a custom
 * CA gets its own client, so that this CA is not trusted for registries.
 */
export function createHttpClient({ version, caFile, getHttpsAgent }: HttpClientOptions): HttpClient {
  const agent = createHttpsAgent();
  const getAgent = getHttpsAgent ?? (caFile === undefined ? () => agent : createCaFileAgents(caFile));
  let client: AxiosInstance | undefined;

  async function getClient(): Promise<AxiosInstance> {
    // Imported at the first request, to keep the worker's start fast.
    const { default: axios } = await import('axios');
    return (client ??= axios.create(buildSettings(version)));
  }

  async function send(request: HttpRequest): Promise<HttpResponse> {
    const axios = await getClient();
    const httpsAgent = await getAgent();
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
      throw toTransportError(error, new URL(request.url));
    }
    return toResponse(response, request.url);
  }

  return { send };
}

function buildSettings(version: string): CreateAxiosDefaults {
  return {
    adapter: 'http',
    headers: { 'User-Agent': `airflow-ecr-refresh/${version}`, Accept: 'application/json' },
    httpAgent: createHttpAgent(),
    // A redirect would send the password or token to a host that is not configured.
    maxRedirects: 0,
    // The agents handle the proxy; axios must not pick one itself, above all not for http on loopback.
    proxy: false,
    responseType: 'text',
    validateStatus: () => true,
  };
}

/** More than one stale connection in a row is rare, and each attempt removes one. */
const STALE_CONNECTIONS = 3;

/**
 * A server may close an idle keep-alive connection while the next request is being sent; Airflow does so after each
 * 500. Sending again is safe: there was no response, and all requests (read, log in, set a password) are idempotent.
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
  if (status === 407 && isForwarded(url)) {
    throw toNetworkError(noteUrl(new NetworkError('proxy-auth-required'), new URL(url)));
  }
  if (status >= 300 && status < 400) {
    throw leadsElsewhere(response.headers['location'], url)
      ? new NetworkError(
          'redirect-elsewhere',
          `a redirect to another host or page (HTTP ${status}) was not followed`,
        )
      : new NetworkError('redirect', `a redirect (HTTP ${status}) was not followed`);
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

/** A proxy forwards plain HTTP, and then also responds itself. */
function isForwarded(url: string): boolean {
  const target = new URL(url);
  return target.protocol === 'http:' && findProxyOf(target) !== undefined;
}

function leadsElsewhere(location: unknown, url: string): boolean {
  if (typeof location !== 'string' || !URL.canParse(location, url)) return false;
  const [target, source] = [new URL(location, url), new URL(url)];
  const path = source.pathname.replace(/\/$/, '');
  return target.hostname !== source.hostname || !target.pathname.replace(/\/$/, '').endsWith(path);
}

function toTransportError(error: unknown, url: URL): NetworkError {
  // axios uses the same code for "larger than maxContentLength" and for a connection reset while reading; only the
  // latter has a response.
  if (isAxiosError(error) && error.code === 'ERR_BAD_RESPONSE') {
    return toNetworkError(noteUrl(new NetworkError(error.response ? 'connection-reset' : 'too-large'), url));
  }
  return toNetworkError(noteUrl(error, url));
}

/** Checks axios's own marker property, so that axios need not be loaded. */
function isAxiosError(error: unknown): error is AxiosError {
  return (error as { isAxiosError?: unknown } | null)?.isAxiosError === true;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not every response is JSON: a proxy's HTML page, Airflow's plain-text 500. The caller classifies it.
    return undefined;
  }
}

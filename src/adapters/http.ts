// Owns how this program speaks HTTP to Airflow and to registries: limits on time and size, proxy, no redirects.
// Refuses to let an AxiosError out: it carries request bodies and headers, so tokens and passwords.
import http from 'node:http';
import axios, { AxiosError, type AxiosResponse } from 'axios';
import { withDeadline } from './deadline.js';
import { createHttpsAgent } from './https-agent.js';
import { describeTransportError } from './transport-error.js';

/** Decoded bytes. A connection, a JWT and a registry's error are a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024;

export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Milliseconds for all of it: connecting, sending, waiting and reading. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came back. May quote the request (Airflow's 422 does): read it, judge it, never put it into a failure. */
export interface HttpAnswer {
  readonly status: number;
  readonly text: string;
  /** The parsed body; undefined when it is no JSON. */
  readonly json: unknown;
  header(name: string): string | undefined;
}

export interface HttpClient {
  /** Any status but a redirect is an answer. @throws TransportFailure alone */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

/** No usable answer. Its message is made of a list of words and is safe to show; it has no cause. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly kind: 'no-answer' | 'redirect' | 'too-large';

  constructor(kind: TransportFailure['kind'], reason: string) {
    super(reason);
    this.kind = kind;
  }
}

/** One client for Airflow and registries, so that connections and proxy rules are shared. */
export function createHttpClient({ version }: { readonly version: string }): HttpClient {
  const client = axios.create({
    adapter: 'http',
    headers: { 'User-Agent': `airflow-ecr-refresh/${version}`, Accept: 'application/json' },
    httpAgent: new http.Agent({ keepAlive: true }),
    httpsAgent: createHttpsAgent(),
    maxContentLength: MAX_ANSWER_BYTES,
    // A redirect would carry the password or the token to a host that nobody configured.
    maxRedirects: 0,
    // The agent does the tunnelling; axios must not choose a proxy of its own, above all not for http on loopback.
    proxy: false,
    responseType: 'text',
    // Or axios parses and prints again what is JSON already.
    transformRequest: [(body: unknown) => body],
    validateStatus: () => true,
  });

  async function send(request: HttpRequest): Promise<HttpAnswer> {
    let response: AxiosResponse<string>;
    try {
      response = await withDeadline(request.timeoutMs, request.signal, (signal) =>
        client.request<string>({
          method: request.method,
          url: request.url,
          headers: {
            ...request.headers,
            ...(request.json === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          ...(request.json === undefined ? {} : { data: JSON.stringify(request.json) }),
          signal,
        }),
      );
    } catch (error) {
      throw toTransportFailure(error);
    }
    return toAnswer(response);
  }

  return { send };
}

function toAnswer(response: AxiosResponse<string>): HttpAnswer {
  if (response.status >= 300 && response.status < 400) {
    throw new TransportFailure('redirect', `a redirect (HTTP ${response.status}) was refused`);
  }
  const text = response.data;
  return {
    status: response.status,
    text,
    json: parseJson(text),
    header(name) {
      const value: unknown = response.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function toTransportFailure(error: unknown): TransportFailure {
  // axios uses one code for "larger than maxContentLength" and for "broken off while reading"; only the second
  // comes with a response.
  if (error instanceof AxiosError && error.code === AxiosError.ERR_BAD_RESPONSE) {
    return error.response
      ? new TransportFailure('no-answer', 'the connection was broken off')
      : new TransportFailure('too-large', 'the answer is too large');
  }
  return new TransportFailure('no-answer', describeTransportError(error));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is an answer like any other: a proxy's page, Airflow's plain-text 500. The callers judge it.
    return undefined;
  }
}

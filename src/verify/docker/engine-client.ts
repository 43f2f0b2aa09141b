// A replacement for docker-modem, the HTTP client of dockerode. docker-modem reads DOCKER_HOST and DOCKER_CERT_PATH
// even for another engine, follows redirects, reads responses of any size, and prints requests and responses if DEBUG
// is set (docs/decisions/0028-docker-client.md).
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { readBody } from '../../net/read-body.js';
import { readTlsContext, TLS_RULES, type TlsFiles } from '../../net/tls-files.js';

export interface EngineEndpoint {
  /** `unix:///path` or `tcp://host:port`. */
  readonly url: string;
  readonly tls?: TlsFiles;
  /** Allows `tcp://` beyond loopback without `tls`. */
  readonly allowInsecureTcp?: true;
}

/** The part used here of the request that dockerode passes to its modem. */
interface ModemRequest {
  readonly path: string;
  readonly method: string;
  /** Sent as JSON. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly abortSignal?: AbortSignal;
  /** `true` for statuses that are not an error. */
  readonly statusCodes: Readonly<Record<number, unknown>>;
}

/** The engine returned a status that dockerode does not expect. */
export class StatusError extends Error {
  readonly status: number;
  /** The text of the engine, used only for classification and never shown. */
  readonly text: string;

  constructor(status: number, text: string) {
    super(`HTTP ${status}`);
    this.status = status;
    this.text = text;
  }
}

export function createEngineClient(engine: EngineEndpoint) {
  return {
    dial(request: ModemRequest, done: (error: unknown, body: unknown) => void): void {
      sendRequest(engine, request).then(
        (body) => done(null, body),
        (error: unknown) => done(error, null),
      );
    },
  };
}

/** @throws RefreshFailure ConfigInvalid if a TLS file is no longer usable; StatusError; NetworkError; errors of Node */
async function sendRequest(engine: EngineEndpoint, request: ModemRequest): Promise<unknown> {
  const { method, path, options, abortSignal, statusCodes } = request;
  // A signal that has already fired has no event.
  abortSignal?.throwIfAborted();
  const socket = await connect(engine, abortSignal);
  const body = options && JSON.stringify({ ...options, abortSignal: undefined });
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  // Uses its own socket and no agent, because Node's global agents may be configured to use a proxy.
  const sent = http.request({ method, path, headers, createConnection: () => socket });
  // A second error after the response has started would otherwise be unhandled and end the process.
  sent.on('error', () => undefined);
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
  const json = parseBody(await readBody(response));
  const { statusCode = 0 } = response;
  if (statusCodes[statusCode] === true) return json;
  // Podman before 4.4 states the reason in `Status`.
  const { message, Status: reason } = (json ?? {}) as { message?: unknown; Status?: unknown };
  const text = typeof message === 'string' ? message : reason;
  throw new StatusError(statusCode, typeof text === 'string' ? text.slice(0, 4096) : '');
}

/** Waits for the handshake before anything is sent: with pending data, Node drops the code of a handshake error. */
async function connect({ url, tls: files }: EngineEndpoint, signal?: AbortSignal): Promise<net.Socket> {
  const address = toAddress(url);
  const socket = files
    ? tls.connect({ ...address, ...TLS_RULES, secureContext: readTlsContext(files) })
    : net.connect(address);
  socket.on('error', () => undefined);
  signal?.addEventListener('abort', () => socket.destroy(new Error('aborted')), { once: true });
  await once(socket, files ? 'secureConnect' : 'connect');
  return socket;
}

/** Returns the bytes if the body is not JSON. */
function parseBody(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString()) as unknown;
  } catch {
    return bytes;
  }
}

function toAddress(url: string): net.NetConnectOpts & tls.ConnectionOptions {
  if (url.startsWith('unix://')) return { path: url.slice('unix://'.length) };
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  // TLS does not allow IP addresses as server names.
  return { host, port: Number(port), ...(net.isIP(host) ? {} : { servername: host }) };
}

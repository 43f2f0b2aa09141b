// One request to a Docker Engine, as the `modem` of dockerode. Its own, docker-modem, reads DOCKER_HOST and the files of
// DOCKER_CERT_PATH even for another engine, follows redirects, reads responses of any size and prints both sides of a
// request under DEBUG (docs/decisions/2026-11-26-docker-client.md).
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { readTlsContext, TLS_RULES, type TlsFiles } from '../../net/tls-files.js';

/** An engine, and how it is reached. */
export interface EngineEndpoint {
  /** `unix:///path` or `tcp://host:port`. */
  readonly url: string;
  readonly tls?: TlsFiles;
}

/** The part that is used here of what dockerode passes to its modem. */
interface ModemRequest {
  readonly path: string;
  readonly method: string;
  /** Sent as JSON. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly abortSignal?: AbortSignal;
  /** `true` for those that are no error. */
  readonly statusCodes: Readonly<Record<number, unknown>>;
}

/** The engine returned a status that dockerode does not expect. */
export class StatusError extends Error {
  readonly status: number;
  /** The engine's own text: read to be classified, never shown. */
  readonly text: string;

  constructor(status: number, text: string) {
    super(`answered ${status}`);
    this.status = status;
    this.text = text;
  }
}

/** Far more than any response that is needed here. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

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

/** @throws RefreshFailure ConfigInvalid when a file of TLS cannot be used any more; StatusError; else what Node throws */
async function sendRequest(engine: EngineEndpoint, request: ModemRequest): Promise<unknown> {
  const { method, path, options, abortSignal, statusCodes } = request;
  const socket = await connect(engine, abortSignal);
  const body = options && JSON.stringify({ ...options, abortSignal: undefined });
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  // On a socket of its own and without an agent: Node's global agents may be configured to use a proxy.
  const sent = http.request({ method, path, headers, createConnection: () => socket });
  // It may fail once more when the response has begun, and no one would listen: that would end the process.
  sent.on('error', () => undefined);
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [http.IncomingMessage];
  const json = parseBody(await readBody(response));
  const { statusCode = 0 } = response;
  if (statusCodes[statusCode] === true) return json;
  const message = (json as { message?: unknown } | null)?.message;
  throw new StatusError(statusCode, typeof message === 'string' ? message.slice(0, 4096) : '');
}

/** Waits for the handshake before anything is sent: what goes wrong in it while data waits loses its code in Node. */
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

/** A response that ends early makes the loop throw. */
async function readBody(response: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) throw Object.assign(new Error('endless'), { code: 'HPE_ENDLESS' });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** JSON, else its bytes. */
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
  // TLS forbids addresses as server names.
  return { host, port: Number(port), ...(net.isIP(host) ? {} : { servername: host }) };
}

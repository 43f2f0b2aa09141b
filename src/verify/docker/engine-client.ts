// Owns a single request to a Docker Engine, in the place of dockerode's own modem: that one reads DOCKER_HOST and the
// files of DOCKER_CERT_PATH even for another engine, and asks wherever a redirect points to.
// Refuses redirects, proxies, and answers without end.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { readTlsRules, type EngineTls } from './engine-tls.js';

/** An engine, and how it is spoken to. */
export interface EngineEndpoint {
  /** `unix:///path` or `tcp://host:port`. */
  readonly url: string;
  readonly tls?: EngineTls;
}

/** What dockerode asks a modem for. */
interface Dial {
  readonly path: string;
  readonly method: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly abortSignal?: AbortSignal;
  /** `true` for those that are no error. */
  readonly statusCodes: Readonly<Record<number, unknown>>;
}

export interface EngineClient {
  dial(dial: Dial, done: (error: unknown, answer: unknown) => void): void;
}

/** Far more than any answer that is asked for here. */
const MAX_RESPONSE_BYTES = 1024 * 1024;

export function createEngineClient(target: EngineEndpoint): EngineClient {
  return {
    dial(dial, done) {
      ask(target, dial).then(
        (answer) => done(null, answer),
        (error: unknown) => done(error, null),
      );
    },
  };
}

/** @throws RefreshFailure ConfigInvalid when a file of TLS cannot be used any more; else what Node throws */
async function ask(target: EngineEndpoint, dial: Dial): Promise<unknown> {
  const socket = await connect(target, dial.abortSignal);
  const { method, path, options } = dial;
  const body = options && JSON.stringify({ ...options, abortSignal: undefined });
  const headers = body === undefined ? {} : { 'Content-Type': 'application/json' };
  // By a socket of its own and no agent: Node's global agents may be told to use a proxy.
  const asked = http.request({ method, path, headers, createConnection: () => socket });
  // It may fail once more when the answer has begun, and nobody would listen: that would end the process.
  asked.on('error', () => undefined);
  asked.end(body);
  return await readAnswer(asked, dial.statusCodes);
}

/** Waits for the handshake before anything is sent: what goes wrong in it while data waits loses its code in Node. */
async function connect({ url, tls: files }: EngineEndpoint, signal?: AbortSignal): Promise<net.Socket> {
  const where = toAddress(url);
  const socket = files ? tls.connect({ ...where, ...readTlsRules(files) }) : net.connect(where);
  socket.on('error', () => undefined);
  signal?.addEventListener('abort', () => socket.destroy(new Error('aborted')), { once: true });
  await once(socket, files ? 'secureConnect' : 'connect');
  return socket;
}

async function readAnswer(asked: http.ClientRequest, statusCodes: Dial['statusCodes']): Promise<unknown> {
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage];
  const chunks: Buffer[] = [];
  let bytes = 0;
  // An answer that ends early makes the loop throw.
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_RESPONSE_BYTES) throw Object.assign(new Error('endless'), { code: 'HPE_ENDLESS' });
    chunks.push(chunk);
  }
  const answer = parseAnswer(Buffer.concat(chunks));
  const { statusCode = 0 } = response;
  if (statusCodes[statusCode] === true) return answer;
  throw Object.assign(new Error(`answered ${statusCode}`), { statusCode, json: answer });
}

/** JSON, else its bytes. */
function parseAnswer(bytes: Buffer): unknown {
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

// A reverse proxy that can pause a call before it reaches the upstream server, or after the server has responded, so
// that a test can end a client at a known point of a call. A paused call whose client has disconnected is not
// forwarded.
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A recorded request. It contains secrets: use it in assertions, never in messages. */
export interface PassingRequest {
  method: string;
  path: string;
  authorization: string | undefined;
  body: string;
  /** Status of the upstream response; undefined until there is one. */
  status: number | undefined;
}

export type PausePoint = 'before' | 'after';

export interface PausedCall {
  request: PassingRequest;
  /** Resumes the call. */
  release: () => void;
  /** Resolves when the client disconnects or has its response. */
  gone: Promise<void>;
}

/** A running proxy. */
export interface PausingProxy {
  /** `http://127.0.0.1:PORT`, or `unix:///PATH`. */
  url: string;
  /** Every request, oldest first. */
  requests: PassingRequest[];
  /** Pauses only the next request that matches; resolves once it is paused. */
  pause(point: PausePoint, matches: (request: PassingRequest) => boolean): Promise<PausedCall>;
  stop: () => Promise<void>;
}

export interface PausingProxyOptions {
  /** `http://HOST:PORT`, or `unix:///PATH` of a socket. */
  upstream: string;
  /** The socket to listen on; default: a free port of 127.0.0.1. */
  socketPath?: string | undefined;
}

interface Pause {
  point: PausePoint;
  matches: (request: PassingRequest) => boolean;
  paused: (call: PausedCall) => void;
}

/** Starts the proxy. */
export async function startPausingProxy(options: PausingProxyOptions): Promise<PausingProxy> {
  const requests: PassingRequest[] = [];
  const pauses: Pause[] = [];

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const client = watchClient(outgoing);
    const body = await readAll(incoming);
    const request: PassingRequest = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      authorization: incoming.headers.authorization,
      body: body.toString('utf8'),
      status: undefined,
    };
    requests.push(request);
    const index = pauses.findIndex(({ matches }) => matches(request));
    const pause = index < 0 ? undefined : pauses.splice(index, 1)[0];
    const waitAt = async (point: PausePoint): Promise<void> => {
      if (pause?.point !== point) return;
      const released = new Promise<void>((release) => pause.paused({ request, release, gone: client.gone }));
      await Promise.race([released, client.gone]);
    };

    await waitAt('before');
    if (client.isGone()) return;
    const answer = await forward(options.upstream, incoming, body);
    request.status = answer.status;
    await waitAt('after');
    if (client.isGone()) return;
    outgoing.writeHead(answer.status, answer.headers);
    outgoing.end(answer.body);
  }

  const server = createServer((incoming, outgoing) => {
    // If the upstream server closes the connection, the client's is closed too.
    pass(incoming, outgoing).catch(() => outgoing.destroy());
  });
  const { socketPath } = options;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath === undefined ? { port: 0, host: '127.0.0.1' } : { path: socketPath }, resolve);
  });
  return {
    url:
      socketPath === undefined
        ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix://${socketPath}`,
    requests,
    pause: (point, matches) => new Promise((paused) => pauses.push({ point, matches, paused })),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections(); // paused and idle keep-alive connections
      }),
  };
}

function watchClient(outgoing: ServerResponse): { gone: Promise<void>; isGone: () => boolean } {
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    outgoing.once('close', () => {
      isGone = true;
      resolve();
    });
  });
  return { gone, isGone: () => isGone };
}

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

function forward(upstream: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const socketPath = /^unix:\/\/(.+)$/.exec(upstream)?.[1];
  const { hostname, port } = new URL(socketPath === undefined ? upstream : 'http://localhost');
  const target = socketPath === undefined ? { host: hostname, port } : { socketPath };
  const headers = { ...withoutHopByHop(incoming.headers), 'content-length': String(body.length) };
  return new Promise((resolve, reject) => {
    const onward = httpRequest(
      { ...target, method: incoming.method, path: incoming.url, headers },
      (answer) => {
        readAll(answer).then(
          (bytes) =>
            resolve({
              status: answer.statusCode ?? 502,
              headers: withoutHopByHop(answer.headers),
              body: bytes,
            }),
          reject,
        );
      },
    );
    onward.once('error', reject);
    onward.end(body);
  });
}

/** Both sides have their own connection, and bodies are not streamed. */
function withoutHopByHop(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers;
  return rest;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

// A reverse proxy that can pause a call: before it reaches the other side, or after the other side has responded. So a test
// ends a client at a known point of a call. What was paused for a client that is gone is not forwarded.
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request, as recorded. It holds secrets: for assertions, never for messages. */
export interface PassingRequest {
  method: string;
  path: string;
  authorization: string | undefined;
  body: string;
  /** What the other side answered; undefined as long as it has not, and for ever when it was never asked. */
  status: number | undefined;
}

export type PausePoint = 'before' | 'after';

/** A call that is paused. */
export interface PausedCall {
  request: PassingRequest;
  /** Lets it go on. */
  release: () => void;
  /** Resolves when its client goes away, or has its answer. */
  gone: Promise<void>;
}

/** A running proxy. */
export interface PausingProxy {
  /** `http://127.0.0.1:PORT`, or `unix:///PATH`. */
  url: string;
  /** Every request, oldest first. */
  requests: PassingRequest[];
  /** Pauses the next request that matches, and that one alone; resolves once it is paused. */
  pause(point: PausePoint, matches: (request: PassingRequest) => boolean): Promise<PausedCall>;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface PausingProxyOptions {
  /** `http://HOST:PORT`, or `unix:///PATH` of a socket. */
  upstream: string;
  /** Listens on this socket; default: on a free port of 127.0.0.1. */
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
    // A lost upstream is lost for the client too.
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
        server.closeAllConnections(); // paused ones, and idle ones that are kept alive
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

/** Each side of the proxy keeps its own connection, and both bodies are passed whole. */
function withoutHopByHop(headers: IncomingMessage['headers']): IncomingMessage['headers'] {
  const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = headers;
  return rest;
}

async function readAll(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

// Plays a fault as a peer, and reports what became of the client's request.
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { once } from 'node:events';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { startAwsFixture, type AwsFixture } from '../aws/aws-fixture.js';
import { type Effect, type Fault, NESTED_JSON } from './faults.js';

export interface PeerContext {
  readonly url: string;
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** Sets variables, and writes files. */
  readonly fixture: AwsFixture;
}

type Request = Pick<http.IncomingMessage, 'method' | 'url' | 'headers'>;

/** The types of the failures, or what `call` returns. */
export type Outcomes = Readonly<Partial<Record<Effect, string>> & { otherwise: string }>;

export interface Peer {
  readonly title: string;
  /** Sends the request. Throws a RefreshFailure, or returns what became of it. */
  readonly call: (context: PeerContext) => Promise<string>;
  /** Responds to the requests that the client sends before the one that gets the fault. */
  readonly before?: (request: Request, response: http.ServerResponse) => boolean;
  /** Default: nested JSON alone. */
  readonly nested?: string;
  readonly outcomes: Outcomes;
  /** The client waits before it sends the request again. */
  readonly waits?: true;
}

export interface Result {
  /** The type of the failure, or what the call returned. */
  readonly outcome: string;
  /** Those that got the fault. */
  readonly requests: number;
  /** Bytes that the peer could send over one connection, including those in the buffers of the kernel. */
  readonly mostBytes: number;
  /** Bytes that the target of redirects received. */
  readonly bytesElsewhere: number;
}

export async function playFault(peer: Peer, fault: Fault): Promise<Result> {
  const fixture = await startAwsFixture();
  const elsewhere = await startCounting((_request, response) => response.end('{}'));
  let requests = 0;
  const server = await startCounting((request, response) => {
    if (peer.before?.(request, response)) return;
    requests += 1;
    fault.play(response, { nested: peer.nested ?? NESTED_JSON, elsewhere: elsewhere.url });
  });
  try {
    const { url, host } = server;
    // Nothing listens there: peers set the endpoint that they are.
    fixture.set({ AWS_ENDPOINT_URL: 'http://127.0.0.1:1', AWS_ENDPOINT_URL_ECR: undefined });
    fixture.set({ AWS_ENDPOINT_URL_ECR_PUBLIC: undefined, AWS_ENDPOINT_URL_STS: undefined });
    const outcome = await peer.call({ url, host, fixture }).catch((error: unknown) => {
      if (error instanceof RefreshFailure) return error.type;
      throw error;
    });
    const mostBytes = Math.max(0, ...server.sockets.map(({ bytesWritten }) => bytesWritten));
    const bytesElsewhere = elsewhere.sockets.reduce((sum, { bytesRead }) => sum + bytesRead, 0);
    return { outcome, requests, mostBytes, bytesElsewhere };
  } finally {
    await server.close();
    await elsewhere.close();
    await fixture.stop();
  }
}

async function startCounting(listener: http.RequestListener) {
  const sockets: Socket[] = [];
  const server = http.createServer((request, response) => {
    request.resume();
    request.once('end', () => listener(request, response));
  });
  server.on('connection', (socket: Socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    sockets,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

// A server in front of Temporal that speaks gRPC over HTTP/2, in plain text or over TLS. It forwards each call to the
// server behind it, or answers it with a chosen gRPC status. Without a server behind it, it answers every call.
import {
  connect,
  constants,
  createSecureServer,
  createServer,
  type ClientHttp2Session,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

/** A call as it arrived, with its headers: use them in assertions, never in messages. */
export interface FrontCall {
  /** Such as `DescribeNamespace`. */
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

/** What the front answers: a gRPC status, or nothing at all. */
export type FrontAnswer = { readonly status: number; readonly message?: string } | 'silence';

export interface TemporalFront {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Every call, oldest first. */
  readonly calls: readonly FrontCall[];
  /** Answers the calls for which `answer` returns something; undefined forwards all. */
  setAnswer(answer: ((call: FrontCall) => FrontAnswer | undefined) | undefined): void;
  /** For new connections only. */
  setTls(tls: FrontTls): void;
  /** Cuts all connections. */
  cut(): void;
  stop(): Promise<void>;
}

export interface FrontTls {
  readonly cert: string;
  readonly key: string;
  /** The CA of client certificates, which are required then. */
  readonly clientCa?: string;
}

export interface TemporalFrontOptions {
  /** `HOST:PORT` of the server behind it. Without it, calls without an answer fail with UNIMPLEMENTED. */
  readonly upstream?: string;
  readonly tls?: FrontTls;
}

const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;

export async function startTemporalFront({ upstream, tls }: TemporalFrontOptions): Promise<TemporalFront> {
  const calls: FrontCall[] = [];
  const sockets = new Set<Socket>();
  let answer: ((call: FrontCall) => FrontAnswer | undefined) | undefined;
  let behind: ClientHttp2Session | undefined;

  function connectBehind(target: string): ClientHttp2Session {
    if (behind === undefined || behind.closed || behind.destroyed) {
      behind = connect(`http://${target}`);
      behind.on('error', () => {});
    }
    return behind;
  }

  function handle(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => {});
    const method = (headers[':path'] ?? '').split('/').at(-1) ?? '';
    const call = { method, headers };
    calls.push(call);
    const chosen = answer?.(call);
    if (chosen === 'silence') return;
    if (chosen) fail(stream, chosen);
    else if (upstream === undefined) fail(stream, { status: UNIMPLEMENTED, message: 'not known here' });
    else forward(stream, headers, connectBehind(upstream));
  }

  const server: Http2Server | Http2SecureServer = tls
    ? createSecureServer({ ...toSecureContext(tls), ...toPeerRules(tls) })
    : createServer();
  server.on('stream', handle);
  server.on('sessionError', () => {});
  server.on('tlsClientError', () => {});
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => sockets.forEach((socket) => socket.destroy());
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    setAnswer: (next) => void (answer = next),
    setTls: (next) => (server as Http2SecureServer).setSecureContext(toSecureContext(next)),
    cut,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      cut();
      behind?.destroy();
      await closed;
    },
  };
}

function toSecureContext({ cert, key, clientCa }: FrontTls): SecureContextOptions {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }) };
}

function toPeerRules({ clientCa }: FrontTls): { requestCert: boolean; rejectUnauthorized: boolean } {
  return { requestCert: clientCa !== undefined, rejectUnauthorized: clientCa !== undefined };
}

function fail(stream: ServerHttp2Stream, { status, message = '' }: Exclude<FrontAnswer, 'silence'>): void {
  if (stream.destroyed) return;
  stream.resume();
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': String(status),
      'grpc-message': encodeURIComponent(message),
    },
    { endStream: true },
  );
}

function forward(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, behind: ClientHttp2Session): void {
  const request = behind.request(headers);
  request.on('error', () => fail(stream, { status: UNAVAILABLE, message: 'upstream failed' }));
  request.on('response', (response, flags) => {
    if (stream.destroyed) return;
    // A response without a body has its gRPC status in the headers.
    if (flags & constants.NGHTTP2_FLAG_END_STREAM) {
      stream.respond(response, { endStream: true });
      return;
    }
    let trailers: IncomingHttpHeaders = {};
    stream.respond(response, { waitForTrailers: true });
    request.on('trailers', (received: IncomingHttpHeaders) => (trailers = received));
    request.on('data', (chunk: Buffer) => void stream.write(chunk));
    request.on('end', () => stream.end());
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  });
  stream.on('close', () => request.close(constants.NGHTTP2_CANCEL));
  stream.on('data', (chunk: Buffer) => void request.write(chunk));
  stream.on('end', () => request.end());
}

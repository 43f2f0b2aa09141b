// Finds out why Temporal cannot be reached: connects as the SDK does, up to the first HTTP/2 frame. Both clients of the
// SDK report the cause only as text, each its own; this reports error codes, the same for the worker and the commands.
import { request } from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { withDeadline } from '../net/deadline.js';
import { getErrorCodes, NetworkError, toNetworkError } from '../net/network-error.js';
import { createProxyHeaders, type HttpProxy } from '../net/proxy.js';
import { TLS_RULES } from '../net/tls-files.js';
import { readTrustedCas } from '../net/trusted-cas.js';
import { toTemporalReason, type TemporalReason } from './unavailable.js';
import type { TemporalSettings, TemporalTls } from './settings/settings.js';

export interface ConnectionFault {
  readonly code: TemporalReason;
  /** What went wrong, without a period at the end. Contains no secret. */
  readonly text: string;
}

/** A start of HTTP/2: the client's preface and an empty SETTINGS frame (RFC 9113, 3.4 and 6.5). */
const HTTP2_GREETING = Buffer.concat([
  Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
  Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
]);
const FRAME_HEADER_BYTES = 9;
const SETTINGS_FRAME = 4;
const TLS_ALERT = [0x15, 0x03];

/**
 * TLS alerts about the client certificate, as OpenSSL names them: `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`,
 * `ERR_SSL_TLSV1_ALERT_UNKNOWN_CA`. Without a certificate, a TLS 1.2 server sends a handshake failure.
 */
const CLIENT_CERTIFICATE_ALERT = /_ALERT_(?:\w*CERTIFICATE\w*|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)$/;
/** The server rejects what it can read, so it speaks TLS. */
const TLS_ALERT_CODE = /^ERR_SSL_\w+_ALERT_/;

/**
 * Returns the fault, or undefined if a server responds with HTTP/2. No API key is sent.
 * @param limitMs milliseconds; a peer may accept the connection and then stay silent
 */
export async function findConnectionFault(
  settings: TemporalSettings,
  limitMs: number,
): Promise<ConnectionFault | undefined> {
  const fault = await tryOnce(settings, settings.tls, limitMs);
  if (!fault || !isAmbiguous(fault)) return fault;
  // A server that expects the other mode may send an alert, garbage, or nothing, and close the connection.
  if (settings.tls) {
    const isPlain = (await tryOnce(settings, undefined, limitMs)) === undefined;
    return isPlain ? { code: 'not-tls', text: 'the server does not use TLS' } : fault;
  }
  return (await speaksTls(settings, limitMs)) ? TLS_REQUIRED : fault;
}

type Stage = 'proxy' | 'connect' | 'tls' | 'greeting';

const TLS_REQUIRED: ConnectionFault = { code: 'tls-required', text: 'the server requires TLS' };

function isAmbiguous({ code }: ConnectionFault): boolean {
  return ['connection-closed', 'connection-reset', 'tls-handshake', 'not-grpc'].includes(code);
}

async function tryOnce(
  settings: TemporalSettings,
  encryption: TemporalTls | undefined,
  limitMs: number,
): Promise<ConnectionFault | undefined> {
  let socket: net.Socket | undefined;
  // What a time limit or an error was about.
  let stage = (settings.proxy ? 'proxy' : 'connect') as Stage;
  try {
    return await withDeadline(limitMs, undefined, async (signal) => {
      socket = await connect(settings, signal);
      if (encryption) {
        stage = 'tls';
        socket = await startTls(socket, settings.host, encryption);
      }
      stage = 'greeting';
      return classifyGreeting(await greet(socket), encryption);
    });
  } catch (error) {
    // A fault of this process, not of the connection.
    if (getErrorCodes(error).some((code) => code === 'EMFILE' || code === 'ENFILE')) throw error;
    if (stage === 'proxy') return describeProxyFault(error);
    if (encryption && stage !== 'connect') return describeTlsFault(error, encryption, stage);
    const { code, message } = toNetworkError(error);
    const isSilent = stage === 'greeting' && code === 'timed-out';
    return { code: toTemporalReason(code), text: isSilent ? `${message} without a response` : message };
  } finally {
    socket?.destroy();
  }
}

async function connect(settings: TemporalSettings, signal: AbortSignal): Promise<net.Socket> {
  const { proxy, address } = settings;
  return proxy ? connectThroughProxy(proxy, address, signal) : connectDirectly(settings, signal);
}

async function connectDirectly({ host, port }: TemporalSettings, signal: AbortSignal): Promise<net.Socket> {
  const socket = net.connect({ host, port, autoSelectFamily: true });
  signal.addEventListener('abort', () => socket.destroy());
  await untilEvent(socket, 'connect');
  return socket;
}

async function connectThroughProxy(
  proxy: HttpProxy,
  address: string,
  signal: AbortSignal,
): Promise<net.Socket> {
  const { host, port } = proxy;
  const headers = { Host: address, ...createProxyHeaders(proxy) };
  const connecting = request({ host, port, method: 'CONNECT', path: address, headers, signal, agent: false });
  return new Promise((resolve, reject) => {
    connecting.once('connect', ({ statusCode }, socket, head) => {
      if (statusCode === 200) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(new NetworkError(statusCode === 407 ? 'proxy-auth-required' : 'proxy-refused'));
    });
    connecting.once('response', (response) => {
      response.destroy();
      reject(new NetworkError('proxy-refused'));
    });
    connecting.once('error', reject);
    connecting.end();
  });
}

async function startTls(
  socket: net.Socket,
  host: string,
  { serverName, ca, client }: TemporalTls,
): Promise<tls.TLSSocket> {
  const name = serverName ?? host;
  const secure = tls.connect({
    ...TLS_RULES,
    socket,
    host: name,
    ...(net.isIP(name) === 0 && { servername: name }),
    ca: ca ?? [...readTrustedCas()],
    ...(client && { cert: client.cert, key: client.key }),
    ALPNProtocols: ['h2'],
  });
  await untilEvent(secure, 'secureConnect');
  return secure;
}

/** Whether the server answers a TLS handshake, with any certificate. Nothing is sent over this connection. */
async function speaksTls(settings: TemporalSettings, limitMs: number): Promise<boolean> {
  let socket: net.Socket | undefined;
  try {
    return await withDeadline(limitMs, undefined, async (signal) => {
      socket = await connect(settings, signal);
      // The certificate does not matter: the connection is closed after the handshake.
      const secure = tls.connect({ socket, rejectUnauthorized: false, ALPNProtocols: ['h2'] });
      await untilEvent(secure, 'secureConnect');
      return true;
    });
  } catch (error) {
    return getErrorCodes(error).some((code) => TLS_ALERT_CODE.test(code));
  } finally {
    socket?.destroy();
  }
}

/** The first bytes of the response to a start of HTTP/2; empty if the server closes the connection. */
async function greet(socket: net.Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= FRAME_HEADER_BYTES) resolve(received);
    });
    socket.once('error', reject);
    socket.once('close', () => resolve(received));
    socket.write(HTTP2_GREETING);
  });
}

function classifyGreeting(bytes: Buffer, encryption: TemporalTls | undefined): ConnectionFault | undefined {
  if (bytes.length >= FRAME_HEADER_BYTES && bytes[3] === SETTINGS_FRAME) return undefined;
  if (!encryption && TLS_ALERT.every((byte, index) => bytes[index] === byte)) return TLS_REQUIRED;
  if (bytes.length === 0 && encryption)
    return {
      code: 'closed-after-handshake',
      text: 'the server closed the connection after the TLS handshake',
    };
  if (bytes.length === 0) {
    return { code: 'connection-closed', text: 'the server closed the connection without a response' };
  }
  return { code: 'not-grpc', text: 'the response is not gRPC (HTTP/2)' };
}

function describeProxyFault(error: unknown): ConnectionFault {
  const { code, message } = toNetworkError(error);
  if (code === 'proxy-auth-required' || code === 'proxy-refused') return { code, text: message };
  return { code: 'proxy-unreachable', text: `the proxy could not be reached: ${message}` };
}

function describeTlsFault(error: unknown, { client }: TemporalTls, stage: Stage): ConnectionFault {
  if (getErrorCodes(error).some((code) => CLIENT_CERTIFICATE_ALERT.test(code))) {
    return client
      ? { code: 'client-certificate-rejected', text: 'TLS: the server rejected the client certificate' }
      : { code: 'client-certificate-required', text: 'TLS: the server requires a client certificate' };
  }
  if (getErrorCodes(error).includes('ERR_SSL_WRONG_VERSION_NUMBER')) {
    return { code: 'not-tls', text: 'the server does not use TLS' };
  }
  const { code, message } = toNetworkError(error);
  if (code !== 'timed-out') return { code: toTemporalReason(code), text: message };
  return { code, text: stage === 'tls' ? `TLS: the handshake ${message}` : `${message} without a response` };
}

/** Rejects with the error of the socket, or a reset if it closes without one. */
async function untilEvent(socket: net.Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(event, () => resolve());
    // Stays after the event: an error without a listener would end the process.
    socket.on('error', reject);
    socket.once('close', () => reject(new NetworkError('connection-reset')));
  });
}

// A plain HTTP proxy on 127.0.0.1 that supports only CONNECT. It resolves no name: it connects only to the addresses
// that it is given.
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { sendText } from '../../sandbox/local-server.js';

/** A CONNECT request as it arrived. */
export interface ConnectRequest {
  /** `HOST:PORT`. */
  readonly target: string;
  /** Whether it has the login that the proxy demands; no login, if it demands none. */
  readonly hasRightLogin: boolean;
}

/**
 * `tunnel` connects to the address of the target, and responds 502 if there is none, and 407 to a wrong login; `refuse`
 * responds 403; `silence` never responds.
 */
export type ConnectAnswer = 'tunnel' | 'refuse' | 'silence';

export interface ConnectProxy {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** The value of a proxy variable, with the login if there is one. */
  readonly url: string;
  /** Every CONNECT request, oldest first. */
  readonly requests: readonly ConnectRequest[];
  /** For new requests only. The first answer is `tunnel`. */
  setAnswer(answer: ConnectAnswer): void;
  /** Cuts all tunnels. */
  cut(): void;
  stop(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** The address of each target: `{ 'temporal.corp.invalid:7233': '127.0.0.1:40001' }`. */
  readonly targets: Readonly<Record<string, string>>;
  /** The login to demand. */
  readonly login?: { readonly username: string; readonly password: string };
}

/** Starts the proxy. */
export async function startConnectProxy({ targets, login }: ConnectProxyOptions): Promise<ConnectProxy> {
  const requests: ConnectRequest[] = [];
  let answer: ConnectAnswer = 'tunnel';
  const authorization = login && toBasic(`${login.username}:${login.password}`);
  const server = await startConnectServer((target, tunnel, { headers }) => {
    const hasRightLogin = headers['proxy-authorization'] === authorization;
    requests.push({ target, hasRightLogin });
    if (answer === 'silence') return;
    const address = targets[target];
    if (answer === 'refuse') tunnel.end(toResponse('403 Forbidden'));
    else if (authorization !== undefined && !hasRightLogin) {
      tunnel.end(toResponse('407 Proxy Authentication Required', 'Proxy-Authenticate: Basic realm="proxy"'));
    } else if (address === undefined) tunnel.end(toResponse('502 Bad Gateway'));
    else openTunnel(tunnel, address);
  });
  const userInfo =
    login === undefined ? '' : `${encodeURIComponent(login.username)}:${encodeURIComponent(login.password)}@`;
  return {
    address: server.address,
    url: `http://${userInfo}${server.address}`,
    requests,
    setAnswer(next) {
      answer = next;
    },
    cut: () => server.cut(() => true),
    stop: server.stop,
  };
}

export interface ConnectServer {
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** Closes the connections of matching targets. */
  cut(matches: (target: string) => boolean): void;
  stop(): Promise<void>;
}

/** Starts a server that passes the connection of each CONNECT request to a function, before any response. */
export async function startConnectServer(
  accept: (target: string, connection: Duplex, request: IncomingMessage) => void,
): Promise<ConnectServer> {
  const connections = new Map<Duplex, string>();
  const server = createServer((_, response) =>
    sendText(response, 501, 'This proxy supports only CONNECT.\n'),
  );
  server.on('connect', (request, connection: Duplex, head: Buffer) => {
    const target = (request.url ?? '').toLowerCase();
    connections.set(connection, target);
    connection.once('close', () => connections.delete(connection));
    connection.on('error', () => connection.destroy()); // a client that disconnects is not an error
    if (head.length > 0) connection.unshift(head); // what the client sent without waiting for the response
    accept(target, connection, request);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const cut: ConnectServer['cut'] = (matches) =>
    connections.forEach((target, connection) => void (matches(target) && connection.destroy()));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        cut(() => true); // the server does not close the connections of CONNECT requests
      }),
  };
}

export function toResponse(status: string, ...headers: string[]): string {
  return [`HTTP/1.1 ${status}`, ...headers, 'Content-Length: 0', '', ''].join('\r\n');
}

function openTunnel(tunnel: Duplex, address: string): void {
  const colon = address.lastIndexOf(':');
  const upstream = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  let isOpen = false;
  upstream.once('connect', () => {
    isOpen = true;
    tunnel.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    upstream.pipe(tunnel);
    tunnel.pipe(upstream);
  });
  upstream.once('error', () => (isOpen ? tunnel.destroy() : tunnel.end(toResponse('502 Bad Gateway'))));
  tunnel.once('close', () => upstream.destroy());
}

function toBasic(login: string): string {
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

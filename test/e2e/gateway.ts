// Owns what may stand before an Airflow: a gateway that adds a sub-path, ends TLS, or admits by its own rule.
// Refuses to change what it passes on, but for the sub-path.
import { createServer as createHttpServer, request as httpRequest, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gateway {
  /** With the sub-path, where it has one. */
  readonly url: string;
  /** Path of every request, oldest first, those that were turned away included. */
  readonly paths: readonly string[];
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** `http://127.0.0.1:PORT` */
  readonly upstream: string;
  /** Such as `/team/airflow`; what lies outside of it is answered with 404. */
  readonly subPath?: string;
  /** Key and certificate as PEM; the gateway then speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether a request may pass; those that may not are answered with this status, and a page of HTML. */
  readonly admits?: (request: IncomingMessage) => boolean;
  readonly refusal?: 401 | 403;
  /** Default: a free port. */
  readonly port?: number;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { upstream, subPath = '', tls, admits = () => true, refusal = 403, port: wanted = 0 } = options;
  const paths: string[] = [];
  const handle: RequestListener = (incoming, outgoing) => {
    const path = incoming.url ?? '/';
    paths.push(path);
    const isBelow = path.startsWith(`${subPath}/`);
    if (!isBelow || !admits(incoming)) {
      outgoing.writeHead(isBelow ? refusal : 404, { 'Content-Type': 'text/html' });
      outgoing.end('<html>gateway</html>');
      return;
    }
    const { method, headers } = incoming;
    const onward = httpRequest(upstream + path.slice(subPath.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.once('error', () => outgoing.destroy());
    incoming.pipe(onward);
  };
  const server = tls ? createHttpsServer(tls, handle) : createHttpServer(handle);
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}${subPath}`,
    paths,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

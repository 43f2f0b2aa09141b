// A gateway in front of an Airflow that adds a sub-path, terminates TLS, or rejects requests. It changes nothing else.
import { createServer as createHttpServer, request as httpRequest, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Gateway {
  /** Includes the sub-path, if any. */
  readonly url: string;
  /** Path of every request, oldest first, including rejected ones. */
  readonly paths: readonly string[];
  stop(): Promise<void>;
}

export interface GatewayOptions {
  /** `http://127.0.0.1:PORT` */
  readonly upstream: string;
  /** Example: `/team/airflow`; other paths return 404. */
  readonly subPath?: string;
  /** Key and certificate as PEM; the gateway then serves https. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Whether a request may pass; others get an HTML page with `rejectionStatus`. */
  readonly allows?: (request: IncomingMessage) => boolean;
  readonly rejectionStatus?: 401 | 403;
  /** Default: a free port. */
  readonly port?: number;
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const {
    upstream,
    subPath = '',
    tls,
    allows = () => true,
    rejectionStatus = 403,
    port: wanted = 0,
  } = options;
  const paths: string[] = [];
  const handle: RequestListener = (incoming, outgoing) => {
    const path = incoming.url ?? '/';
    paths.push(path);
    const isBelow = path.startsWith(`${subPath}/`);
    if (!isBelow || !allows(incoming)) {
      outgoing.writeHead(isBelow ? rejectionStatus : 404, { 'Content-Type': 'text/html' });
      outgoing.end('<html>gateway</html>');
      return;
    }
    const { method, headers } = incoming;
    const onward = httpRequest(upstream + path.slice(subPath.length), { method, headers }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
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

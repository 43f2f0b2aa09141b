// The host names of AWS on one machine: an HTTPS proxy on 127.0.0.1 that terminates TLS for every name with its own CA,
// and forwards plain HTTP to a stand-in. It connects only to 127.0.0.1.
import { createServer as createHttpsServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { isApiHost, isPublicRegistryHost, readRegistryHost } from './aws/host-names.js';
import { createCertificateAuthority, type Certificate } from './certificate-authority.js';
import { startConnectServer, toResponse } from './connect-proxy.js';
import { forwardRequest } from '../../sandbox/forward-request.js';
import { sendText } from '../../sandbox/local-server.js';

/** The target of a name: a port of 127.0.0.1 with plain HTTP, or undefined for none. */
export type Route = (hostname: string) => { port: number } | undefined;

/**
 * The fault of a name: `unreachable` is a proxy's 502, `unknown` a proxy's response for a name that does not exist
 * (503, as from Squid), `dropped` a closed connection, `untrusted` a certificate of an unknown CA.
 */
export type NameTrouble = 'unreachable' | 'unknown' | 'dropped' | 'untrusted';

/** The running network. */
export interface AwsNetwork {
  /** `http://127.0.0.1:PORT` of the proxy. */
  url: string;
  /** The CA certificate of all names. */
  caFile: string;
  /** Environment variables for a Node process that uses these names. */
  env: Record<string, string>;
  /** Environment variables for a Docker Engine (Go uses SSL_CERT_FILE instead of the machine's CAs). */
  dockerEnv: Record<string, string>;
  /** The name of every CONNECT request, including failed ones, oldest first. */
  names: string[];
  /** Sets or removes the fault of a name. Its open connections are closed, so that none is reused. */
  setTrouble(hostname: string, trouble: NameTrouble | undefined): void;
  stop: () => Promise<void>;
}

export interface AwsNetworkOptions {
  /** Called for each request. */
  route: Route;
  /** Contains keys and certificates. */
  stateFolder: string;
  /** The fault of names without a route; default `unreachable`. */
  otherwise?: NameTrouble | undefined;
}

const REFUSALS: Partial<Record<NameTrouble, string>> = {
  unreachable: toResponse('502 Bad Gateway'),
  unknown: toResponse('503 Service Unavailable', 'X-Squid-Error: ERR_DNS_FAIL 0'),
  dropped: '',
};

/** Routes the names of AWS's APIs to the AWS stand-in, and those of ECR's registries to the registry. */
export function routeToStandIns(standIns: { aws: { url: string }; registry: { url: string } }): Route {
  const to = ({ url }: { url: string }): { port: number } => ({ port: Number(new URL(url).port) });
  return (hostname) => {
    if (isApiHost(hostname)) return to(standIns.aws);
    const isRegistry = readRegistryHost(hostname) !== undefined || isPublicRegistryHost(hostname);
    return isRegistry ? to(standIns.registry) : undefined;
  };
}

/**
 * Starts the network.
 * @throws Error with a fix when openssl is missing
 */
export async function startAwsNetwork(options: AwsNetworkOptions): Promise<AwsNetwork> {
  const endTls = await createTlsEnds(options);
  const names: string[] = [];
  const troubles = new Map<string, NameTrouble>();

  async function connect(hostname: string, socket: Duplex): Promise<void> {
    const trouble =
      troubles.get(hostname) ??
      (options.route(hostname) === undefined ? (options.otherwise ?? 'unreachable') : undefined);
    const refusal = trouble && REFUSALS[trouble];
    if (refusal !== undefined) return void socket.end(refusal);
    const server = await endTls(hostname, trouble === 'untrusted');
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    server.emit('connection', socket);
  }

  const proxy = await startConnectServer((target, socket) => {
    const hostname = toHostname(target);
    names.push(hostname);
    connect(hostname, socket).catch((error: Error) => socket.destroy(error));
  });
  const url = `http://${proxy.address}`;

  return {
    url,
    caFile: endTls.caFile,
    env: { ...proxyEnv(url), NODE_EXTRA_CA_CERTS: endTls.caFile },
    dockerEnv: { ...proxyEnv(url), SSL_CERT_FILE: endTls.caFile },
    names,
    setTrouble(hostname, trouble) {
      if (trouble === undefined) troubles.delete(hostname);
      else troubles.set(hostname, trouble);
      proxy.cut((target) => toHostname(target) === hostname);
    },
    stop: proxy.stop,
  };
}

function toHostname(target: string): string {
  return target.replace(/:\d+$/, '');
}

/** Both spellings, because tools differ in which one they read. */
function proxyEnv(url: string): Record<string, string> {
  const direct = 'localhost,127.0.0.1';
  return { HTTPS_PROXY: url, https_proxy: url, NO_PROXY: direct, no_proxy: direct };
}

type TlsEnds = ((hostname: string, isUntrusted: boolean) => Promise<Server>) & { caFile: string };

/** One server per name, created on first use. It does not listen: the proxy passes connections to it. */
async function createTlsEnds({ route, stateFolder }: AwsNetworkOptions): Promise<TlsEnds> {
  const [trusted, untrusted] = await Promise.all([
    createCertificateAuthority(join(stateFolder, 'aws-network')),
    createCertificateAuthority(join(stateFolder, 'aws-network', 'untrusted')),
  ]);
  const certificates = new Map<string, Promise<Certificate>>();
  const servers = new Map<string, Promise<Server>>();

  const certificateFor = (hostname: string, isUntrusted: boolean): Promise<Certificate> => {
    const name = certificateName(hostname);
    const authority = isUntrusted ? untrusted : trusted;
    return remember(certificates, `${isUntrusted} ${name}`, () => authority.issueServer([name]));
  };
  const endTls = (hostname: string, isUntrusted: boolean): Promise<Server> =>
    remember(servers, `${isUntrusted} ${hostname}`, async () => {
      const { cert, key } = await certificateFor(hostname, isUntrusted);
      return createHttpsServer({ cert, key }, (request, response) => {
        const target = route(hostname);
        if (target === undefined) sendText(response, 502, '');
        else forwardRequest(request, response, target.port);
      });
    });
  return Object.assign(endTls, { caFile: trusted.caFile });
}

/** A wildcard if the name has at least four labels, so that thousands of registries share one certificate. */
function certificateName(hostname: string): string {
  const labels = hostname.split('.');
  return labels.length < 4 || /^[\d.]+$/.test(hostname) ? hostname : ['*', ...labels.slice(1)].join('.');
}

function remember<T>(map: Map<string, Promise<T>>, key: string, create: () => Promise<T>): Promise<T> {
  const created = map.get(key) ?? create();
  map.set(key, created);
  return created;
}

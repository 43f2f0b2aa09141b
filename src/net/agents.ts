// HTTP and HTTPS connections, direct or through a proxy of the environment, decided for each connection.
import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import { HttpProxyAgent } from 'http-proxy-agent';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { withSignal } from './deadline.js';
import { NetworkError } from './network-error.js';
import {
  bypassesEveryProxy,
  bypassesProxy,
  createProxyHeaders,
  formatProxy,
  PROXY_VARIABLES,
  ProxyInvalid,
  readProxy,
  type HttpProtocol,
  type HttpProxy,
} from './proxy.js';
import { TLS_RULES } from './tls-files.js';
import { getTrustedContext, readTrustedCas } from './trusted-cas.js';

type TlsRules = typeof TLS_RULES & { readonly secureContext: tls.SecureContext };

const KEEP_ALIVE = { keepAlive: true } as const;

/**
 * The agent for all HTTPS connections of the process: Airflow, registries and the AWS SDK share the same rules. The
 * proxy is read from the environment once, NO_PROXY at each connection. A connection that needs an invalid proxy fails
 * with a NetworkError.
 * @param secureContext has the CAs to trust; default: those of `readTrustedCas`
 */
export function createHttpsAgent(secureContext?: tls.SecureContext): https.Agent {
  const getRules = (): TlsRules => ({ ...TLS_RULES, secureContext: secureContext ?? getTrustedContext() });
  const proxy = findProxy('https:');
  if (!proxy) return new DirectHttpsAgent(getRules);
  if (proxy instanceof ProxyInvalid) return failIfProxied(new DirectHttpsAgent(getRules), proxy);
  // It extends http.Agent, but Node, axios and the SDK accept it for https.
  return new SelectiveHttpsAgent(proxy, getRules);
}

/** The agent for all plain HTTP connections of the process, like `createHttpsAgent`. */
export function createHttpAgent(): http.Agent {
  const proxy = findProxy('http:');
  if (!proxy) return new http.Agent(KEEP_ALIVE);
  if (proxy instanceof ProxyInvalid) return failIfProxied(new http.Agent(KEEP_ALIVE), proxy);
  return new SelectiveHttpAgent(proxy);
}

/**
 * Agents that also trust the CAs of a PEM file. The returned function returns the agent for one request.
 *
 * The file is read at each request, so that a new one needs no restart, but parsed only when it has changed: for 150
 * certificates reading takes 0.1 ms and parsing about 60 ms. A changed file gets a new agent, so that connections and
 * TLS sessions verified with a CA that may no longer be trusted are not reused.
 * @param read throws if the file cannot be read
 * @param parse returns its certificates as PEM; throws if there are none
 */
export function createCaAgents(
  read: () => Buffer,
  parse: (content: Buffer) => readonly string[],
): () => https.Agent {
  let current: { readonly content: Buffer; readonly agent: https.Agent } | undefined;
  return () => {
    const content = read();
    if (current?.content.equals(content)) return current.agent;
    // Created once for each content: Node would parse all CAs again for each connection.
    const ca = [...readTrustedCas(), ...parse(content)];
    const agent = createHttpsAgent(tls.createSecureContext({ ca, minVersion: TLS_RULES.minVersion }));
    if (current) retire(current.agent);
    current = { content, agent };
    return agent;
  };
}

/** Closes idle connections now, the others after their request. `destroy` would abort requests in progress. */
function retire(agent: https.Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

function findProxy(protocol: HttpProtocol): HttpProxy | ProxyInvalid | undefined {
  if (bypassesEveryProxy()) return undefined;
  try {
    return readProxy(process.env, PROXY_VARIABLES[protocol]);
  } catch (error) {
    if (error instanceof ProxyInvalid) return error;
    throw error;
  }
}

/** What an agent connects to. */
interface ConnectOptions {
  readonly host?: string | null | undefined;
  /** Against its type, a string in requests of axios. */
  readonly port?: unknown;
}

function isDirect({ host, port }: ConnectOptions): boolean {
  return bypassesProxy({ host: host ?? 'localhost', port: Number(port) });
}

function failIfProxied<Agent extends http.Agent>(agent: Agent, invalid: ProxyInvalid): Agent {
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    if (isDirect(options)) return connect(options, callback);
    // Not thrown: the AWS SDK would leave the timers of its request running.
    const { variable, message, remedy } = invalid;
    const error = new NetworkError('proxy-invalid', `${variable} ${message}`, remedy);
    process.nextTick(() => callback?.(error, undefined as never));
    return undefined;
  };
  return agent;
}

/** For the connection to the proxy itself. */
function toProxyOptions(proxy: HttpProxy) {
  const rules = proxy.scheme === 'https' ? { ...TLS_RULES, secureContext: getTrustedContext() } : {};
  return { ...KEEP_ALIVE, ...rules, headers: () => createProxyHeaders(proxy) };
}

/** Sends requests to the proxy, which forwards them: proxies often allow CONNECT only to ports of HTTPS. */
class SelectiveHttpAgent extends HttpProxyAgent<string> {
  readonly #direct = new http.Agent(KEEP_ALIVE) as http.Agent & Pick<HttpProxyAgent<string>, 'addRequest'>;

  constructor(proxy: HttpProxy) {
    super(formatProxy(proxy), toProxyOptions(proxy));
  }

  override addRequest(...args: Parameters<HttpProxyAgent<string>['addRequest']>): void {
    if (isDirect(args[1])) this.#direct.addRequest(...args);
    else super.addRequest(...args);
  }
}

/** Reads the rules at each connection: the process starts faster without the CAs. */
class DirectHttpsAgent extends https.Agent {
  readonly #getRules: () => TlsRules;

  constructor(getRules: () => TlsRules) {
    super(KEEP_ALIVE);
    this.#getRules = getRules;
  }

  override createConnection(...[options, callback]: Parameters<https.Agent['createConnection']>) {
    return super.createConnection({ ...options, ...this.#getRules() }, callback);
  }
}

type ConnectArguments = Parameters<HttpsProxyAgent<string>['connect']>;

class SelectiveHttpsAgent extends HttpsProxyAgent<string> {
  readonly #getRules: () => TlsRules;

  constructor(proxy: HttpProxy, getRules: () => TlsRules) {
    // The credentials are not part of the URL, which https-proxy-agent prints with DEBUG=*.
    super(formatProxy(proxy), toProxyOptions(proxy));
    this.#getRules = getRules;
  }

  override async connect(...[request, options]: ConnectArguments): Promise<net.Socket> {
    // Passed with each connection: https-proxy-agent keeps no TLS options for the host behind the proxy.
    const target = { ...options, ...this.#getRules() } as typeof options;
    if (isDirect(options)) return tls.connect(target as tls.ConnectionOptions);
    let status = 200;
    request.once('proxyConnect', (response: { statusCode: number }) => {
      status = response.statusCode;
    });
    const socket = await this.#tunnel(request, target).catch(addResetCode);
    if (status === 200) return socket;
    // Otherwise the proxy's own 403 or 407 would be treated as the response of the host behind it.
    socket.destroy();
    throw status === 407
      ? new NetworkError('proxy-auth-required')
      : new NetworkError('proxy-refused', `the proxy rejected the CONNECT request (HTTP ${status})`);
  }

  /** A request that ends does not end its connection to the proxy, which may never respond. */
  #tunnel(...[request, target]: ConnectArguments): Promise<net.Socket> {
    return withSignal(CONNECT_LIMIT_MS, undefined, (signal) => {
      // Read by `super.connect` before it waits for anything, and then used for this connection only.
      this.connectOpts = { ...this.connectOpts, signal };
      return super.connect(request, target).catch((error: unknown) => {
        throw signal.aborted ? new NetworkError('timed-out') : error;
      });
    });
  }
}

/** Milliseconds until the proxy must have responded: no request waits longer for a connection. */
const CONNECT_LIMIT_MS = 30_000;

/** When a proxy closes the connection without a response, the error of https-proxy-agent has no code. */
function addResetCode(error: unknown): never {
  const hasCode = typeof (error as { code?: unknown } | null)?.code === 'string';
  // Node's code instead of a NetworkReason: the AWS SDK retries on it.
  throw hasCode ? error : Object.assign(new Error('the proxy closed the connection'), { code: 'ECONNRESET' });
}

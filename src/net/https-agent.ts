// The way out for HTTPS: straight, or through the proxy that the environment names (HTTPS_PROXY, NO_PROXY), decided for
// each connection. Nothing for loopback goes to a proxy.
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { RefreshFailure } from '../refresh/failures.js';
import { isLoopbackHost } from './is-loopback.js';
import { NetworkError } from './network-error.js';
import { parseCaFile, readCaFile, TLS_RULES } from './tls-files.js';

type TlsRules = typeof TLS_RULES & { readonly secureContext?: tls.SecureContext };

/**
 * An agent for every HTTPS connection of the process: Airflow, registries and the AWS SDK share the same rules.
 * The environment is read here once for the proxy, and at each connection for NO_PROXY.
 * @param secureContext with the CAs to trust instead of Node's
 * @throws RefreshFailure ConfigInvalid when the environment names an invalid proxy
 */
export function createHttpsAgent(secureContext?: tls.SecureContext): https.Agent {
  const rules = secureContext === undefined ? TLS_RULES : { ...TLS_RULES, secureContext };
  // Any host that NO_PROXY does not list would do: the proxy for https is one and the same for all.
  const proxy = getProxyForUrl('https://proxy.invalid');
  if (!proxy) return new https.Agent({ keepAlive: true, ...rules });
  // It descends from http.Agent, and Node, axios and the SDK accept it for https anyway.
  return new SelectiveProxyAgent(checkProxy(proxy), rules);
}

/**
 * Agents that trust the CAs of a PEM file in addition to Node's. The returned function gives the agent for one request;
 * it throws RefreshFailure ConfigInvalid when the file cannot be used.
 *
 * The file is read at each request, so that a new one needs no restart, and parsed only when it has changed: for 150
 * certificates reading takes a tenth of a millisecond, parsing about 60. A changed file gets a new agent: connections and
 * TLS sessions that were verified by CAs which may no longer be trusted are not used again.
 */
export function createCaFileAgents(caFile: string): () => https.Agent {
  let current: { readonly content: Buffer; readonly agent: https.Agent } | undefined;
  return () => {
    const content = readCaFile(caFile);
    if (current?.content.equals(content)) return current.agent;
    const agent = createHttpsAgent(createContext(parseCaFile(caFile, content)));
    if (current) retire(current.agent);
    current = { content, agent };
    return agent;
  };
}

/** Created once for a content: Node would parse all CAs again for each connection. */
function createContext(ca: string[]): tls.SecureContext {
  return tls.createSecureContext({ ca, minVersion: TLS_RULES.minVersion });
}

/** Closes its connections: the idle ones now, the others after their request. `destroy` would break requests off. */
function retire(agent: https.Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

/** Checked here, since the error of `new URL` carries what it was given, and a proxy's URL may hold a password. */
function checkProxy(proxy: string): string {
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return proxy;
  throw new RefreshFailure(
    'ConfigInvalid',
    'HTTPS_PROXY (or ALL_PROXY) is not the URL of an HTTP proxy',
    'Set it to http://host:port or https://host:port.',
  );
}

type ConnectArguments = Parameters<HttpsProxyAgent<string>['connect']>;

class SelectiveProxyAgent extends HttpsProxyAgent<string> {
  readonly #rules: TlsRules;

  constructor(proxy: string, rules: TlsRules) {
    super(proxy, { keepAlive: true });
    this.#rules = rules;
  }

  override async connect(...[request, options]: ConnectArguments): Promise<net.Socket> {
    // Given with each connection: https-proxy-agent keeps no TLS options of its own for what lies behind the proxy.
    const target = { ...options, ...this.#rules } as typeof options;
    if (!isForProxy(options)) return tls.connect(target as tls.ConnectionOptions);
    let status = 200;
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode;
    });
    const socket = await super.connect(request, target).catch(nameBreak);
    if (status === 200) return socket;
    // Left alone, the proxy's own 403 or 407 would be taken for the answer of the host behind it.
    socket.destroy();
    throw new NetworkError(status === 407 ? 'proxy-auth-required' : 'proxy-refused');
  }
}

function isForProxy({ host = '', port }: ConnectArguments[1]): boolean {
  if (isLoopbackHost(host)) return false;
  return getProxyForUrl(`https://${net.isIPv6(host) ? `[${host}]` : host}:${port}`) !== '';
}

/** Where a proxy closes the connection in place of an answer, https-proxy-agent has a text for it and no code. */
function nameBreak(error: unknown): never {
  const isNamed = typeof (error as { code?: unknown } | null)?.code === 'string';
  // Node's code and not one of ours: the AWS SDK retries by it.
  throw isNamed ? error : Object.assign(new Error('proxy broke off'), { code: 'ECONNRESET' });
}

// HTTPS connections, direct or through the proxy of the environment, decided for each connection.
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { RefreshFailure } from '../refresh/failures.js';
import { NetworkError } from './network-error.js';
import {
  ProxyInvalid,
  bypassesProxy,
  createProxyHeaders,
  formatProxy,
  readProxy,
  type HttpProxy,
} from './proxy.js';
import { parseCaFile, readCaFile, TLS_RULES } from './tls-files.js';

type TlsRules = typeof TLS_RULES & { readonly secureContext?: tls.SecureContext };

/**
 * The agent for all HTTPS connections of the process: Airflow, registries and the AWS SDK share the same rules. The
 * proxy is read from the environment once, NO_PROXY at each connection.
 * @param secureContext has the CAs to trust instead of Node's default CAs
 * @throws RefreshFailure ConfigInvalid when the proxy in the environment is invalid
 */
export function createHttpsAgent(secureContext?: tls.SecureContext): https.Agent {
  const rules = secureContext === undefined ? TLS_RULES : { ...TLS_RULES, secureContext };
  const proxy = readProxyOfHttps();
  if (!proxy) return new https.Agent({ keepAlive: true, ...rules });
  // It extends http.Agent, but Node, axios and the SDK accept it for https.
  return new SelectiveProxyAgent(proxy, rules);
}

/**
 * Agents that trust the CAs of a PEM file in addition to Node's default CAs. The returned function returns the agent
 * for one request, and throws RefreshFailure ConfigInvalid when the file is invalid.
 *
 * The file is read at each request, so that a new one needs no restart, but parsed only when it has changed: for 150
 * certificates reading takes 0.1 ms and parsing about 60 ms. A changed file gets a new agent, so that connections and
 * TLS sessions verified with a CA that may no longer be trusted are not reused.
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

/** Created once for each content of the file: Node would parse all CAs again for each connection. */
function createContext(ca: string[]): tls.SecureContext {
  return tls.createSecureContext({ ca, minVersion: TLS_RULES.minVersion });
}

/** Closes idle connections now, the others after their request. `destroy` would abort requests in progress. */
function retire(agent: https.Agent): void {
  agent.maxFreeSockets = 0;
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

function readProxyOfHttps(): HttpProxy | undefined {
  // Not a host of NO_PROXY, unless that is `*`: then no proxy is used, and its value does not matter.
  if (bypassesProxy({ host: 'proxy.invalid', port: 443 })) return undefined;
  try {
    return readProxy(process.env, ['https_proxy', 'all_proxy']);
  } catch (error) {
    if (!(error instanceof ProxyInvalid)) throw error;
    throw new RefreshFailure('ConfigInvalid', `${error.variable} ${error.message}`, error.remedy);
  }
}

type ConnectArguments = Parameters<HttpsProxyAgent<string>['connect']>;

class SelectiveProxyAgent extends HttpsProxyAgent<string> {
  readonly #rules: TlsRules;

  constructor(proxy: HttpProxy, rules: TlsRules) {
    // The credentials are not part of the URL, which https-proxy-agent prints with DEBUG=*.
    super(formatProxy(proxy), { keepAlive: true, headers: () => createProxyHeaders(proxy) });
    this.#rules = rules;
  }

  override async connect(...[request, options]: ConnectArguments): Promise<net.Socket> {
    // Passed with each connection: https-proxy-agent keeps no TLS options for the host behind the proxy.
    const target = { ...options, ...this.#rules } as typeof options;
    const { host = 'localhost', port }: { host?: string | undefined; port: unknown } = options;
    // Against its type, the port is a string in requests of axios.
    if (bypassesProxy({ host, port: Number(port) })) {
      return tls.connect(target as tls.ConnectionOptions);
    }
    let status = 200;
    request.once('proxyConnect', (response: { statusCode: number }) => {
      status = response.statusCode;
    });
    const socket = await super.connect(request, target).catch(addResetCode);
    if (status === 200) return socket;
    // Otherwise the proxy's own 403 or 407 would be treated as the response of the host behind it.
    socket.destroy();
    throw new NetworkError(status === 407 ? 'proxy-auth-required' : 'proxy-refused');
  }
}

/** When a proxy closes the connection without a response, the error of https-proxy-agent has no code. */
function addResetCode(error: unknown): never {
  const hasCode = typeof (error as { code?: unknown } | null)?.code === 'string';
  // Node's code instead of a NetworkReason: the AWS SDK retries on it.
  throw hasCode ? error : Object.assign(new Error('the proxy closed the connection'), { code: 'ECONNRESET' });
}

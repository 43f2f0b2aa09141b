// The way out for HTTPS: straight, or through the proxy that the environment names (HTTPS_PROXY, NO_PROXY), decided for
// each connection. Nothing for loopback goes to a proxy.
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { isLoopbackHost } from './is-loopback.js';
import { NetworkError } from './network-error.js';
import { TLS_RULES } from './tls-files.js';

/** Which proxy the environment wants for a URL; undefined for none, and always for loopback. */
export function proxyFor(url: string): string | undefined {
  return isLoopbackHost(new URL(url).hostname) ? undefined : getProxyForUrl(url) || undefined;
}

type TlsRules = typeof TLS_RULES & { readonly secureContext?: tls.SecureContext };

/**
 * An agent for every HTTPS connection of the process: Airflow, registries and the AWS SDK share the same rules.
 * With `authorities` (certificates as PEM) only these are trusted, else Node's own.
 * The environment is read here once for the proxy, and at each connection for NO_PROXY.
 * @throws NetworkError `proxy-invalid`
 */
export function createHttpsAgent(authorities?: readonly string[]): https.Agent {
  const rules: TlsRules = authorities
    ? // Made once: Node would parse all authorities again for each connection.
      {
        ...TLS_RULES,
        secureContext: tls.createSecureContext({
          ca: [...authorities],
          minVersion: TLS_RULES.minVersion,
        }),
      }
    : TLS_RULES;
  // Any host that NO_PROXY does not list would do: the proxy for https is one and the same for all.
  const proxy = getProxyForUrl('https://proxy.invalid');
  const agent = proxy
    ? new SelectiveProxyAgent(checkProxy(proxy), rules)
    : new https.Agent({ keepAlive: true, ...rules });
  // An agent of https-proxy-agent descends from http.Agent, and Node, axios and the SDK take it for https all the same.
  return agent;
}

/** Checked here, since the error of `new URL` carries what it was given, and a proxy's URL may hold a password. */
function checkProxy(proxy: string): string {
  if (URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol)) return proxy;
  throw new NetworkError('proxy-invalid');
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
    if (!proxyFor(toUrl(options))) return tls.connect(directOptions(target));
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

/** Where a proxy closes the connection in place of an answer, https-proxy-agent has a text for it and no code. */
function nameBreak(error: unknown): never {
  const isNamed = typeof (error as { code?: unknown } | null)?.code === 'string';
  // Node's code and not one of ours: the AWS SDK retries by it.
  throw isNamed ? error : Object.assign(new Error('proxy broke off'), { code: 'ECONNRESET' });
}

function toUrl(options: ConnectArguments[1]): string {
  const host = options.host ?? '';
  return `https://${net.isIPv6(host) ? `[${host}]` : host}:${options.port}`;
}

function directOptions(options: tls.ConnectionOptions): tls.ConnectionOptions {
  const host = options.host ?? '';
  // TLS forbids addresses as server names.
  return options.servername === undefined && host && !net.isIP(host)
    ? { ...options, servername: host }
    : options;
}

// The only reader of proxy variables, so that every peer follows the same rules: see
// docs/decisions/0040-proxy-variables.md.
import net from 'node:net';
import { NETWORK_REMEDIES } from '../refresh/remedies/network.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { isLoopbackHost } from './is-loopback.js';
import { matchesNoProxy, type Target } from './no-proxy.js';

export interface HttpProxy {
  /** `https`: the connection to the proxy itself uses TLS. */
  readonly scheme: 'http' | 'https';
  /** An IPv6 address has no brackets. */
  readonly host: string;
  readonly port: number;
  /** Decoded. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** The variable that contains this proxy, as it is spelled in the environment. */
  readonly variable: string;
}

/** The value of a proxy variable cannot be used. It may contain a password, so no part of this error quotes it. */
export class ProxyInvalid extends Error {
  override readonly name = 'ProxyInvalid';
  readonly variable: string;
  /** A sentence. */
  readonly remedy: Remedy;

  /** @param message continues the name of the variable: `is not the URL of an HTTP proxy` */
  constructor(variable: string, message: string, remedy: Remedy) {
    super(message);
    this.variable = variable;
    this.remedy = remedy;
  }
}

/**
 * The proxy for a connection, from `https_proxy`; undefined for a direct connection, which loopback and the hosts in
 * NO_PROXY always get.
 * @throws ProxyInvalid only if this connection would use the proxy
 */
export function findProxy(target: Target, env: NodeJS.ProcessEnv = process.env): HttpProxy | undefined {
  return bypassesProxy(target, env) ? undefined : readProxy(env);
}

/** Loopback and the hosts in NO_PROXY, whatever the proxy is. */
export function bypassesProxy(target: Target, env: NodeJS.ProcessEnv = process.env): boolean {
  if (isLoopbackHost(target.host)) return true;
  return matchesNoProxy(findVariable(env, 'no_proxy')?.value ?? '', target);
}

/** The variables that count for requests of this protocol, in their order. */
export const PROXY_VARIABLES = {
  'https:': ['https_proxy', 'all_proxy'],
  'http:': ['http_proxy', 'all_proxy'],
} as const;

/** Of `URL.protocol`. */
export type HttpProtocol = keyof typeof PROXY_VARIABLES;

/** The proxy for an HTTP request to this URL; undefined for a direct one, and if the variable is invalid. */
export function findProxyOf(url: URL, env: NodeJS.ProcessEnv = process.env): HttpProxy | undefined {
  const { protocol, hostname } = url;
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  const port = Number(url.port) || (protocol === 'https:' ? 443 : 80);
  if (bypassesProxy({ host: hostname, port }, env)) return undefined;
  try {
    return readProxy(env, PROXY_VARIABLES[protocol]);
  } catch (error) {
    if (error instanceof ProxyInvalid) return undefined;
    throw error;
  }
}

/** Those of `PROXY_VARIABLES` whose value cannot be used by a connection that needs it. */
export function findInvalidProxies(env: NodeJS.ProcessEnv = process.env): readonly ProxyInvalid[] {
  if (bypassesEveryProxy(env)) return [];
  const found = new Map<string, ProxyInvalid>();
  for (const variables of Object.values(PROXY_VARIABLES)) {
    try {
      readProxy(env, variables);
    } catch (error) {
      if (!(error instanceof ProxyInvalid)) throw error;
      found.set(error.variable, error);
    }
  }
  return [...found.values()];
}

/** NO_PROXY is `*`: no proxy is used, and its value does not matter. */
export function bypassesEveryProxy(env: NodeJS.ProcessEnv = process.env): boolean {
  return bypassesProxy({ host: 'proxy.invalid', port: 443 }, env);
}

/**
 * The proxy in the first of these variables that is set; each also in upper case.
 * @throws ProxyInvalid
 */
export function readProxy(
  env: NodeJS.ProcessEnv = process.env,
  variables: readonly ('https_proxy' | 'http_proxy' | 'all_proxy')[] = ['https_proxy'],
): HttpProxy | undefined {
  for (const name of variables) {
    const found = findVariable(env, name);
    if (found) return parseProxy(found);
  }
  return undefined;
}

/** `http://proxy:3128`, without credentials: for messages. */
export function formatProxy(proxy: Pick<HttpProxy, 'scheme' | 'host' | 'port'>): string {
  return `${proxy.scheme}://${joinHostPort(proxy)}`;
}

/** `proxy:3128`, an IPv6 address in brackets. */
export function joinHostPort({ host, port }: Pick<HttpProxy, 'host' | 'port'>): string {
  return `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** The headers of a CONNECT request: the login, if there is one. */
export function createProxyHeaders({ credentials }: Pick<HttpProxy, 'credentials'>): Record<string, string> {
  if (credentials === undefined) return {};
  const login = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
  return { 'Proxy-Authorization': `Basic ${login}` };
}

interface Variable {
  readonly variable: string;
  readonly value: string;
}

/** Lower case first. An empty variable is not set, as in curl and Go. */
function findVariable(env: NodeJS.ProcessEnv, name: string): Variable | undefined {
  for (const variable of [name, name.toUpperCase()]) {
    const value = env[variable]?.trim();
    if (value) return { variable, value };
  }
  return undefined;
}

/** Not parsed by `URL` as a whole: it takes `user:12#4@proxy` for port 12 of the host `user`. */
function parseProxy({ variable, value }: Variable): HttpProxy {
  const [, scheme = 'http', authority = '', rest = ''] =
    /^(?:([^:/?#@]*):\/\/)?([^/?#]*)(.*)$/s.exec(value.replace(/\/$/, '')) ?? [];
  if (rest.includes('@')) throw createCredentialsError(variable);
  const protocol = scheme.toLowerCase();
  const at = authority.lastIndexOf('@');
  const address = parseAddress(authority.slice(at + 1));
  if (protocol.startsWith('socks')) {
    throw new ProxyInvalid(
      variable,
      'is a SOCKS proxy, which is not supported',
      NETWORK_REMEDIES.useHttpProxy,
    );
  }
  if ((protocol !== 'http' && protocol !== 'https') || rest !== '' || address === undefined) {
    throw new ProxyInvalid(variable, 'is not the URL of an HTTP proxy', NETWORK_REMEDIES.setProxyUrl);
  }
  return {
    scheme: protocol,
    host: address.host,
    // Go's default for http; curl's is 1080, the port of SOCKS.
    port: address.port ?? (protocol === 'http' ? 80 : 443),
    credentials: at > 0 ? parseCredentials(variable, authority.slice(0, at)) : undefined,
    variable,
  };
}

function parseAddress(
  text: string,
): { readonly host: string; readonly port: number | undefined } | undefined {
  const [, host, digits] = /^(\[[^\]]+\]|[^\s:@\\[\]]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || !URL.canParse(`http://${host}`) || port === 0 || (port ?? 0) > 65_535)
    return undefined;
  return { host: new URL(`http://${host}`).hostname.replace(/^\[|\]$/g, ''), port };
}

function parseCredentials(variable: string, text: string): HttpProxy['credentials'] {
  const [, username = '', password = ''] = /^([^:]*):?(.*)$/s.exec(text) ?? [];
  try {
    return { username: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw createCredentialsError(variable);
  }
}

function createCredentialsError(variable: string): ProxyInvalid {
  return new ProxyInvalid(
    variable,
    'has a user name or password that is not percent-encoded',
    NETWORK_REMEDIES.encodeProxyLogin,
  );
}

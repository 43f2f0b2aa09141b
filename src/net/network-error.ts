// Network errors as reason codes. Only error codes are read: an error's message may contain a URL, a header or a body.
import { DeadlineExceeded } from './deadline.js';
import { NETWORK_REMEDIES } from '../refresh/remedies/network.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { findProxyOf, formatProxy, type HttpProxy } from './proxy.js';

/**
 * The text of each reason, and the codes of Node, OpenSSL and axios that map to it. A code that ends in `*` is a
 * prefix; the first match wins.
 */
const REASONS = {
  'connection-refused': ['connection refused', 'ECONNREFUSED'],
  'unknown-host': ['no such host', 'ENOTFOUND'],
  'dns-failure': ['DNS lookup failed', 'EAI_AGAIN'],
  'timed-out': ['timed out', 'ETIMEDOUT', 'ECONNABORTED'],
  /** Canceled by the caller's signal. */
  cancelled: ['the attempt was canceled'],
  /** Canceled by the HTTP client. */
  'request-cancelled': ['the request was canceled', 'ERR_CANCELED'],
  'connection-reset': ['connection reset', 'ECONNRESET', 'EPIPE'],
  'host-unreachable': ['no route to the host', 'EHOSTUNREACH'],
  'network-unreachable': ['no route to the network', 'ENETUNREACH'],
  'not-permitted': ['no permission to connect', 'EACCES'],
  'proxy-auth-required': ['the proxy requires authentication (407)'],
  'proxy-refused': ['the proxy rejected the CONNECT request'],
  'proxy-invalid': ['the proxy variable is invalid'],
  'ca-invalid': ['the CA bundle is invalid'],
  'tls-self-signed': ['TLS: self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'tls-self-signed-in-chain': ['TLS: self-signed certificate in the chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
  'tls-unknown-authority': [
    'TLS: certificate signed by an unknown CA',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT*',
  ],
  'tls-expired': ['TLS: the certificate has expired', 'CERT_HAS_EXPIRED'],
  'tls-not-yet-valid': [
    'TLS: the certificate is not yet valid (or the local clock is behind)',
    'CERT_NOT_YET_VALID',
  ],
  'tls-wrong-host': ['TLS: the certificate is for another host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  'tls-certificate-rejected': ['TLS: the certificate was rejected', 'CERT_*'],
  'tls-not-spoken': [
    'TLS: the server does not use TLS on this port',
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'ERR_SSL_HTTP_REQUEST',
    'ERR_SSL_PACKET_LENGTH_TOO_LONG',
    'ERR_SSL_RECORD_LAYER_FAILURE',
    'ERR_SSL_UNKNOWN_PROTOCOL',
  ],
  'tls-handshake': ['TLS: handshake failed', 'EPROTO', 'ERR_SSL_*'],
  'tls-failed': ['TLS: the connection failed', 'ERR_TLS_*'],
  'headers-too-large': ['the headers of the response are too large', 'HPE_HEADER_OVERFLOW'],
  'not-http': ['the response is not HTTP', 'HPE_*'],
  'corrupt-response': ['the response is corrupt (decompression failed)', 'Z_*'],
  /** To the same path, such as from http to https or with a trailing slash. */
  redirect: ['a redirect was not followed'],
  /** To another host or path, such as a login page. */
  'redirect-elsewhere': ['a redirect to another host or page was not followed'],
  'too-many-redirects': ['too many redirects', 'ERR_FR_TOO_MANY_REDIRECTS'],
  'too-large': ['the response is too large'],
  'invalid-url': ['the URL is invalid', 'ERR_INVALID_URL'],
  failed: ['the connection failed'],
} as const satisfies Readonly<Record<string, readonly [words: string, ...codes: string[]]>>;

export type NetworkReason = keyof typeof REASONS;

/** A request without a usable response. The message contains no secret, and there is no `cause`. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: NetworkReason;
  /** A sentence; set where the fix is known. */
  readonly remedy: Remedy | undefined;

  /** @param message more specific than the text of the code; must not contain a secret or the text of another error */
  constructor(code: NetworkReason, message: string = REASONS[code][0], remedy?: Remedy) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }

  /** The certificate is not signed by a trusted CA: configuring another CA fixes it. */
  get isTlsTrustProblem(): boolean {
    return this.code.startsWith('tls-self-signed') || this.code === 'tls-unknown-authority';
  }

  get isTooLarge(): boolean {
    return this.code === 'too-large' || this.code === 'headers-too-large';
  }

  get isTlsProblem(): boolean {
    return this.code.startsWith('tls-');
  }
}

/** The URL of the request that failed with an error. */
const urls = new WeakMap<object, URL>();

/** Records where a request went, so that `toNetworkError` names host, port and proxy. Returns the error. */
export function noteUrl<T>(error: T, url: URL): T {
  if (typeof error === 'object' && error !== null) urls.set(error, url);
  return error;
}

/** Converts any error. A NetworkError without a noted URL is returned unchanged. */
export function toNetworkError(error: unknown): NetworkError {
  const found = findNetworkError(error);
  const url = typeof error === 'object' && error !== null ? urls.get(error) : undefined;
  if (!url) return found;
  const { code, message, remedy } = found;
  return new NetworkError(
    code,
    `${message}${describeConnection(code, url)}`,
    remedy ?? findProxyRemedy(code, url),
  );
}

/** Reasons about the connection and not about the response. Before TLS, behind a proxy, they concern the proxy. */
const BEFORE_TLS: readonly NetworkReason[] = [
  'connection-refused',
  'unknown-host',
  'dns-failure',
  'host-unreachable',
  'network-unreachable',
  'not-permitted',
  'proxy-auth-required',
];
const LATER: readonly NetworkReason[] = [
  'timed-out',
  'connection-reset',
  'proxy-refused',
  'not-http',
  'failed',
];

/** ` (airflow.example.com:443)`, with the proxy in use; empty for reasons that are not about the connection. */
function describeConnection(code: NetworkReason, url: URL): string {
  const isBeforeTls = BEFORE_TLS.includes(code);
  if (!isBeforeTls && !LATER.includes(code) && !code.startsWith('tls-')) return '';
  const target = `${url.hostname}:${url.port || (url.protocol === 'http:' ? 80 : 443)}`;
  const proxy = findProxyOf(url);
  if (proxy && isBeforeTls) return ` (${nameProxy(proxy)}, for ${target})`;
  const via = proxy ? `, through the ${nameProxy(proxy)}` : '';
  return ` (${target}${via}${suspectProtocol(code, url)})`;
}

/** The fix for a proxy that cannot be reached, or does not let the request through. */
function findProxyRemedy(code: NetworkReason, url: URL): Remedy | undefined {
  const isOfProxy = BEFORE_TLS.includes(code) || code === 'proxy-refused';
  return isOfProxy && findProxyOf(url) ? NETWORK_REMEDIES.fixProxy : undefined;
}

/** Node drops the code of a handshake error while data is waiting to be sent, so this is only likely. */
function suspectProtocol(code: NetworkReason, { protocol }: URL): string {
  if (code === 'tls-handshake') return '; the server may not use TLS on this port';
  return code === 'not-http' && protocol === 'http:' ? '; the server may require TLS on this port' : '';
}

function nameProxy(proxy: HttpProxy): string {
  return `proxy ${formatProxy(proxy)} of ${proxy.variable}`;
}

function findNetworkError(error: unknown): NetworkError {
  // HTTP clients wrap what the agent threw.
  const own = [error, (error as { cause?: unknown } | null)?.cause].find(
    (one) => one instanceof NetworkError,
  );
  if (own) return own;
  if (error instanceof DeadlineExceeded) {
    if (error.endedBy === 'caller') return new NetworkError('cancelled');
    return new NetworkError('timed-out', `timed out after ${Math.round(error.limitMs / 100) / 10} s`);
  }
  const reasons = getErrorCodes(error).flatMap((code) => findReason(code) ?? []);
  // One error for each address of the host: a refusal shows that the host itself can be reached.
  if (reasons.includes('connection-refused')) return new NetworkError('connection-refused');
  return new NetworkError(reasons[0] ?? 'failed');
}

/** The code may be a NetworkReason itself: HTTP clients copy the code of an error that the agent threw. */
function findReason(code: string): NetworkReason | undefined {
  const reasons = Object.keys(REASONS) as NetworkReason[];
  return reasons.find((reason) => reason === code || hasCode(reason, code));
}

function hasCode(reason: NetworkReason, code: string): boolean {
  const [, ...codes] = REASONS[reason];
  return codes.some((known) => (known.endsWith('*') ? code.startsWith(known.slice(0, -1)) : code === known));
}

/** The codes of an error and of its nested errors: Happy Eyeballs fails with one error per address. */
export function getErrorCodes(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== 'object' || error === null || depth > 3) return [];
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  return [
    ...(typeof code === 'string' ? [code] : []),
    ...getErrorCodes(cause, depth + 1),
    ...(Array.isArray(errors) ? errors.slice(0, 8).flatMap((inner) => getErrorCodes(inner, depth + 1)) : []),
  ];
}

// Network errors as reason codes. Only error codes are read: an error's message may contain a URL, a header or a body.
import { DeadlineExceeded } from './deadline.js';

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
  'tls-handshake': ['TLS: handshake failed', 'EPROTO', 'ERR_SSL_*'],
  'tls-failed': ['TLS: the connection failed', 'ERR_TLS_*'],
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

  /** @param message more specific than the text of the code; must not contain a secret or the text of another error */
  constructor(code: NetworkReason, message: string = REASONS[code][0]) {
    super(message);
    this.code = code;
  }

  /** The certificate is not signed by a trusted CA: configuring another CA fixes it. */
  get isTlsTrustProblem(): boolean {
    return this.code.startsWith('tls-self-signed') || this.code === 'tls-unknown-authority';
  }

  get isTlsProblem(): boolean {
    return this.code.startsWith('tls-');
  }
}

/** Converts any error; a NetworkError is returned unchanged. */
export function toNetworkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  if (error instanceof DeadlineExceeded) {
    if (error.endedBy === 'caller') return new NetworkError('cancelled');
    return new NetworkError('timed-out', `timed out after ${Math.round(error.limitMs / 100) / 10} s`);
  }
  const [reason = 'failed'] = getErrorCodes(error).flatMap((code) => findReason(code) ?? []);
  return new NetworkError(reason);
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

// Errors below HTTP, each with a reason code. An error's message may carry a URL, a header or a body, so only codes are read.
import { DeadlineExceeded } from './deadline.js';

/**
 * What each reason is in words, and the codes of Node's system errors, of OpenSSL and of axios that mean it. A prefix ends
 * in `*`; the first match counts.
 */
const REASONS = {
  'connection-refused': ['connection refused', 'ECONNREFUSED'],
  'unknown-host': ['no such host', 'ENOTFOUND'],
  'dns-failure': ['its name could not be resolved (DNS)', 'EAI_AGAIN'],
  'timed-out': ['no answer (timed out)', 'ETIMEDOUT', 'ECONNABORTED'],
  /** By our own caller. */
  cancelled: ['the attempt was cancelled'],
  /** By the HTTP client. */
  'request-cancelled': ['no answer (ended by the caller)', 'ERR_CANCELED'],
  'connection-reset': ['the connection was broken off', 'ECONNRESET', 'EPIPE'],
  'host-unreachable': ['no route to the host', 'EHOSTUNREACH'],
  'network-unreachable': ['no route to the network', 'ENETUNREACH'],
  'not-permitted': ['no permission to connect', 'EACCES'],
  'proxy-auth-required': ['the proxy requires authentication (407)'],
  'proxy-refused': ['the proxy refused to connect'],
  'tls-self-signed': ['TLS: self-signed certificate', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  'tls-self-signed-in-chain': ['TLS: self-signed certificate in the chain', 'SELF_SIGNED_CERT_IN_CHAIN'],
  'tls-unknown-authority': [
    'TLS: certificate of an unknown authority',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT*',
  ],
  'tls-expired': ['TLS: the certificate has expired', 'CERT_HAS_EXPIRED'],
  'tls-not-yet-valid': ['TLS: the certificate is not valid yet (or our clock is slow)', 'CERT_NOT_YET_VALID'],
  'tls-wrong-host': ['TLS: the certificate is for another host', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  'tls-certificate-rejected': ['TLS: the certificate is not accepted', 'CERT_*'],
  'tls-handshake': ['TLS: no agreement on the protocol', 'EPROTO', 'ERR_SSL_*'],
  'tls-failed': ['TLS: the connection failed', 'ERR_TLS_*'],
  'not-http': ['the answer is not HTTP', 'HPE_*'],
  'corrupt-response': ['the response is corrupt (compression)', 'Z_*'],
  redirect: ['a redirect was refused'],
  'redirect-to-other-host': ['a redirect to another host was refused'],
  'too-many-redirects': ['too many redirects', 'ERR_FR_TOO_MANY_REDIRECTS'],
  'too-large': ['the response is too large'],
  'invalid-url': ['the URL is invalid', 'ERR_INVALID_URL'],
  failed: ['the connection failed'],
} as const satisfies Readonly<Record<string, readonly [words: string, ...codes: string[]]>>;

export type NetworkReason = keyof typeof REASONS;

/** No usable response. The message is safe to show and to keep; there is no cause. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: NetworkReason;

  /** @param message where more than the code is known; no secret, and no text of another error */
  constructor(code: NetworkReason, message: string = REASONS[code][0]) {
    super(message);
    this.code = code;
  }

  /** No authority that is trusted here has issued the certificate: naming another authority fixes it. */
  get isTlsTrustProblem(): boolean {
    return this.code.startsWith('tls-self-signed') || this.code === 'tls-unknown-authority';
  }

  get isTlsProblem(): boolean {
    return this.code.startsWith('tls-');
  }
}

/** The error of ours for any error: the same one where it is ours already. */
export function toNetworkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  if (error instanceof DeadlineExceeded) {
    if (error.endedBy === 'caller') return new NetworkError('cancelled');
    return new NetworkError('timed-out', `no answer within ${Math.round(error.limitMs / 100) / 10} s`);
  }
  const [reason = 'failed'] = getErrorCodes(error).flatMap((code) => findReason(code) ?? []);
  return new NetworkError(reason);
}

/** A code of our own is one that the agent threw: an HTTP client passes it on. */
function findReason(code: string): NetworkReason | undefined {
  const reasons = Object.keys(REASONS) as NetworkReason[];
  return reasons.find((reason) => reason === code || means(reason, code));
}

function means(reason: NetworkReason, code: string): boolean {
  const [, ...codes] = REASONS[reason];
  return codes.some((known) => (known.endsWith('*') ? code.startsWith(known.slice(0, -1)) : code === known));
}

/** The codes of an error and of the errors within it: happy eyeballs fails with one error per address. */
export function getErrorCodes(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== 'object' || error === null || depth > 3) return [];
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  return [
    ...(typeof code === 'string' ? [code] : []),
    ...getErrorCodes(cause, depth + 1),
    ...(Array.isArray(errors) ? errors.slice(0, 8).flatMap((inner) => getErrorCodes(inner, depth + 1)) : []),
  ];
}

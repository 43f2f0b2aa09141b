// Owns the words for what goes wrong below HTTP. Refuses to quote: an error's message may carry a URL, a header
// or a body, so only its code is read, and only codes of the list below are turned into words.
import { DeadlineExceeded } from './deadline.js';

/** Codes of Node's system errors, of OpenSSL and of axios. A prefix ends in `*`. */
const REASONS: readonly (readonly [code: string, reason: string])[] = [
  ['ECONNREFUSED', 'connection refused'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'its name could not be looked up (DNS)'],
  ['ETIMEDOUT', 'no answer (timed out)'],
  ['ECONNABORTED', 'no answer (timed out)'],
  ['ERR_CANCELED', 'no answer (ended by the caller)'],
  ['ECONNRESET', 'the connection was broken off'],
  ['EPIPE', 'the connection was broken off'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
  ['EACCES', 'no permission to connect'],
  ['ERR_PROXY_AUTH_REQUIRED', 'the proxy asks for a sign-in (407)'],
  ['ERR_PROXY_REFUSED', 'the proxy refused to connect'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS: self-signed certificate'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'TLS: self-signed certificate in the chain'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'TLS: certificate of an unknown authority'],
  ['UNABLE_TO_GET_ISSUER_CERT*', 'TLS: certificate of an unknown authority'],
  ['CERT_HAS_EXPIRED', 'TLS: the certificate has expired'],
  ['CERT_NOT_YET_VALID', 'TLS: the certificate is not valid yet (or our clock is slow)'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS: the certificate is for another host'],
  ['CERT_*', 'TLS: the certificate is not accepted'],
  ['EPROTO', 'TLS: no agreement on the protocol'],
  ['ERR_SSL_*', 'TLS: no agreement on the protocol'],
  ['ERR_TLS_*', 'TLS: the connection failed'],
  ['HPE_*', 'the answer is not HTTP'],
  ['Z_*', 'the answer is damaged (compression)'],
  ['ERR_FR_TOO_MANY_REDIRECTS', 'too many redirects'],
  ['ERR_INVALID_URL', 'the URL is invalid'],
];

/**
 * A short reason that is safe to show and to keep: made of the error's code, or the first known one of what caused
 * it; never of its message.
 */
export function describeNetworkError(error: unknown): string {
  if (error instanceof DeadlineExceeded) {
    return error.endedBy === 'limit'
      ? `no answer within ${inSeconds(error.limitMs)}`
      : 'the attempt was ended';
  }
  for (const code of getErrorCodes(error)) {
    const known = REASONS.find(([name]) =>
      name.endsWith('*') ? code.startsWith(name.slice(0, -1)) : code === name,
    );
    if (known) return known[1];
  }
  return 'the connection failed';
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

function inSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

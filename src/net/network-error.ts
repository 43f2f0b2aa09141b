// Errors below HTTP and of the machine's own settings, each with a reason code. An error's message may carry a URL, a
// header or a body, so only codes are read, and the words come from the table in network-reason.ts.
import { DeadlineExceeded } from './deadline.js';
import {
  describeNetworkReason,
  findNetworkRemedy,
  isNetworkReason,
  type NetworkFacts,
  type NetworkReason,
} from './network-reason.js';

/** No usable response. The message is made of the code and is safe to show; there is no cause. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly code: NetworkReason;
  /** The fix, where the code alone tells it: a setting of the machine or a file that is wrong. */
  readonly remedy: string | undefined;

  constructor(code: NetworkReason, facts: NetworkFacts = {}) {
    super(describeNetworkReason(code, facts));
    this.code = code;
    this.remedy = findNetworkRemedy(code);
  }
}

/** Codes of Node's system errors, of OpenSSL and of axios. A prefix ends in `*`; the first match counts. */
const CODES: readonly (readonly [code: string, reason: NetworkReason])[] = [
  ['ECONNREFUSED', 'connection-refused'],
  ['ENOTFOUND', 'unknown-host'],
  ['EAI_AGAIN', 'dns-failure'],
  ['ETIMEDOUT', 'timed-out'],
  ['ECONNABORTED', 'timed-out'],
  ['ERR_CANCELED', 'request-cancelled'],
  ['ECONNRESET', 'connection-reset'],
  ['EPIPE', 'connection-reset'],
  ['EHOSTUNREACH', 'host-unreachable'],
  ['ENETUNREACH', 'network-unreachable'],
  ['EACCES', 'not-permitted'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls-self-signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls-self-signed-in-chain'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls-unknown-authority'],
  ['UNABLE_TO_GET_ISSUER_CERT*', 'tls-unknown-authority'],
  ['CERT_HAS_EXPIRED', 'tls-expired'],
  ['CERT_NOT_YET_VALID', 'tls-not-yet-valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls-wrong-host'],
  ['CERT_*', 'tls-certificate-rejected'],
  ['EPROTO', 'tls-handshake'],
  ['ERR_SSL_*', 'tls-handshake'],
  ['ERR_TLS_*', 'tls-failed'],
  ['HPE_*', 'not-http'],
  ['Z_*', 'corrupt-response'],
  ['ERR_FR_TOO_MANY_REDIRECTS', 'too-many-redirects'],
  ['ERR_INVALID_URL', 'invalid-url'],
];

/** The reason behind any error: made of its code, or of the first known code of what caused it. */
export function toNetworkReason(error: unknown): NetworkReason {
  if (error instanceof DeadlineExceeded) return error.endedBy === 'limit' ? 'timed-out' : 'cancelled';
  for (const code of getErrorCodes(error)) {
    // One of our own, as the agent throws them: an HTTP client passes the code on.
    if (isNetworkReason(code)) return code;
    const known = CODES.find(([name]) =>
      name.endsWith('*') ? code.startsWith(name.slice(0, -1)) : code === name,
    );
    if (known) return known[1];
  }
  return 'failed';
}

/** The error of ours for any error: the same one where it is ours already. */
export function toNetworkError(error: unknown): NetworkError {
  if (error instanceof NetworkError) return error;
  const facts = error instanceof DeadlineExceeded ? { limitMs: error.limitMs } : {};
  return new NetworkError(toNetworkReason(error), facts);
}

/** The words for any error; they are safe to show and to keep. */
export function describeNetworkError(error: unknown): string {
  return toNetworkError(error).message;
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

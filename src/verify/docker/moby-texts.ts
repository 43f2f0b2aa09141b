// The only place that parses error texts of a Docker Engine, which may also be Podman. For almost every error between
// the engine and the registry, moby responds to POST /auth with 500, and only the text contains the status of the
// registry or the Go error. If a text changes, the login counts as failed instead of rejected, and is retried. The text
// is never shown, because it quotes responses of registries and proxies.
import { describeUnexpected } from '../registry/classify-response.js';

/** `rejected` means by the registry itself; its status is absent if the text does not include it. */
type LoginProblem =
  | { readonly outcome: 'rejected'; readonly status?: number }
  | { readonly outcome: 'failed'; readonly words: string };

/** Texts of Go's net, net/http, crypto/tls and crypto/x509, and of moby's registry client. */
const NETWORK_TEXTS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /no such host|lookup .*(?:server misbehaving|i\/o timeout)|temporary failure in name resolution/i,
    'DNS lookup failed',
  ],
  [/x509|certificate/i, 'TLS: the certificate of the registry was rejected'],
  [/gave HTTP response to HTTPS client/i, 'the registry uses HTTP and is not in insecure-registries'],
  [/proxyconnect|proxy authentication/i, 'the proxy of the engine rejected the connection'],
  [/timeout|deadline exceeded|timed out|request canceled while waiting/i, 'the registry timed out'],
  [/connection refused/i, 'connection refused'],
  [/no route to host|network is unreachable/i, 'no route to the registry'],
  [/\btls:/i, 'TLS: handshake with the registry failed'],
  [/connection reset|broken pipe|\bEOF\b/, 'connection reset'],
  [/toomanyrequests|failed with status: 429/i, 'the registry throttled the request'],
  [
    /failed with status: 5\d\d|received unexpected HTTP status: 5\d\d/i,
    'the registry returned a server error',
  ],
];

/**
 * Texts of moby, and of Podman (containers/image), for a rejection by the registry. The engine returns 500 for any
 * status of the registry.
 */
const REJECTED = /(?:failed with status: |invalid status code from registry |StatusCode: )(?<status>40[013])/;
/** Error codes of the distribution API as moby prints them, and texts of moby and Podman for a 401. */
const REJECTED_IN_WORDS =
  /\b(?:unauthorized|denied): |(?:incorrect|invalid) username(?: or |\/)password|no basic auth/;
const ECR_TEXT = /authorization token has expired|security token included|not authorized to perform/i;
/** moby quotes a response that it cannot parse: an error of ECR, or a page from in front of it. */
const UNPARSED = /parsing HTTP (?<status>\d{3}) response body(?<page>: invalid character '<')?/;
/** The engine itself refuses: a file that it may not read, or its authorization plugin. */
const REFUSED_BY_ENGINE = /permission denied|denied by plugin/i;

/** @returns undefined for an unknown text */
export function parseMobyText(text: string): LoginProblem | undefined {
  // Network errors first: "dial tcp: permission denied" does not come from the registry.
  const network = NETWORK_TEXTS.find(([pattern]) => pattern.test(text));
  if (network) return { outcome: 'failed', words: network[1] };
  if (REFUSED_BY_ENGINE.test(text)) return undefined;
  const status = REJECTED.exec(text)?.groups?.['status'];
  if (status !== undefined) return { outcome: 'rejected', status: Number(status) };
  const unparsed = UNPARSED.exec(text)?.groups;
  if (unparsed) return classifyUnparsed(text, unparsed);
  if (REJECTED_IN_WORDS.test(text) || ECR_TEXT.test(text)) return { outcome: 'rejected' };
  return undefined;
}

/** ECR returns a 400 without a body that moby can parse for a token of another region, and ECR Public for any other. */
function classifyUnparsed(text: string, { status = '', page }: Record<string, string>): LoginProblem {
  const isOfEcr = page === undefined && (status === '400' || ECR_TEXT.test(text));
  return isOfEcr
    ? { outcome: 'rejected', status: Number(status) }
    : { outcome: 'failed', words: describeUnexpected(Number(status)) };
}

// The only place that reads what a Docker Engine says in words. moby answers POST /auth with 500 and a text of its own for
// almost everything that goes wrong between it and the registry: the status of the registry and the errors of Go are in the
// text alone. Where a text changes, the login counts as failed instead of rejected, and is retried. Nothing of the text is
// ever shown: it repeats what registries and proxies returned.
import { describeUnexpected } from '../registry/classify-response.js';

/** `rejected` by the registry itself, whose status is absent where the text does not include it. */
type LoginProblem =
  | { readonly outcome: 'rejected'; readonly status?: number }
  | { readonly outcome: 'failed'; readonly words: string };

/** Texts of Go's net, net/http, crypto/tls and crypto/x509, and of moby's registry client. */
const NETWORK_TEXTS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /no such host|lookup .*(?:server misbehaving|i\/o timeout)|temporary failure in name resolution/i,
    'no such host',
  ],
  [/x509|certificate/i, 'TLS: the certificate of the registry is not accepted'],
  [/gave HTTP response to HTTPS client/i, 'the registry uses HTTP and is not in insecure-registries'],
  [/proxyconnect|proxy authentication/i, 'the proxy of the engine rejects the connection'],
  [
    /timeout|deadline exceeded|timed out|request canceled while waiting/i,
    'the registry does not answer in time',
  ],
  [/connection refused/i, 'connection refused'],
  [/no route to host|network is unreachable/i, 'no route to the registry'],
  [/\btls:/i, 'TLS: no agreement with the registry'],
  [/connection reset|broken pipe|\bEOF\b/, 'the connection was broken off'],
  [/toomanyrequests|failed with status: 429/i, 'the registry asks for fewer requests'],
  [/failed with status: 5\d\d|received unexpected HTTP status: 5\d\d/i, 'the registry failed on its side'],
];

/** How moby words it when the registry itself says no; 500 to us, whatever the registry's status was. */
const REJECTED = /(?:failed with status: |parsing HTTP )(?<status>40[013])/;
const REJECTED_IN_WORDS =
  /unauthorized|\bdenied\b|expired|incorrect username or password|no basic auth|security token included/i;
/** What moby could not read is quoted: a page is none of a registry. */
const PAGE = /parsing HTTP (?<status>\d{3}) response body: invalid character '<'/;

/** @returns undefined for a text that is not known */
export function parseMobyText(text: string): LoginProblem | undefined {
  // First the network: "dial tcp: permission denied" is no word of the registry.
  const network = NETWORK_TEXTS.find(([pattern]) => pattern.test(text));
  if (network) return { outcome: 'failed', words: network[1] };
  const page = PAGE.exec(text)?.groups?.['status'];
  if (page !== undefined) return { outcome: 'failed', words: describeUnexpected(Number(page)) };
  const status = REJECTED.exec(text)?.groups?.['status'];
  if (status !== undefined) return { outcome: 'rejected', status: Number(status) };
  if (REJECTED_IN_WORDS.test(text) && !/dial (?:tcp|unix)/.test(text)) return { outcome: 'rejected' };
  return undefined;
}

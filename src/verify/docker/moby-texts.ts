// The only place that reads what a Docker Engine says in words. moby answers POST /auth with 500 and a text of its own for
// almost everything that goes wrong between it and the registry: the status of the registry and the errors of Go are in the
// text alone. Where a text changes, the failure is `engine-failed`, DockerLoginFailed instead of DockerLoginRejected, which
// is retried. Nothing of the text is ever shown.

/** Why the engine cannot reach the registry. */
export type EngineNetworkCode =
  | 'unknown-host'
  | 'registry-certificate-rejected'
  | 'registry-without-tls'
  | 'engine-proxy-refused'
  | 'timed-out'
  | 'connection-refused'
  | 'no-route'
  | 'tls-handshake'
  | 'connection-reset'
  | 'throttled'
  | 'server-error';

export type EngineLoginReason =
  | { readonly code: EngineNetworkCode | 'engine-failed' }
  /** A page answered the engine. */
  | { readonly code: 'not-a-registry'; readonly status: number }
  /** The registry itself said no; its status is absent where the text does not tell it. */
  | { readonly code: 'rejected'; readonly status?: number };

/** Texts of Go's net, net/http, crypto/tls and crypto/x509, and of moby's registry client. */
const NETWORK_TEXTS: readonly (readonly [pattern: RegExp, code: EngineNetworkCode])[] = [
  [
    /no such host|lookup .*(?:server misbehaving|i\/o timeout)|temporary failure in name resolution/i,
    'unknown-host',
  ],
  [/x509|certificate/i, 'registry-certificate-rejected'],
  [/gave HTTP response to HTTPS client/i, 'registry-without-tls'],
  [/proxyconnect|proxy authentication/i, 'engine-proxy-refused'],
  [/timeout|deadline exceeded|timed out|request canceled while waiting/i, 'timed-out'],
  [/connection refused/i, 'connection-refused'],
  [/no route to host|network is unreachable/i, 'no-route'],
  [/\btls:/i, 'tls-handshake'],
  [/connection reset|broken pipe|\bEOF\b/, 'connection-reset'],
  [/toomanyrequests|failed with status: 429/i, 'throttled'],
  [/failed with status: 5\d\d|received unexpected HTTP status: 5\d\d/i, 'server-error'],
];

/** How moby words it when the registry itself says no; 500 to us, whatever the registry's status was. */
const REJECTED = /(?:failed with status: |parsing HTTP )(?<status>40[013])/;
const REJECTED_IN_WORDS =
  /unauthorized|\bdenied\b|expired|incorrect username or password|no basic auth|security token included/i;
/** What moby could not read is quoted: a page is none of a registry. */
const PAGE = /parsing HTTP (?<status>\d{3}) response body: invalid character '<'/;

export function parseMobyText(text: string): EngineLoginReason {
  // First the network: "dial tcp: permission denied" is no word of the registry.
  const network = NETWORK_TEXTS.find(([pattern]) => pattern.test(text));
  if (network) return { code: network[1] };
  const page = PAGE.exec(text)?.groups?.['status'];
  if (page !== undefined) return { code: 'not-a-registry', status: Number(page) };
  const status = REJECTED.exec(text)?.groups?.['status'];
  if (status !== undefined) return { code: 'rejected', status: Number(status) };
  if (REJECTED_IN_WORDS.test(text) && !/dial (?:tcp|unix)/.test(text)) return { code: 'rejected' };
  return { code: 'engine-failed' };
}

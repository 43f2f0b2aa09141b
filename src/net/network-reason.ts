// The reason codes of net/, and the only place that turns one into words.

/** What the words of some codes need. None of it is secret. */
export interface NetworkFacts {
  /** Of `timed-out`: the limit that was exceeded; absent where the system's own limit was. */
  readonly limitMs?: number;
  /** Of the `redirect…` codes: the HTTP status. */
  readonly status?: number;
  /** Of the codes of files: the path. */
  readonly file?: string | undefined;
  /** Of `key-file-mismatch`: the path of the other file. */
  readonly certFile?: string | undefined;
  /** Of `…-file-corrupt`: which certificate of the file, from 1. */
  readonly certificate?: number;
}

const WORDS = {
  'connection-refused': () => 'connection refused',
  'unknown-host': () => 'no such host',
  'dns-failure': () => 'its name could not be looked up (DNS)',
  'timed-out': ({ limitMs }) =>
    limitMs === undefined ? 'no answer (timed out)' : `no answer within ${formatSeconds(limitMs)}`,
  /** By our own caller. */
  cancelled: () => 'the attempt was ended',
  /** By the HTTP client. */
  'request-cancelled': () => 'no answer (ended by the caller)',
  'connection-reset': () => 'the connection was broken off',
  'host-unreachable': () => 'no route to the host',
  'network-unreachable': () => 'no route to the network',
  'not-permitted': () => 'no permission to connect',
  'proxy-auth-required': () => 'the proxy asks for a sign-in (407)',
  'proxy-refused': () => 'the proxy refused to connect',
  'tls-self-signed': () => 'TLS: self-signed certificate',
  'tls-self-signed-in-chain': () => 'TLS: self-signed certificate in the chain',
  'tls-unknown-authority': () => 'TLS: certificate of an unknown authority',
  'tls-expired': () => 'TLS: the certificate has expired',
  'tls-not-yet-valid': () => 'TLS: the certificate is not valid yet (or our clock is slow)',
  'tls-wrong-host': () => 'TLS: the certificate is for another host',
  'tls-certificate-rejected': () => 'TLS: the certificate is not accepted',
  'tls-handshake': () => 'TLS: no agreement on the protocol',
  'tls-failed': () => 'TLS: the connection failed',
  'not-http': () => 'the answer is not HTTP',
  'corrupt-response': () => 'the answer is damaged (compression)',
  redirect: ({ status }) => `a redirect (HTTP ${status}) was refused`,
  'redirect-to-other-host': ({ status }) => `a redirect to another host (HTTP ${status}) was refused`,
  'too-many-redirects': () => 'too many redirects',
  'too-large': () => 'the answer is too large',
  'invalid-url': () => 'the URL is invalid',
  'proxy-invalid': () => 'HTTPS_PROXY (or ALL_PROXY) is not the URL of an HTTP proxy',
  'ca-file-unreadable': ({ file }) => `caFile ${file} cannot be read`,
  'ca-file-empty': ({ file }) => `caFile ${file} holds no certificate (PEM)`,
  'ca-file-corrupt': ({ file, certificate }) => `caFile ${file}: certificate ${certificate} is damaged`,
  'cert-file-unreadable': ({ file }) => `certFile ${file} cannot be read`,
  'cert-file-empty': ({ file }) => `certFile ${file} holds no certificate (PEM)`,
  'cert-file-corrupt': ({ file, certificate }) => `certFile ${file}: certificate ${certificate} is damaged`,
  'key-file-unreadable': ({ file }) => `keyFile ${file} cannot be read`,
  'key-file-empty': ({ file }) => `keyFile ${file} holds no private key (PEM)`,
  'key-file-locked': ({ file }) => `keyFile ${file} holds a private key that is locked by a passphrase`,
  'key-file-mismatch': ({ file, certFile }) =>
    `certFile ${certFile} and keyFile ${file} are no certificate and key that fit together`,
  failed: () => 'the connection failed',
} as const satisfies Readonly<Record<string, (facts: NetworkFacts) => string>>;

export type NetworkReason = keyof typeof WORDS;

const FIX_CA_FILE = 'Name a PEM file with the certificates of the authorities.';
const FIX_CLIENT_CERTIFICATE =
  'Fix the client certificate and its key: run `doctor --offline`, which says what is wrong with them.';

/** What is wrong is a setting of this machine or a file that it names: a retry does not help. */
const SETTINGS: Partial<Readonly<Record<NetworkReason, string>>> = {
  'proxy-invalid': 'Set it to http://host:port or https://host:port.',
  'ca-file-unreadable': FIX_CA_FILE,
  'ca-file-empty': FIX_CA_FILE,
  'ca-file-corrupt': FIX_CA_FILE,
  'cert-file-unreadable': FIX_CLIENT_CERTIFICATE,
  'cert-file-empty': FIX_CLIENT_CERTIFICATE,
  'cert-file-corrupt': FIX_CLIENT_CERTIFICATE,
  'key-file-unreadable': FIX_CLIENT_CERTIFICATE,
  'key-file-empty': FIX_CLIENT_CERTIFICATE,
  'key-file-locked': FIX_CLIENT_CERTIFICATE,
  'key-file-mismatch': FIX_CLIENT_CERTIFICATE,
};

const TLS_TRUST: ReadonlySet<NetworkReason> = new Set<NetworkReason>([
  'tls-self-signed',
  'tls-self-signed-in-chain',
  'tls-unknown-authority',
]);

const TLS: ReadonlySet<NetworkReason> = new Set<NetworkReason>([
  ...TLS_TRUST,
  'tls-expired',
  'tls-not-yet-valid',
  'tls-wrong-host',
  'tls-certificate-rejected',
  'tls-handshake',
  'tls-failed',
]);

export function isNetworkReason(code: string): code is NetworkReason {
  return Object.hasOwn(WORDS, code);
}

/** A short reason that is safe to show and to keep. */
export function describeNetworkReason(code: NetworkReason, facts: NetworkFacts = {}): string {
  return WORDS[code](facts);
}

export function findNetworkRemedy(code: NetworkReason): string | undefined {
  return SETTINGS[code];
}

/** A setting of this machine is wrong, not the network. */
export function isSettingsProblem(code: NetworkReason): boolean {
  return SETTINGS[code] !== undefined;
}

/** No authority that is trusted here has issued the certificate: naming another authority fixes it. */
export function isTlsTrustProblem(code: NetworkReason): boolean {
  return TLS_TRUST.has(code);
}

export function isTlsProblem(code: NetworkReason): boolean {
  return TLS.has(code);
}

function formatSeconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`;
}

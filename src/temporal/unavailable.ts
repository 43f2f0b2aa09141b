// Why Temporal cannot be used, with the fix. Separate from the code that calls Temporal, so that printing an error does
// not load the SDK.
import type { NetworkReason } from '../net/network-error.js';
import { formatProxy, type HttpProxy } from '../net/proxy.js';

const NETWORK = 'Start the Temporal server, or set TEMPORAL_ADDRESS to its address.';
const SERVER_CERTIFICATE = 'Check the certificate of the server.';
const SERVER_LOG = 'Check the log of the Temporal server, and any proxy in front of it.';
const ACCESS = 'and its permissions in this namespace.';

/** Each reason and its fix. */
const REMEDIES = {
  // The connection failed, up to the first response; named as in net/network-error.ts where it is not about Temporal.
  'connection-refused': NETWORK,
  'connection-reset': NETWORK,
  'host-unreachable': NETWORK,
  'network-unreachable': NETWORK,
  failed: NETWORK,
  'unknown-host': 'Check TEMPORAL_ADDRESS, and the DNS of this machine.',
  'dns-failure': 'Check the DNS of this machine.',
  'timed-out': 'Check that the Temporal server runs and that a firewall or proxy lets this machine reach it.',
  'not-permitted': 'Allow this process to connect to the address.',
  'proxy-unreachable': 'Check HTTPS_PROXY, or list the host of Temporal in NO_PROXY.',
  'proxy-auth-required': 'Add user and password to HTTPS_PROXY, or list the host of Temporal in NO_PROXY.',
  'proxy-refused': 'Allow the address in the proxy, or list the host of Temporal in NO_PROXY.',
  'tls-self-signed':
    'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to a PEM file with the CA, or with this certificate.',
  'tls-self-signed-in-chain': 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to a PEM file with the CA.',
  'tls-unknown-authority': 'Set TEMPORAL_TLS_SERVER_CA_CERT_PATH to a PEM file with the CA.',
  'tls-wrong-host':
    'Set TEMPORAL_ADDRESS to a name in the certificate, or TEMPORAL_TLS_SERVER_NAME to the name to expect.',
  'tls-expired': `${SERVER_CERTIFICATE} If it is valid, synchronize the clock of this machine.`,
  'tls-not-yet-valid': `${SERVER_CERTIFICATE} If it is valid, synchronize the clock of this machine.`,
  'tls-certificate-rejected': SERVER_CERTIFICATE,
  'tls-handshake': 'Check that TEMPORAL_ADDRESS is the gRPC port of Temporal, and its TLS settings.',
  'tls-failed': 'Check that TEMPORAL_ADDRESS is the gRPC port of Temporal, and its TLS settings.',
  'client-certificate-required':
    'Set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH to a certificate that the server accepts.',
  'client-certificate-rejected':
    'Check that the server trusts the CA of TEMPORAL_TLS_CLIENT_CERT_PATH, and that the certificate has not expired.',
  'not-tls': 'Set TEMPORAL_TLS=false if the server is on this machine; otherwise enable TLS on the server.',
  'tls-required': 'Set TEMPORAL_TLS=true.',
  'connection-closed': 'Check that TEMPORAL_ADDRESS is the gRPC port of Temporal, usually 7233.',
  'closed-after-handshake':
    'Check that the server accepts the client certificate, or requires none, and that TEMPORAL_ADDRESS is its gRPC port.',
  'not-grpc':
    'Check that TEMPORAL_ADDRESS is the gRPC port of Temporal, usually 7233, not that of its web UI.',
  // The server, or a proxy in front of it, answered a call with an error.
  'permission-denied': `Check TEMPORAL_API_KEY or the client certificate, ${ACCESS}`,
  unauthenticated: `Check that TEMPORAL_API_KEY or the client certificate is valid and not expired, ${ACCESS}`,
  'namespace-not-found': 'Create the namespace, or set TEMPORAL_NAMESPACE to an existing one.',
  unimplemented:
    'Check that TEMPORAL_ADDRESS is a Temporal server, and that a proxy in front of it passes all calls.',
  throttled: 'Retry later, or raise the limits of the namespace.',
  'call-timed-out': SERVER_LOG,
  unavailable: SERVER_LOG,
  'call-rejected': SERVER_LOG,
  'server-error': SERVER_LOG,
  /** The native library of the SDK cannot connect although other clients can. */
  'native-client':
    'Fix the reported cause. Certificates must be X.509 version 3, with the host as a subject alternative name.',
} as const satisfies Readonly<Record<string, string>>;

export type TemporalReason = keyof typeof REMEDIES;

export const TEMPORAL_REASONS = Object.keys(REMEDIES) as readonly TemporalReason[];

/** Those of HTTP clients cannot occur here. */
export function toTemporalReason(code: NetworkReason): TemporalReason {
  return Object.hasOwn(REMEDIES, code) ? (code as TemporalReason) : 'failed';
}

/** Only a person can fix these: another key, certificate or permission. */
const REFUSALS: ReadonlySet<TemporalReason> = new Set([
  'permission-denied',
  'unauthenticated',
  'client-certificate-required',
  'client-certificate-rejected',
]);

/** A problem outside the program: exit code 1, no stack trace. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
  readonly code: TemporalReason;
  readonly remedy: string;

  /** @param message without a period at the end */
  constructor(code: TemporalReason, message: string) {
    super(message);
    this.code = code;
    this.remedy = REMEDIES[code];
  }

  /** Whether the server refuses the API key, the client certificate, or their permissions. */
  get isRefusal(): boolean {
    return REFUSALS.has(this.code);
  }
}

export function describeUnavailable({ message, remedy }: TemporalUnavailable): string {
  return `${message}. ${remedy}`;
}

/** `Temporal at temporal.example.com:7233, namespace default`, and the proxy if one is in use. */
export function formatTemporal({
  address,
  namespace,
  proxy,
}: {
  readonly address: string;
  readonly namespace: string;
  readonly proxy: HttpProxy | undefined;
}): string {
  const through = proxy === undefined ? '' : `, through the proxy ${formatProxy(proxy)}`;
  return `Temporal at ${address}, namespace ${namespace}${through}`;
}

// Why a Docker Engine did not return a usable response, and the fix. Uses the error codes of Node and OpenSSL, not
// their texts.
import fs from 'node:fs';
import { DeadlineExceeded } from '../../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../../net/network-error.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { StatusError, type EngineEndpoint } from './engine-client.js';

type Reason = readonly [words: string, remedy: string];
type ReasonOfCode = readonly [codes: RegExp, ...Reason];

const RESET = 'the engine closed the connection without a response';
const RESET_REMEDY = 'Check the log of the Docker Engine; restart it if this happens again.';
const NOT_HTTP = 'the response is not HTTP';
const NOT_HTTP_REMEDY = 'Fix `docker.engines`: another service listens there.';
const ADD_TLS = 'set `caFile`, `certFile` and `keyFile` next to its `url`.';
const NOT_A_SOCKET: Reason = ['not a socket', 'Fix `docker.engines`: the path must be a Unix socket.'];

const BY_SOCKET: readonly ReasonOfCode[] = [
  [
    /^(?:ENOENT|ENOTDIR)$/,
    'socket not found',
    'Start the Docker Engine, fix `docker.engines`, or mount its socket into the container.',
  ],
  [/^ENOTSOCK$/, ...NOT_A_SOCKET],
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine; the socket may be left over from a stopped engine.',
  ],
  [/^EAGAIN$/, 'the connection backlog is full', 'Restart the Docker Engine: it hangs.'],
  [/^(?:ECONNRESET|EPIPE)$/, RESET, RESET_REMEDY],
  [/^HPE_/, NOT_HTTP, NOT_HTTP_REMEDY],
];

const BY_TCP: readonly ReasonOfCode[] = [
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine, make it listen on that host and port (`--host`), or fix `docker.engines`.',
  ],
  [
    /^(?:ENOTFOUND|EAI_[A-Z]+)$/,
    'DNS lookup failed',
    'Fix the host in `docker.engines`, or the DNS of the worker.',
  ],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    'host unreachable',
    'Check the network and firewalls between the worker and the Docker Engine.',
  ],
];

const BY_PLAIN_TCP: readonly ReasonOfCode[] = [
  [/^HPE_/, NOT_HTTP, `Fix host and port; if the Docker Engine expects TLS there, ${ADD_TLS}`],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    RESET,
    `Check the log of the Docker Engine; if it expects TLS there, ${ADD_TLS}`,
  ],
];

/** The prefix `SSLV3`, `TLSV1`, `TLSV13` or `SSL/TLS` depends on the versions of TLS and OpenSSL. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|UNKNOWN|REVOKED|EXPIRED)|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

const WITHOUT_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine requires a client certificate',
    'Set `certFile` and `keyFile` to a client certificate issued by the CA that the Docker Engine trusts.',
  ],
];

const WITH_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    /^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/,
    'TLS: the client certificate has expired',
    'Renew the certificate in `certFile`.',
  ],
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine rejected the client certificate',
    'Set `certFile` to a client certificate issued by the CA that the Docker Engine trusts (its `--tlscacert`).',
  ],
];

const BY_TLS: readonly ReasonOfCode[] = [
  [
    /^(?:UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    'TLS: the certificate of the engine is signed by an unknown CA',
    'Set `caFile` to the CA that issued the certificate of the Docker Engine (its `--tlscert`).',
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    'TLS: the certificate of the engine has expired',
    'Renew the certificate of the Docker Engine.',
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    'TLS: the certificate of the engine is not valid yet',
    'Synchronize the clock of the worker, or of the machine that issued the certificate.',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'TLS: the certificate of the engine is for another host',
    'Use a host of the certificate in `url`, or issue a certificate for the host of `url`.',
  ],
  [/^CERT_/, 'TLS: the certificate of the engine is invalid', 'Renew the certificate of the Docker Engine.'],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL)$/,
    'TLS: the service on this port does not use TLS',
    'Start the Docker Engine with `--tlsverify`, or fix the port; on loopback TLS can be omitted.',
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    'TLS: connection reset',
    'Check the log of the Docker Engine: it shows whether it rejected the client certificate.',
  ],
  [/^HPE_/, NOT_HTTP, NOT_HTTP_REMEDY],
  [
    /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/,
    'TLS: handshake failed',
    'Configure the Docker Engine for TLS 1.2 or later with current certificates; if it requires a client ' +
      'certificate, set `certFile` and `keyFile`.',
  ],
];

export function toEngineFailure(target: EngineEndpoint, error: unknown): RefreshFailure {
  // A TLS file is no longer usable; nothing was sent.
  if (error instanceof RefreshFailure) return error;
  const reason =
    error instanceof StatusError
      ? describeStatus(target, error.status)
      : describeConnectionError(target, error);
  return toUnreachable(target, ...reason);
}

/** `reason` omits the URL, for reports that already name the engine. */
export function toUnreachable({ url }: EngineEndpoint, reason: string, remedy: string): RefreshFailure {
  return new RefreshFailure('DockerEngineUnreachable', `${url}: ${reason}`, remedy, { reason });
}

function describeConnectionError(target: EngineEndpoint, error: unknown): Reason {
  const isSocket = target.url.startsWith('unix:');
  const { message } = toNetworkError(error);
  if (error instanceof DeadlineExceeded) {
    const firewall = isSocket ? '' : ', or check for a firewall in between';
    return [message, `Check whether the Docker Engine hangs, and restart it${firewall}.`];
  }
  const reasons = reasonsFor(target);
  for (const code of getErrorCodes(error)) {
    if (isSocket && code === 'ECONNREFUSED' && isOtherFile(target.url)) return NOT_A_SOCKET;
    if (isSocket && (code === 'EACCES' || code === 'EPERM')) return describeDenied(toPath(target.url));
    const known = reasons.find(([codes]) => codes.test(code));
    if (known) return [known[1], known[2]];
  }
  return [message, RESET_REMEDY];
}

function reasonsFor({ url, tls }: EngineEndpoint): readonly ReasonOfCode[] {
  if (url.startsWith('unix:')) return BY_SOCKET;
  if (!tls) return [...BY_TCP, ...BY_PLAIN_TCP];
  const ofClient = tls.certFile === undefined ? WITHOUT_CLIENT_CERTIFICATE : WITH_CLIENT_CERTIFICATE;
  return [...BY_TCP, ...ofClient, ...BY_TLS];
}

function describeStatus({ url, tls }: EngineEndpoint, status: number): Reason {
  const words = `HTTP ${status}`;
  // Go's HTTPS server returns 400 for plain HTTP. An engine does not, for a request without parameters.
  if (status === 400 && url.startsWith('tcp:') && !tls) {
    return [
      `${words}, as an HTTPS server returns for plain HTTP`,
      `If the Docker Engine expects TLS there, ${ADD_TLS}`,
    ];
  }
  if (status >= 500)
    return [
      words,
      'Check the logs of the Docker Engine and of a proxy in front of it: one returned a server error.',
    ];
  return [
    words,
    'Check for a proxy or plugin in front of the Docker Engine that blocks GET /version, or fix `docker.engines`.',
  ];
}

function describeDenied(path: string): Reason {
  const user = `the worker runs as user ${process.geteuid?.() ?? 'unknown'}`;
  const group = findGroup(path);
  if (group === undefined) {
    // A folder above the socket is closed to this user.
    return [
      `permission denied on the socket; ${user}`,
      'Allow the user of the worker to access the socket and the folders above it.',
    ];
  }
  const name = group.name === undefined ? `${group.id}` : `${group.name} (${group.id})`;
  if (group.id === 0) {
    return [
      `permission denied on the socket of group ${name}; ${user}`,
      'Let the Docker Engine create its socket for a group of its own (`--group docker`), and add this user to that group.',
    ];
  }
  return [
    `permission denied on the socket of group ${name}; ${user}`,
    `Add this user to group ${name}. In a container, give it the group by its number: \`group_add: [${group.id}]\` ` +
      `(Compose) or \`supplementalGroups: [${group.id}]\` (Kubernetes).`,
  ];
}

/** The group that the socket belongs to; its name is unknown in a container that does not have it. */
function findGroup(path: string): { readonly id: number; readonly name: string | undefined } | undefined {
  try {
    const { gid: id } = fs.statSync(path);
    return { id, name: readGroupName(id) };
  } catch {
    return undefined;
  }
}

/** Minimal images have no such file. */
function readGroupName(id: number): string | undefined {
  try {
    const groups = fs.readFileSync('/etc/group', 'utf8');
    return new RegExp(`^([\\w.-]+):[^:]*:${id}:`, 'm').exec(groups)?.[1];
  } catch {
    return undefined;
  }
}

/** Linux returns ECONNREFUSED both for a file that is not a socket and for a socket without a listener. */
function isOtherFile(url: string): boolean {
  try {
    return !fs.statSync(toPath(url)).isSocket();
  } catch {
    return false;
  }
}

function toPath(url: string): string {
  return url.slice('unix://'.length);
}

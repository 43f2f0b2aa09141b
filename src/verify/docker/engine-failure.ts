// Why there is no usable response of a Docker Engine, and the fix: by the codes of Node and OpenSSL, never by their texts.
import fs from 'node:fs';
import { DeadlineExceeded } from '../../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../../net/network-error.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { StatusError, type EngineEndpoint } from './engine-client.js';

type Reason = readonly [words: string, remedy: string];
type ReasonOfCode = readonly [codes: RegExp, ...Reason];

const RESET = 'the engine closed the connection without a response';
const RESET_REMEDY = 'Check the log of the Docker Engine; restart it when it does so again.';
const NOT_HTTP = 'the answer is not HTTP';
const NOT_HTTP_REMEDY = 'Fix `docker.engines`: something else than a Docker Engine listens there.';
const ADD_TLS = 'set `caFile`, `certFile` and `keyFile` next to its `url`.';
const NOT_A_SOCKET: Reason = ['not a socket', 'Fix `docker.engines`: the path is that of another file.'];

const BY_SOCKET: readonly ReasonOfCode[] = [
  [
    /^(?:ENOENT|ENOTDIR)$/,
    'no socket there',
    'Start the Docker Engine, fix `docker.engines`, or mount its socket into the container.',
  ],
  [
    /^(?:EACCES|EPERM)$/,
    'no permission on the socket',
    'Give the user of the worker access to the socket: its group (often `docker`), or group_add in a container.',
  ],
  [/^ENOTSOCK$/, ...NOT_A_SOCKET],
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine; the socket may be left over from one that has ended.',
  ],
  [/^EAGAIN$/, 'its connection backlog is full', 'Restart the Docker Engine: it hangs.'],
  [/^(?:ECONNRESET|EPIPE)$/, RESET, RESET_REMEDY],
  [/^HPE_/, NOT_HTTP, NOT_HTTP_REMEDY],
];

const BY_TCP: readonly ReasonOfCode[] = [
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine, let it listen on that host and port (`--host`), or fix `docker.engines`.',
  ],
  [
    /^(?:ENOTFOUND|EAI_[A-Z]+)$/,
    'its host name cannot be resolved',
    'Fix the host in `docker.engines`, or the DNS of the worker.',
  ],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    'host unreachable',
    'Check network and firewalls between the worker and the Docker Engine.',
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

/** OpenSSL spells `SSLV3`, `TLSV1`, `TLSV13` or `SSL/TLS` before them, by version of TLS and of its own. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|UNKNOWN|REVOKED|EXPIRED)|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

const WITHOUT_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine asks for a client certificate',
    'Name one by `certFile` and `keyFile`, issued by the authority that the Docker Engine trusts.',
  ],
];

const WITH_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    /^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/,
    'TLS: the client certificate has expired',
    'Renew the file of `certFile`.',
  ],
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine rejected the client certificate',
    'Have the file of `certFile` issued, for clients, by the authority that the Docker Engine trusts (its `--tlscacert`).',
  ],
];

const BY_TLS: readonly ReasonOfCode[] = [
  [
    /^(?:UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    'TLS: the certificate of the engine is of an unknown authority',
    'Name by `caFile` the authority that issued the certificate of the Docker Engine (its `--tlscert`).',
  ],
  [
    /^CERT_HAS_EXPIRED$/,
    'TLS: the certificate of the engine has expired',
    'Renew the certificate of the Docker Engine.',
  ],
  [
    /^CERT_NOT_YET_VALID$/,
    'TLS: the certificate of the engine is not valid yet',
    'Set the clock of the worker, or that of the issuer of the certificate.',
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'TLS: the certificate of the engine is for another host',
    'Name in `url` a host of the certificate, or have the host of `url` added to it.',
  ],
  [
    /^CERT_/,
    'TLS: the certificate of the engine is not accepted',
    'Renew the certificate of the Docker Engine.',
  ],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL)$/,
    'TLS: what listens there does not speak it',
    'Let the Docker Engine listen there with `--tlsverify`, or fix the port; on loopback TLS may be omitted.',
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    'TLS: the connection was broken off',
    'Check the log of the Docker Engine: it shows whether it rejected the client certificate.',
  ],
  [/^HPE_/, NOT_HTTP, NOT_HTTP_REMEDY],
  [
    /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/,
    'TLS: no agreement on the protocol',
    'Let the Docker Engine speak TLS 1.2 or later, with current certificates; if it requires a client ' +
      'certificate, name one by `certFile` and `keyFile`.',
  ],
];

/** The failure behind a request that the engine should have responded to. */
export function toEngineFailure(target: EngineEndpoint, error: unknown): RefreshFailure {
  // A file of TLS has become unusable; nothing was sent.
  if (error instanceof RefreshFailure) return error;
  const reason =
    error instanceof StatusError
      ? describeStatus(target, error.status)
      : describeConnectionError(target, error);
  return toUnreachable(target, ...reason);
}

/** Its reason is what is wrong without the URL, for a report that names the engine already. */
export function toUnreachable({ url }: EngineEndpoint, reason: string, remedy: string): RefreshFailure {
  return new RefreshFailure('DockerEngineUnreachable', `${url}: ${reason}`, remedy, { reason });
}

function describeConnectionError(target: EngineEndpoint, error: unknown): Reason {
  const isSocket = target.url.startsWith('unix:');
  const { message } = toNetworkError(error);
  if (error instanceof DeadlineExceeded) {
    const firewall = isSocket ? '' : ', or for a firewall on the way';
    return [message, `Look for a Docker Engine that hangs, and restart it${firewall}.`];
  }
  const reasons = reasonsFor(target);
  for (const code of getErrorCodes(error)) {
    if (isSocket && code === 'ECONNREFUSED' && isOtherFile(target.url)) return NOT_A_SOCKET;
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

/** What an HTTP status other than the expected one means. */
function describeStatus({ url, tls }: EngineEndpoint, status: number): Reason {
  const words = `answered ${status}`;
  // Go's HTTPS server returns 400 to plain HTTP. An engine has no reason to, for a request without parameters.
  if (status === 400 && url.startsWith('tcp:') && !tls) {
    return [`${words}, as HTTPS does to plain HTTP`, `If the Docker Engine expects TLS there, ${ADD_TLS}`];
  }
  if (status >= 500) return [words, 'Check the log of the Docker Engine: it returned a server error.'];
  return [
    words,
    'Check for a proxy or plugin in front of the Docker Engine that forbids GET /version, or fix `docker.engines`.',
  ];
}

/** Linux returns ECONNREFUSED for any file that is not a socket, as for a socket without a listener. */
function isOtherFile(url: string): boolean {
  try {
    return !fs.statSync(url.slice('unix://'.length)).isSocket();
  } catch {
    return false;
  }
}

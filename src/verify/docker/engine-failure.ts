// Why a Docker Engine did not return a usable response, and the fix. Uses the error codes of Node and OpenSSL, not
// their texts.
import fs from 'node:fs';
import { DeadlineExceeded } from '../../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../../net/network-error.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { DOCKER_REMEDIES } from '../../refresh/remedies/docker.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { StatusError, type EngineEndpoint } from './engine-client.js';

type Reason = readonly [words: string, remedy: Remedy];
type ReasonOfCode = readonly [codes: RegExp, ...Reason];

const RESET = 'the engine closed the connection without a response';
const NOT_HTTP = 'the response is not HTTP';
const NOT_A_SOCKET: Reason = ['not a socket', DOCKER_REMEDIES.fixSocket];

const BY_SOCKET: readonly ReasonOfCode[] = [
  [/^(?:ENOENT|ENOTDIR)$/, 'socket not found', DOCKER_REMEDIES.startOrMount],
  [/^ENOTSOCK$/, ...NOT_A_SOCKET],
  [/^ECONNREFUSED$/, 'nothing listens there', DOCKER_REMEDIES.start],
  [/^EAGAIN$/, 'the connection backlog is full', DOCKER_REMEDIES.restart],
  [/^(?:ECONNRESET|EPIPE)$/, RESET, DOCKER_REMEDIES.checkLog],
  [/^HPE_/, NOT_HTTP, DOCKER_REMEDIES.fixService],
];

const BY_TCP: readonly ReasonOfCode[] = [
  [/^ECONNREFUSED$/, 'nothing listens there', DOCKER_REMEDIES.startOnTcp],
  [/^(?:ENOTFOUND|EAI_[A-Z]+)$/, 'DNS lookup failed', DOCKER_REMEDIES.fixHost],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    'host unreachable',
    DOCKER_REMEDIES.checkNetwork,
  ],
];

const BY_PLAIN_TCP: readonly ReasonOfCode[] = [
  [/^HPE_/, NOT_HTTP, DOCKER_REMEDIES.fixAddressOrAddTls],
  [/^(?:ECONNRESET|EPIPE)$/, RESET, DOCKER_REMEDIES.checkLogOrAddTls],
];

/** The prefix `SSLV3`, `TLSV1`, `TLSV13` or `SSL/TLS` depends on the versions of TLS and OpenSSL. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|UNKNOWN|REVOKED|EXPIRED)|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

const WITHOUT_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine requires a client certificate',
    DOCKER_REMEDIES.addClientCertificate,
  ],
];

const WITH_CLIENT_CERTIFICATE: readonly ReasonOfCode[] = [
  [
    /^ERR_SSL_.*ALERT_CERTIFICATE_EXPIRED$/,
    'TLS: the client certificate has expired',
    DOCKER_REMEDIES.renewClientCertificate,
  ],
  [
    REFUSED_CERTIFICATE,
    'TLS: the engine rejected the client certificate',
    DOCKER_REMEDIES.replaceClientCertificate,
  ],
];

const BY_TLS: readonly ReasonOfCode[] = [
  [
    /^(?:UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    'TLS: the certificate of the engine is signed by an unknown CA',
    DOCKER_REMEDIES.setCa,
  ],
  [/^CERT_HAS_EXPIRED$/, 'TLS: the certificate of the engine has expired', DOCKER_REMEDIES.renewCertificate],
  [
    /^CERT_NOT_YET_VALID$/,
    'TLS: the certificate of the engine is not valid yet',
    DOCKER_REMEDIES.synchronizeClock,
  ],
  [
    /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    'TLS: the certificate of the engine is for another host',
    DOCKER_REMEDIES.matchHost,
  ],
  [/^CERT_/, 'TLS: the certificate of the engine is invalid', DOCKER_REMEDIES.renewCertificate],
  [
    /^ERR_SSL_(?:WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL)$/,
    'TLS: the service on this port does not use TLS',
    DOCKER_REMEDIES.startWithTls,
  ],
  [/^(?:ECONNRESET|EPIPE)$/, 'TLS: connection reset', DOCKER_REMEDIES.checkLogForCertificate],
  [/^HPE_/, NOT_HTTP, DOCKER_REMEDIES.fixService],
  [/^(?:ERR_SSL_|ERR_TLS_|EPROTO)/, 'TLS: handshake failed', DOCKER_REMEDIES.configureTls],
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
export function toUnreachable({ url }: EngineEndpoint, reason: string, remedy: Remedy): RefreshFailure {
  return new RefreshFailure('DockerEngineUnreachable', `${url}: ${reason}`, remedy, { reason });
}

function describeConnectionError(target: EngineEndpoint, error: unknown): Reason {
  const isSocket = target.url.startsWith('unix:');
  const { isTooLarge, message } = toNetworkError(error);
  if (isTooLarge) return [message, DOCKER_REMEDIES.fixService];
  if (error instanceof DeadlineExceeded) {
    const { checkHanging, checkHangingOrFirewall } = DOCKER_REMEDIES;
    return [message, isSocket ? checkHanging : checkHangingOrFirewall];
  }
  const reasons = reasonsFor(target);
  for (const code of getErrorCodes(error)) {
    if (isSocket && code === 'ECONNREFUSED' && isOtherFile(target.url)) return NOT_A_SOCKET;
    if (isSocket && (code === 'EACCES' || code === 'EPERM')) return describeDenied(toPath(target.url));
    const known = reasons.find(([codes]) => codes.test(code));
    if (known) return [known[1], known[2]];
  }
  return [message, DOCKER_REMEDIES.checkLog];
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
    return [`${words}, as an HTTPS server returns for plain HTTP`, DOCKER_REMEDIES.addTls];
  }
  if (status >= 500) return [words, DOCKER_REMEDIES.checkLogs];
  return [words, DOCKER_REMEDIES.checkVersionProxy];
}

function describeDenied(path: string): Reason {
  const user = `the worker runs as user ${process.geteuid?.() ?? 'unknown'}`;
  const group = findGroup(path);
  if (group === undefined) {
    // A folder above the socket is closed to this user.
    return [`permission denied on the socket; ${user}`, DOCKER_REMEDIES.allowUser];
  }
  const name = group.name === undefined ? `${group.id}` : `${group.name} (${group.id})`;
  if (group.id === 0) {
    return [`permission denied on the socket of group ${name}; ${user}`, DOCKER_REMEDIES.createGroup];
  }
  return [`permission denied on the socket of group ${name}; ${user}`, DOCKER_REMEDIES.joinGroup];
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

// What the codes of Node and OpenSSL mean at a Docker Engine: reason code, words and fix, by the kind of its address.
import type { NetworkReason } from '../../net/network-reason.js';

export type EngineReason =
  | 'socket-missing'
  | 'socket-not-permitted'
  | 'not-a-socket'
  | 'not-listening'
  | 'backlog-full'
  | 'client-certificate-required'
  | 'client-certificate-expired'
  | 'client-certificate-rejected'
  | 'not-tls'
  | 'tls-connection-reset'
  /** Plain HTTP reached a port of HTTPS. */
  | 'tls-expected'
  | 'server-error'
  | 'unexpected-status'
  | NetworkReason;

export interface UnreachableReason {
  readonly code: EngineReason;
  readonly words: string;
  readonly remedy: string;
}

/** A reason, and the codes of Node and OpenSSL that mean it. */
interface KnownReason extends UnreachableReason {
  readonly pattern: RegExp;
}

export const NOT_A_SOCKET: UnreachableReason = {
  code: 'not-a-socket',
  words: 'this is no socket',
  remedy: 'Mend `docker.engines`: the path is that of another file.',
};
export const CONNECTION_RESET: UnreachableReason = {
  code: 'connection-reset',
  words: 'the engine broke off without an answer',
  remedy: 'Look into the log of the Docker Engine; restart it when it does so again.',
};
const NOT_HTTP: UnreachableReason = {
  code: 'not-http',
  words: 'the answer is not HTTP',
  remedy: 'Mend `docker.engines`: something else than a Docker Engine listens there.',
};
export const ADD_TLS = 'name `caFile`, `certFile` and `keyFile` beside its `url`.';

export const BY_SOCKET: readonly KnownReason[] = [
  {
    pattern: /^(?:ENOENT|ENOTDIR)$/,
    code: 'socket-missing',
    words: 'no socket there',
    remedy: 'Start the Docker Engine, mend `docker.engines`, or mount its socket into the container.',
  },
  {
    pattern: /^(?:EACCES|EPERM)$/,
    code: 'socket-not-permitted',
    words: 'no permission on the socket',
    remedy:
      'Give the user of the worker access to the socket: its group (often `docker`), or group_add in a container.',
  },
  { ...NOT_A_SOCKET, pattern: /^ENOTSOCK$/ },
  {
    pattern: /^ECONNREFUSED$/,
    code: 'not-listening',
    words: 'nothing listens there',
    remedy: 'Start the Docker Engine; the socket may be left over from one that has ended.',
  },
  {
    pattern: /^EAGAIN$/,
    code: 'backlog-full',
    words: 'it takes no more connections',
    remedy: 'Restart the Docker Engine: it hangs.',
  },
  { ...CONNECTION_RESET, pattern: /^(?:ECONNRESET|EPIPE)$/ },
  { ...NOT_HTTP, pattern: /^HPE_/ },
];

export const BY_TCP: readonly KnownReason[] = [
  {
    pattern: /^ECONNREFUSED$/,
    code: 'not-listening',
    words: 'nothing listens there',
    remedy:
      'Start the Docker Engine, let it listen on that host and port (`--host`), or mend `docker.engines`.',
  },
  {
    pattern: /^(?:ENOTFOUND|EAI_[A-Z]+)$/,
    code: 'unknown-host',
    words: 'its host name cannot be looked up',
    remedy: 'Mend the host in `docker.engines`, or the DNS of the worker.',
  },
  {
    pattern: /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    code: 'host-unreachable',
    words: 'no way to the host',
    remedy: 'Check network and firewalls between the worker and the Docker Engine.',
  },
];

export const BY_PLAIN_TCP: readonly KnownReason[] = [
  {
    ...NOT_HTTP,
    pattern: /^HPE_/,
    remedy: `Mend host and port; if the Docker Engine expects TLS there, ${ADD_TLS}`,
  },
  {
    pattern: /^(?:ECONNRESET|EPIPE)$/,
    ...CONNECTION_RESET,
    remedy: `Look into the log of the Docker Engine; if it expects TLS there, ${ADD_TLS}`,
  },
];

export const BY_TLS: readonly KnownReason[] = [
  {
    pattern:
      /^(?:UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA)/,
    code: 'tls-unknown-authority',
    words: 'TLS: the certificate of the engine is of an unknown authority',
    remedy:
      'Name by `caFile` the authority that issued the certificate of the Docker Engine (its `--tlscert`).',
  },
  {
    pattern: /^CERT_HAS_EXPIRED$/,
    code: 'tls-expired',
    words: 'TLS: the certificate of the engine has expired',
    remedy: 'Renew the certificate of the Docker Engine.',
  },
  {
    pattern: /^CERT_NOT_YET_VALID$/,
    code: 'tls-not-yet-valid',
    words: 'TLS: the certificate of the engine is not valid yet',
    remedy: 'Set the clock of the worker, or that of whoever issued the certificate.',
  },
  {
    pattern: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
    code: 'tls-wrong-host',
    words: 'TLS: the certificate of the engine is for another host',
    remedy: 'Name in `url` a host of the certificate, or have the host of `url` added to it.',
  },
  {
    pattern: /^CERT_/,
    code: 'tls-certificate-rejected',
    words: 'TLS: the certificate of the engine is not accepted',
    remedy: 'Renew the certificate of the Docker Engine.',
  },
  {
    pattern:
      /^ERR_SSL_(?:WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE|UNKNOWN_PROTOCOL)$/,
    code: 'not-tls',
    words: 'TLS: what listens there does not speak it',
    remedy:
      'Let the Docker Engine listen there with `--tlsverify`, or mend the port; on loopback TLS may be left away.',
  },
  {
    pattern: /^(?:ECONNRESET|EPIPE)$/,
    code: 'tls-connection-reset',
    words: 'TLS: the connection was broken off',
    remedy: 'Look into the log of the Docker Engine: it says whether it refused the client certificate.',
  },
  { ...NOT_HTTP, pattern: /^HPE_/ },
  {
    pattern: /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/,
    code: 'tls-handshake',
    words: 'TLS: no agreement on the protocol',
    remedy:
      'Let the Docker Engine speak TLS 1.2 or later, with certificates that are still deemed safe; if it asks for a client ' +
      'certificate, name one by `certFile` and `keyFile`.',
  },
];

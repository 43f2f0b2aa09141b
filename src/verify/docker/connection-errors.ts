// Owns why a Docker Engine cannot be spoken to, and what to do about it: from the codes of errors, never their texts.
// Refuses to let one reason pass for another: a refused client certificate is no refused token.
import fs from 'node:fs';
import { DeadlineExceeded } from '../../net/deadline.js';
import type { EngineEndpoint } from './engine-client.js';
import { getErrorCodes, describeNetworkError } from '../../net/network-error.js';

export interface UnreachableReason {
  readonly words: string;
  readonly remedy: string;
}

type Known = readonly (readonly [code: RegExp, words: string, remedy: string])[];

const NO_SOCKET: UnreachableReason = {
  words: 'this is no socket',
  remedy: 'Mend `docker.engines`: the path is that of another file.',
};
const BROKEN_OFF: UnreachableReason = {
  words: 'the engine broke off without an answer',
  remedy: 'Look into the log of the Docker Engine; restart it when it does so again.',
};
const NO_HTTP: UnreachableReason = {
  words: 'the answer is not HTTP',
  remedy: 'Mend `docker.engines`: something else than a Docker Engine listens there.',
};
const ADD_TLS = 'name `caFile`, `certFile` and `keyFile` beside its `url`.';

const BY_SOCKET: Known = [
  [
    /^(?:ENOENT|ENOTDIR)$/,
    'no socket there',
    'Start the Docker Engine, mend `docker.engines`, or mount its socket into the container.',
  ],
  [
    /^(?:EACCES|EPERM)$/,
    'no permission on the socket',
    'Give the user of the worker access to the socket: its group (often `docker`), or group_add in a container.',
  ],
  [/^ENOTSOCK$/, NO_SOCKET.words, NO_SOCKET.remedy],
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine; the socket may be left over from one that has ended.',
  ],
  [/^EAGAIN$/, 'it takes no more connections', 'Restart the Docker Engine: it hangs.'],
  [/^(?:ECONNRESET|EPIPE)$/, BROKEN_OFF.words, BROKEN_OFF.remedy],
  [/^HPE_/, NO_HTTP.words, NO_HTTP.remedy],
];

const BY_TCP: Known = [
  [
    /^ECONNREFUSED$/,
    'nothing listens there',
    'Start the Docker Engine, let it listen on that host and port (`--host`), or mend `docker.engines`.',
  ],
  [
    /^(?:ENOTFOUND|EAI_[A-Z]+)$/,
    'its host name cannot be looked up',
    'Mend the host in `docker.engines`, or the DNS of the worker.',
  ],
  [
    /^(?:ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EACCES|EPERM)$/,
    'no way to the host',
    'Check network and firewalls between the worker and the Docker Engine.',
  ],
];

const BY_PLAIN_TCP: Known = [
  [
    /^HPE_/,
    'the answer is not HTTP',
    `Mend host and port; if the Docker Engine expects TLS there, ${ADD_TLS}`,
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    BROKEN_OFF.words,
    `Look into the log of the Docker Engine; if it expects TLS there, ${ADD_TLS}`,
  ],
];

const BY_TLS: Known = [
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
    'Set the clock of the worker, or that of whoever issued the certificate.',
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
    'Let the Docker Engine listen there with `--tlsverify`, or mend the port; on loopback TLS may be left away.',
  ],
  [
    /^(?:ECONNRESET|EPIPE)$/,
    'TLS: the connection was broken off',
    'Look into the log of the Docker Engine: it says whether it refused the client certificate.',
  ],
  [/^HPE_/, NO_HTTP.words, NO_HTTP.remedy],
  [
    /^(?:ERR_SSL_|ERR_TLS_|EPROTO)/,
    'TLS: no agreement on the protocol',
    'Let the Docker Engine speak TLS 1.2 or later, with certificates that are still deemed safe; if it asks for a client ' +
      'certificate, name one by `certFile` and `keyFile`.',
  ],
];

/** OpenSSL spells `SSLV3`, `TLSV1`, `TLSV13` or `SSL/TLS` before them, by version of TLS and of its own. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|UNKNOWN|REVOKED|EXPIRED)|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

/** Why there was no answer. */
export function describeConnectionError(target: EngineEndpoint, error: unknown): UnreachableReason {
  if (error instanceof DeadlineExceeded) {
    const firewall = target.url.startsWith('tcp:') ? ', or for a firewall on the way' : '';
    const remedy = `Look for a Docker Engine that hangs, and restart it${firewall}.`;
    return { words: describeNetworkError(error), remedy };
  }
  const isSocket = target.url.startsWith('unix:');
  const ways = isSocket ? [BY_SOCKET] : [BY_TCP, target.tls ? BY_TLS : BY_PLAIN_TCP];
  for (const code of getErrorCodes(error)) {
    if (isSocket && code === 'ECONNREFUSED' && isOtherFile(target.url)) return NO_SOCKET;
    if (target.tls && REFUSED_CERTIFICATE.test(code)) return describeRejection(target.tls.certFile, code);
    const known = ways.flat().find(([pattern]) => pattern.test(code));
    if (known) return { words: known[1], remedy: known[2] };
  }
  return { words: describeNetworkError(error), remedy: BROKEN_OFF.remedy };
}

/** What an HTTP status in place of an answer means. */
export function describeStatus({ url, tls }: EngineEndpoint, status: number): UnreachableReason {
  const words = `answered ${status}`;
  // Go's HTTPS server says 400 to plain HTTP. An engine has no reason to, for a request without parameters.
  if (status === 400 && url.startsWith('tcp:') && !tls) {
    return {
      words: `${words}, as HTTPS does to plain HTTP`,
      remedy: `If the Docker Engine expects TLS there, ${ADD_TLS}`,
    };
  }
  if (status >= 500) {
    return { words, remedy: 'Look into the log of the Docker Engine: it failed on its side.' };
  }
  return {
    words,
    remedy:
      'Look for a proxy or plugin before the Docker Engine that forbids GET /version, or mend `docker.engines`.',
  };
}

function describeRejection(certFile: string | undefined, code: string): UnreachableReason {
  if (certFile === undefined) {
    return {
      words: 'TLS: the engine asks for a client certificate',
      remedy: 'Name one by `certFile` and `keyFile`, issued by the authority that the Docker Engine trusts.',
    };
  }
  if (code.endsWith('CERTIFICATE_EXPIRED')) {
    return { words: 'TLS: the client certificate has expired', remedy: 'Renew the file of `certFile`.' };
  }
  return {
    words: 'TLS: the engine refused the client certificate',
    remedy:
      'Have the file of `certFile` issued, for clients, by the authority that the Docker Engine trusts (its `--tlscacert`).',
  };
}

/** Linux says ECONNREFUSED of any file that is no socket, as it does of a socket that nobody listens on. */
function isOtherFile(url: string): boolean {
  try {
    return !fs.statSync(url.slice('unix://'.length)).isSocket();
  } catch {
    return false;
  }
}

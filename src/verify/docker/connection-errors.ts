// Why there is no usable response of a Docker Engine, and the fix: from the codes of errors, never their texts.
import fs from 'node:fs';
import { DeadlineExceeded } from '../../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../../net/network-error.js';
import {
  ADD_TLS,
  BY_PLAIN_TCP,
  BY_SOCKET,
  BY_TCP,
  BY_TLS,
  CONNECTION_RESET,
  NOT_A_SOCKET,
  type UnreachableReason,
} from './connection-reasons.js';
import type { EngineEndpoint } from './engine-client.js';

/** OpenSSL spells `SSLV3`, `TLSV1`, `TLSV13` or `SSL/TLS` before them, by version of TLS and of its own. */
const REFUSED_CERTIFICATE =
  /^ERR_SSL_.*ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_(?:REQUIRED|UNKNOWN|REVOKED|EXPIRED)|UNSUPPORTED_CERTIFICATE|NO_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|DECRYPT_ERROR)$/;

/** Why there is no response. */
export function describeConnectionError(target: EngineEndpoint, error: unknown): UnreachableReason {
  const { code: networkReason, message: words } = toNetworkError(error);
  if (error instanceof DeadlineExceeded) {
    const firewall = target.url.startsWith('tcp:') ? ', or for a firewall on the way' : '';
    const remedy = `Look for a Docker Engine that hangs, and restart it${firewall}.`;
    return { code: networkReason, words, remedy };
  }
  const isSocket = target.url.startsWith('unix:');
  const reasons = isSocket ? BY_SOCKET : [...BY_TCP, ...(target.tls ? BY_TLS : BY_PLAIN_TCP)];
  for (const code of getErrorCodes(error)) {
    if (isSocket && code === 'ECONNREFUSED' && isOtherFile(target.url)) return NOT_A_SOCKET;
    if (target.tls && REFUSED_CERTIFICATE.test(code)) return describeRejection(target.tls.certFile, code);
    const known = reasons.find(({ pattern }) => pattern.test(code));
    if (known) return known;
  }
  return { code: networkReason, words, remedy: CONNECTION_RESET.remedy };
}

/** What an HTTP status other than the expected one means. */
export function describeStatus({ url, tls }: EngineEndpoint, status: number): UnreachableReason {
  const words = `answered ${status}`;
  // Go's HTTPS server says 400 to plain HTTP. An engine has no reason to, for a request without parameters.
  if (status === 400 && url.startsWith('tcp:') && !tls) {
    return {
      code: 'tls-expected',
      words: `${words}, as HTTPS does to plain HTTP`,
      remedy: `If the Docker Engine expects TLS there, ${ADD_TLS}`,
    };
  }
  if (status >= 500) {
    const remedy = 'Look into the log of the Docker Engine: it failed on its side.';
    return { code: 'server-error', words, remedy };
  }
  return {
    code: 'unexpected-status',
    words,
    remedy:
      'Look for a proxy or plugin before the Docker Engine that forbids GET /version, or mend `docker.engines`.',
  };
}

function describeRejection(certFile: string | undefined, code: string): UnreachableReason {
  if (certFile === undefined) {
    return {
      code: 'client-certificate-required',
      words: 'TLS: the engine asks for a client certificate',
      remedy: 'Name one by `certFile` and `keyFile`, issued by the authority that the Docker Engine trusts.',
    };
  }
  if (code.endsWith('CERTIFICATE_EXPIRED')) {
    return {
      code: 'client-certificate-expired',
      words: 'TLS: the client certificate has expired',
      remedy: 'Renew the file of `certFile`.',
    };
  }
  return {
    code: 'client-certificate-rejected',
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

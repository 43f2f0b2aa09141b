// What a failed request to a Docker Engine means: the engine is not there, it cannot reach the registry, or the registry
// rejects the token. Decided by codes; the text of the engine is read in moby-texts.ts and never shown, since it repeats
// what registries and proxies said.
import { NetworkError } from '../../net/network-error.js';
import { RefreshFailure } from '../../refresh/failures.js';
import { toUnexpectedReason } from '../registry/classify-response.js';
import {
  describeRegistryReason,
  findRegistryRemedy,
  type RegistryReason,
} from '../registry/registry-reason.js';
import { toRejectionCode } from '../registry/rejection.js';
import { describeConnectionError, describeStatus } from './connection-errors.js';
import type { EngineEndpoint } from './engine-client.js';
import { parseMobyText, type EngineNetworkCode } from './moby-texts.js';

const NETWORK_WORDS: Readonly<Record<EngineNetworkCode, string>> = {
  'unknown-host': 'no such host',
  'registry-certificate-rejected': 'TLS: the certificate of the registry is not accepted',
  'registry-without-tls': 'the registry speaks HTTP, and is not among the insecure registries',
  'engine-proxy-refused': 'the proxy of the engine does not let it through',
  'timed-out': 'the registry does not answer in time',
  'connection-refused': 'connection refused',
  'no-route': 'no route to the registry',
  'tls-handshake': 'TLS: no agreement with the registry',
  'connection-reset': 'the connection was broken off',
  throttled: 'the registry asks for fewer requests',
  'server-error': 'the registry failed on its side',
};

/** The failure behind a request that the engine should have answered. */
export function toEngineFailure(target: EngineEndpoint, error: unknown): RefreshFailure {
  // A file of TLS has become unusable; nothing was sent.
  if (error instanceof NetworkError) return new RefreshFailure('ConfigInvalid', error.message, error.remedy);
  const status = getStatus(error);
  const { words, remedy } =
    status === undefined ? describeConnectionError(target, error) : describeStatus(target, status);
  return toUnreachable(target, words, remedy);
}

/** Its reason is what is wrong without the URL, for a report that names the engine already. */
export function toUnreachable({ url }: EngineEndpoint, reason: string, remedy: string): RefreshFailure {
  return new RefreshFailure('DockerEngineUnreachable', `${url}: ${reason}`, remedy, { reason });
}

/** The failure behind a login that did not succeed. */
export function toLoginFailure(target: EngineEndpoint, registry: string, error: unknown): RefreshFailure {
  const status = getStatus(error);
  if (status === undefined) return toEngineFailure(target, error);
  const where = `${target.url}: sign-in to ${registry}`;
  if (status === 401) return toRejected(registry, where, 401, getText(error));
  if (status < 500) {
    return new RefreshFailure(
      'DockerLoginFailed',
      `${where}: the engine answered ${status}`,
      'Look for a proxy before the socket of the engine that forbids POST /auth.',
    );
  }
  const text = getText(error);
  const reason = parseMobyText(text);
  switch (reason.code) {
    case 'rejected':
      return toRejected(registry, where, reason.status, text);
    case 'not-a-registry': {
      const words = describeRegistryReason(toUnexpectedReason(reason.status));
      return new RefreshFailure('DockerLoginFailed', `${where}: ${words}`);
    }
    case 'engine-failed':
      return new RefreshFailure('DockerLoginFailed', `${where}: the engine failed (${status})`);
    default:
      return new RefreshFailure('DockerLoginFailed', `${where}: ${NETWORK_WORDS[reason.code]}`);
  }
}

/** In the words of the worker's own probe, with its remedy where it has one. */
function toRejected(
  registry: string,
  where: string,
  status: number | undefined,
  text: string,
): RefreshFailure {
  const code = toRejectionCode(registry, status ?? 403, text);
  const reason: RegistryReason = {
    // moby leaves most of a 403 out, and with it the text that tells an expired token from a denied principal.
    code: status === 403 && code === 'principal-denied' ? 'token-expired-or-principal-denied' : code,
    ...(status === undefined ? {} : { status }),
  };
  const message = `${where}: ${describeRegistryReason(reason)}`;
  return new RefreshFailure('DockerLoginRejected', message, findRegistryRemedy(reason));
}

function getStatus(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Read to be classified, never shown. */
function getText(error: unknown): string {
  const message = (error as { json?: { message?: unknown } | null } | null)?.json?.message;
  return typeof message === 'string' ? message.slice(0, 4096) : '';
}

// Owns what a Docker Engine's refusal means: the engine is not there, it cannot reach the registry, or the registry
// refuses the token. Refuses to quote: the engine's text repeats what registries and proxies said.
import { RefreshFailure } from '../../refresh/failures.js';
import { describeRejection } from '../registry/rejection.js';
import { describeUnexpectedStatus } from '../registry/classify-response.js';
import { describeConnectionError, describeStatus } from './connection-errors.js';
import type { EngineEndpoint } from './engine-client.js';

/** Why the engine cannot reach the registry, by what its text contains. */
const NETWORK_REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [
    /no such host|lookup .*(?:server misbehaving|i\/o timeout)|temporary failure in name resolution/i,
    'no such host',
  ],
  [/x509|certificate/i, 'TLS: the certificate of the registry is not accepted'],
  [
    /gave HTTP response to HTTPS client/i,
    'the registry speaks HTTP, and is not among the insecure registries',
  ],
  [/proxyconnect|proxy authentication/i, 'the proxy of the engine does not let it through'],
  [
    /timeout|deadline exceeded|timed out|request canceled while waiting/i,
    'the registry does not answer in time',
  ],
  [/connection refused/i, 'connection refused'],
  [/no route to host|network is unreachable/i, 'no route to the registry'],
  [/\btls:/i, 'TLS: no agreement with the registry'],
  [/connection reset|broken pipe|\bEOF\b/, 'the connection was broken off'],
  [/toomanyrequests|failed with status: 429/i, 'the registry asks for fewer requests'],
  [/failed with status: 5\d\d|received unexpected HTTP status: 5\d\d/i, 'the registry failed on its side'],
];

/** How moby words it when the registry itself says no; 500 to us, whatever the registry's status was. */
const REFUSED = /(?:failed with status: |parsing HTTP )(?<status>40[013])/;
const REFUSED_IN_WORDS =
  /unauthorized|\bdenied\b|expired|incorrect username or password|no basic auth|security token included/i;
/** What moby could not read is quoted: a page is none of a registry. */
const PAGE = /parsing HTTP (?<status>\d{3}) response body: invalid character '<'/;

/** The failure behind a request that the engine should have answered. */
export function toEngineFailure(target: EngineEndpoint, error: unknown): RefreshFailure {
  if (error instanceof RefreshFailure) return error;
  const status = statusOf(error);
  const { words, remedy } =
    status === undefined ? describeConnectionError(target, error) : describeStatus(target, status);
  return new RefreshFailure('DockerEngineUnreachable', `${target.url}: ${words}`, remedy);
}

/** The failure behind a sign-in that did not come about. */
export function toLoginFailure(target: EngineEndpoint, registry: string, error: unknown): RefreshFailure {
  const status = statusOf(error);
  if (status === undefined) return toEngineFailure(target, error);
  const { url } = target;
  const where = `${url}: sign-in to ${registry}`;
  if (status === 401) return refusedBy(registry, where, 401, textOf(error));
  if (status < 500) {
    return new RefreshFailure(
      'DockerLoginFailed',
      `${where}: the engine answered ${status}`,
      'Look for a proxy before the socket of the engine that forbids POST /auth.',
    );
  }
  const text = textOf(error);
  // First the network: "dial tcp: permission denied" is no word of the registry.
  const network = NETWORK_REASONS.find(([pattern]) => pattern.test(text));
  if (network) return new RefreshFailure('DockerLoginFailed', `${where}: ${network[1]}`);
  const page = PAGE.exec(text)?.groups?.['status'];
  if (page !== undefined)
    return new RefreshFailure('DockerLoginFailed', `${where}: ${describeUnexpectedStatus(Number(page))}`);
  const refused = REFUSED.exec(text)?.groups?.['status'];
  if (refused !== undefined) return refusedBy(registry, where, Number(refused), text);
  if (REFUSED_IN_WORDS.test(text) && !/dial (?:tcp|unix)/.test(text))
    return refusedBy(registry, where, undefined, text);
  return new RefreshFailure('DockerLoginFailed', `${where}: the engine failed (${status})`);
}

/** In the words of the worker's own probe, with its remedy where it has one; moby leaves most of a 403 out. */
function refusedBy(
  registry: string,
  where: string,
  status: number | undefined,
  text: string,
): RefreshFailure {
  const { message, remedy } = describeRejection(registry, status ?? 403, text);
  const isBare = status === 403 && !/authorization token has|security token included/i.test(text);
  const words = isBare
    ? 'the registry takes the token for expired, or does not admit its principal'
    : message;
  return new RefreshFailure(
    'DockerLoginRejected',
    `${where}: ${status === undefined ? '' : `${status}: `}${words}`,
    remedy,
  );
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Read to be judged, never shown. */
function textOf(error: unknown): string {
  const message = (error as { json?: { message?: unknown } | null } | null)?.json?.message;
  return typeof message === 'string' ? message.slice(0, 4096) : '';
}

// Owns what a Docker Engine's refusal means: the engine is not there, it cannot reach the registry, or the registry
// refuses the token. Refuses to quote: the engine's text repeats what registries and proxies said.
import { RefreshFailure } from '../domain/failures.js';
import { DeadlineExceeded } from './deadline.js';
import { describeRefusal } from './registry/refusal.js';
import { describeObstacle } from './registry/verdict.js';
import { codesOf, describeTransportError } from './transport-error.js';

interface Absence {
  readonly words: string;
  readonly remedy: string;
}

const ABSENCES: Readonly<Record<string, Absence>> = {
  ENOENT: {
    words: 'no socket there',
    remedy: 'Start the Docker Engine, mend `docker.engines`, or mount its socket into the container.',
  },
  EACCES: {
    words: 'no permission on the socket',
    remedy:
      'Give the user of the worker access to the socket: its group (often `docker`), or group_add in a container.',
  },
  ENOTSOCK: {
    words: 'this is no socket',
    remedy: 'Mend `docker.engines`: the path is that of another file.',
  },
  ECONNREFUSED: {
    words: 'nothing listens there',
    remedy: 'Start the Docker Engine; the socket may be left over from one that has ended.',
  },
};
const STUCK: Absence = {
  words: 'the engine broke off without an answer',
  remedy: 'Look into the log of the Docker Engine; restart it when it hangs.',
};

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
export function failureOfEngine(url: string, error: unknown): RefreshFailure {
  const status = statusOf(error);
  if (status !== undefined) {
    return new RefreshFailure('DockerEngineUnreachable', `${url}: answered ${status}`, STUCK.remedy);
  }
  const absence = absenceOf(error);
  return new RefreshFailure('DockerEngineUnreachable', `${url}: ${absence.words}`, absence.remedy);
}

/** The failure behind a sign-in that did not come about. */
export function failureOfSignIn(url: string, registry: string, error: unknown): RefreshFailure {
  const status = statusOf(error);
  if (status === undefined) return failureOfEngine(url, error);
  const where = `${url}: sign-in to ${registry}`;
  if (status === 401) return refusedBy(registry, where, 401, textOf(error));
  if (status < 500) {
    return new RefreshFailure(
      'DockerSignInFailed',
      `${where}: the engine answered ${status}`,
      'Look for a proxy before the socket of the engine that forbids POST /auth.',
    );
  }
  const text = textOf(error);
  // First the network: "dial tcp: permission denied" is no word of the registry.
  const network = NETWORK_REASONS.find(([pattern]) => pattern.test(text));
  if (network) return new RefreshFailure('DockerSignInFailed', `${where}: ${network[1]}`);
  const page = PAGE.exec(text)?.groups?.['status'];
  if (page !== undefined)
    return new RefreshFailure('DockerSignInFailed', `${where}: ${describeObstacle(Number(page))}`);
  const refused = REFUSED.exec(text)?.groups?.['status'];
  if (refused !== undefined) return refusedBy(registry, where, Number(refused), text);
  if (REFUSED_IN_WORDS.test(text) && !/dial (?:tcp|unix)/.test(text))
    return refusedBy(registry, where, undefined, text);
  return new RefreshFailure('DockerSignInFailed', `${where}: the engine failed (${status})`);
}

/** In the words of the worker's own probe, with its remedy where it has one; moby leaves most of a 403 out. */
function refusedBy(
  registry: string,
  where: string,
  status: number | undefined,
  text: string,
): RefreshFailure {
  const { message, remedy } = describeRefusal(registry, status ?? 403, text);
  const isBare = status === 403 && !/authorization token has|security token included/i.test(text);
  const words = isBare
    ? 'the registry takes the token for expired, or does not admit its principal'
    : message;
  return new RefreshFailure(
    'DockerSignInRefused',
    `${where}: ${status === undefined ? '' : `${status}: `}${words}`,
    remedy,
  );
}

function absenceOf(error: unknown): Absence {
  if (error instanceof DeadlineExceeded) return { ...STUCK, words: describeTransportError(error) };
  for (const code of codesOf(error)) {
    const known = ABSENCES[code];
    if (known) return known;
  }
  return STUCK;
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

// Owns showing a token to a Docker registry (`GET /v2/`) and telling the registry's own refusal from everything that
// can stand in its way. Refuses redirects and token realms: the token goes to the registry named, nowhere else.
import type { RegistryApi } from '../activities/ports.js';
import { isLoopbackHost } from '../domain/loopback.js';
import type { RegistryProbe } from '../domain/steps.js';
import { ECR_USER } from '../domain/token.js';
import type { Secret } from '../secret.js';
import { TransportFailure, type HttpAnswer, type HttpClient } from './http.js';

const PROBE_TIMEOUT_MS = 15_000;

/** What ECR is known to say, in our words; its own are never shown. Sources: Yatai issue 471, Kubernetes issue 69141. */
const KNOWN_TEXTS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [/authorization token has expired/i, 'the registry takes the token for expired'],
  [
    /security token included in the request is (?:invalid|expired)/i,
    'the AWS session behind the token is no longer valid',
  ],
];

/** Registries over HTTPS, on loopback over HTTP. */
export function createRegistryApi({ http }: { readonly http: HttpClient }): RegistryApi {
  async function probe(host: string, password: Secret, signal: AbortSignal): Promise<RegistryProbe> {
    const url = urlOf(host);
    if (!url) return unreachable(host, 'this is no host name');
    try {
      // GET, since a refusal explains itself only in a body, and HEAD has none.
      const answer = await http.send({
        method: 'GET',
        url,
        headers: {
          Authorization: `Basic ${Buffer.from(`${ECR_USER}:${password.reveal()}`).toString('base64')}`,
        },
        timeoutMs: PROBE_TIMEOUT_MS,
        signal,
      });
      return judge(host, answer);
    } catch (error) {
      return unreachable(host, error instanceof TransportFailure ? error.message : 'the request failed');
    }
  }

  return { probe };
}

function urlOf(host: string): string | undefined {
  // Whatever else a URL can hold (user, path, query) would lead the token astray.
  if (!/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) return undefined;
  const url = `//${host}/v2/`;
  try {
    return (isLoopbackHost(new URL(`http:${url}`).hostname) ? 'http:' : 'https:') + url;
  } catch {
    return undefined;
  }
}

function judge(host: string, answer: HttpAnswer): RegistryProbe {
  const { status } = answer;
  const isPage = /^text\/html\b/i.test(answer.header('content-type') ?? '');
  if (status === 200 && !isPage) return { registry: host, outcome: 'accepted' };
  if ((status === 400 || status === 401 || status === 403) && isFromRegistry(answer)) {
    return { registry: host, outcome: 'refused', message: describeRefusal(answer) };
  }
  if (status === 429) return unreachable(host, 'the registry asks for fewer requests (429)');
  if (status >= 500) return unreachable(host, `the registry or a proxy before it failed (${status})`);
  return unreachable(host, `something other than a registry answered (${status})`);
}

/** The header is a registry's signature since the first v2 registries; the body that of the OCI distribution API. */
function isFromRegistry(answer: HttpAnswer): boolean {
  return answer.header('docker-distribution-api-version') !== undefined || errorOf(answer) !== undefined;
}

function describeRefusal(answer: HttpAnswer): string {
  const { status } = answer;
  const error = errorOf(answer);
  const known = KNOWN_TEXTS.find(([pattern]) => pattern.test(error?.message ?? answer.text));
  const words = known?.[1] ?? wordsOfStatus(status);
  return `${status}${error?.code ? ` ${error.code}` : ''}: ${words}`;
}

function wordsOfStatus(status: number): string {
  // A token of another region is answered with a bare 400 (aws-cli issue 5317), an unreadable one too.
  if (status === 400) return 'a token of another region, or malformed';
  if (status === 401) return 'the registry does not take this as a sign-in';
  return 'the registry does not admit the principal of the token';
}

function errorOf(answer: HttpAnswer): { code?: string; message?: string } | undefined {
  const errors = (answer.json as { errors?: unknown } | null | undefined)?.errors;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  if (typeof first !== 'object' || first === null) return undefined;
  const { code, message } = first as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return undefined;
  return {
    // Only what looks like one of the API's codes is shown.
    ...(/^[A-Z_]{1,40}$/.test(code) ? { code } : {}),
    ...(typeof message === 'string' ? { message } : {}),
  };
}

function unreachable(host: string, message: string): RegistryProbe {
  return { registry: host, outcome: 'unreachable', message };
}

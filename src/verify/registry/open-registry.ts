// Requests to one registry. The password is never sent to another host.
import { isLoopbackHost } from '../../net/is-loopback.js';
import { NetworkError } from '../../net/network-error.js';
import { ECR_USER } from '../../refresh/token.js';
import { Secret } from '../../log/secret.js';
import type { HttpResponse, HttpClient } from '../../net/http.js';
import { readChallenge, type Challenge } from './challenge.js';

const REQUEST_TIMEOUT_MS = 15_000;

/** A registry that has responded. */
export interface Registry {
  readonly host: string;
  /** Its response to `GET /v2/` without a password. */
  readonly anonymous: HttpResponse;
  readonly challenge: Challenge;
  /** Requests a path under `/v2/`. @throws NetworkError */
  get(path: string, authorization?: Secret, accept?: string): Promise<HttpResponse>;
  /**
   * Returns the authorization for further requests, or the response that rejects the password. `scope` has Docker's
   * format: `repository:team/app:pull`.
   * @throws NetworkError
   */
  authorize(password: Secret, scope?: string): Promise<Secret | HttpResponse>;
}

/**
 * Reads the challenge of a registry: over HTTP on loopback, otherwise over HTTPS.
 * @throws NetworkError, also for an invalid host name
 */
export async function openRegistry(http: HttpClient, host: string, signal: AbortSignal): Promise<Registry> {
  const base = toBaseUrl(host);

  function send(url: string, authorization?: Secret, accept?: string): Promise<HttpResponse> {
    const headers = {
      ...(authorization && { Authorization: authorization.reveal() }),
      ...(accept !== undefined && { Accept: accept }),
    };
    // GET and not HEAD, because the body contains the reason of a rejection.
    return http.send({ method: 'GET', url, headers, timeoutMs: REQUEST_TIMEOUT_MS, signal });
  }

  const anonymous = await send(`${base}/v2/`);
  const challenge = readChallenge(anonymous.header('www-authenticate'), host);
  return {
    host,
    anonymous,
    challenge,
    get: (path, authorization, accept) => send(`${base}/v2/${path}`, authorization, accept),
    async authorize(password, scope) {
      if (challenge.scheme === 'untrusted' || challenge.scheme === 'unsupported')
        throw new NetworkError('failed', 'the auth challenge of the registry cannot be used');
      const credentials = Buffer.from(`${ECR_USER}:${password.reveal()}`).toString('base64');
      const basic = new Secret(`Basic ${credentials}`);
      if (challenge.scheme === 'basic') return basic;
      const url = new URL(challenge.realm);
      const wanted = { service: challenge.service, scope: scope ?? challenge.scope };
      for (const [name, value] of Object.entries(wanted)) {
        if (value !== undefined) url.searchParams.set(name, value);
      }
      const response = await send(url.href, basic);
      const token = response.status === 200 ? parseToken(response) : undefined;
      return token === undefined ? response : new Secret(`Bearer ${token}`);
    },
  };
}

function toBaseUrl(host: string): string {
  const url = `//${host}`;
  // Other parts of a URL (user, path, query) could send the token to another host.
  if (!/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host) || !URL.canParse(`http:${url}`)) {
    throw new NetworkError('invalid-url', 'not a valid host name');
  }
  return (isLoopbackHost(new URL(`http:${url}`).hostname) ? 'http:' : 'https:') + url;
}

/** Docker's token specification allows both names. A value that is not valid in a header is skipped. */
function parseToken({ json }: HttpResponse): string | undefined {
  const { token, access_token: accessToken } = (json ?? {}) as Record<string, unknown>;
  return [token, accessToken].find(
    (value): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
  );
}

// The requests to one registry. The password is sent to no other host.
import { isLoopbackHost } from '../../net/is-loopback.js';
import { ECR_USER } from '../../refresh/token.js';
import { Secret } from '../../log/secret.js';
import type { HttpResponse, HttpClient } from '../../net/http.js';
import { readChallenge, type Challenge } from './challenge.js';

const REQUEST_TIMEOUT_MS = 15_000;
/** Manifests are some kilobytes; an index of many platforms a few dozen. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The header of further requests, or the response that rejects the password. */
export type AuthorizeResult = { readonly authorization: Secret } | { readonly rejectedBy: HttpResponse };

export interface RegistryClient {
  /** `GET /v2/` without a password. @throws NetworkError */
  getChallenge(): Promise<{ readonly response: HttpResponse; readonly challenge: Challenge }>;
  /**
   * Gets what authorizes further requests: the password itself, or a token for it. `scope` as Docker has it,
   * `repository:team/app:pull`. @throws NetworkError
   */
  authorize(challenge: Challenge, password: Secret, scope?: string): Promise<AuthorizeResult>;
  /** `GET /v2/`. @throws NetworkError */
  getBase(authorization: Secret): Promise<HttpResponse>;
  /** The manifest of an image, by tag or digest, both of the configuration's grammar. @throws NetworkError */
  getManifest(repository: string, reference: string, authorization: Secret): Promise<HttpResponse>;
}

/** Over HTTPS, on loopback over HTTP; undefined for what is no host name. */
export function createRegistryClient(
  http: HttpClient,
  host: string,
  signal: AbortSignal,
): RegistryClient | undefined {
  const base = baseUrl(host);
  if (base === undefined) return undefined;

  function get(url: string, headers: Record<string, string>): Promise<HttpResponse> {
    // GET, since only a body has the reason of a rejection, and HEAD has none.
    return http.send({ method: 'GET', url, headers, timeoutMs: REQUEST_TIMEOUT_MS, signal });
  }

  async function authorize(challenge: Challenge, password: Secret, scope?: string): Promise<AuthorizeResult> {
    const basic = new Secret(`Basic ${Buffer.from(`${ECR_USER}:${password.reveal()}`).toString('base64')}`);
    if (challenge.scheme !== 'bearer') return { authorization: basic };
    const url = new URL(challenge.realm);
    if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
    const wanted = scope ?? challenge.scope;
    if (wanted !== undefined) url.searchParams.set('scope', wanted);
    const response = await get(url.href, { Authorization: basic.reveal() });
    const token = response.status === 200 ? parseToken(response) : undefined;
    return token === undefined ? { rejectedBy: response } : { authorization: new Secret(`Bearer ${token}`) };
  }

  return {
    async getChallenge() {
      const response = await get(`${base}/v2/`, {});
      return { response, challenge: readChallenge(response.header('www-authenticate'), host) };
    },
    authorize,
    getBase: (authorization) => get(`${base}/v2/`, { Authorization: authorization.reveal() }),
    getManifest: (repository, reference, authorization) =>
      get(`${base}/v2/${repository}/manifests/${reference}`, {
        Authorization: authorization.reveal(),
        Accept: MANIFEST_TYPES,
      }),
  };
}

function baseUrl(host: string): string | undefined {
  // Anything else that a URL can hold (user, path, query) would send the token elsewhere.
  if (!/^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(host)) return undefined;
  const url = `//${host}`;
  try {
    return (isLoopbackHost(new URL(`http:${url}`).hostname) ? 'http:' : 'https:') + url;
  } catch {
    return undefined;
  }
}

/** Docker's token specification allows both names. What could not stand in a header is none. */
function parseToken({ json }: HttpResponse): string | undefined {
  const { token, access_token: accessToken } = (json ?? {}) as Record<string, unknown>;
  return [token, accessToken].find(
    (value): value is string => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value),
  );
}

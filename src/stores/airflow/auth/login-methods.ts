// The three login methods: HTTP Basic (Airflow 2), a JWT for user name and password (Airflow 3), and an external token.
import { Secret } from '../../../log/secret.js';
import type { HttpClient, HttpResponse } from '../../../net/http.js';
import type { RefreshFailure } from '../../../refresh/failures.js';
import type { Remedy } from '../../../refresh/remedies/remedy.js';
import { STORE_REMEDIES } from '../../../refresh/remedies/store.js';
import { failure, notAirflow, toResponseFailure } from '../response-errors.js';
import { hasAirflowFormat, isLoginRejected } from '../response-texts.js';
import type { RequestContext } from '../transport.js';
import { LOGIN_TIMEOUT_MS, type LoginMethod, type ReadSecret } from './login.js';

export interface PasswordLogin {
  /** Base URL, without /api or /auth and without a trailing slash. */
  readonly url: string;
  readonly username: string;
  readonly readPassword: ReadSecret;
  readonly http: HttpClient;
}

/**
 * HTTP Basic login with user name and password, for Airflow 2. With the same settings Airflow 3 issues a JWT.
 *
 * One request tries the password before others use it, so that a wrong password is sent once and not by every step that
 * is retried at that time.
 */
export function createBasicLogin({ url, username, readPassword, http }: PasswordLogin): LoginMethod {
  return {
    secretName: 'password',
    readSecret: readPassword,
    async authorize(context, password, signal) {
      const pair = Buffer.from(`${username}:${password.reveal()}`).toString('base64');
      const header = new Secret(`Basic ${pair}`);
      const response = await http.send({
        method: 'GET',
        url: `${url}/api/v1/connections?limit=1`,
        headers: { Authorization: header.reveal() },
        timeoutMs: LOGIN_TIMEOUT_MS,
        signal,
      });
      const { status, json } = response;
      if (!hasAirflowFormat(response)) {
        // Airflow has not checked the password yet. Its own 500 is a page, of a connection that cannot be decrypted.
        if (status >= 400 && status !== 500) throw toResponseFailure({ request: context, status, json });
      } else if (isLoginRejected(response)) throw rejectBasic(context, status);
      // Other errors are reported by the request that needs the login.
      return header;
    },
    toRejection: rejectBasic,
  };
}

function rejectBasic(context: RequestContext, status: number): RefreshFailure {
  const reason =
    'the user name or password was rejected, or `[api] auth_backends` does not include basic_auth';
  return failure('StoreUnauthorized', context, reason, status, STORE_REMEDIES.fixBasicLogin);
}

/**
 * A token that someone else issues and renews, such as Astronomer, Cloud Composer or a sidecar. Its expiry is
 * unknown, and a proxy in front of Airflow may reject an expired token in any form, such as a redirect to a login
 * page. So the token is read for each request.
 */
export function createBearerLogin(readSecret: ReadSecret): LoginMethod {
  return {
    secretName: 'token',
    readSecret,
    async authorize(context, secret) {
      const token = secret.reveal().trim();
      // Node would reject such a header with a message that quotes it.
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw failure('StoreUnauthorized', context, 'the token contains invalid characters');
      }
      return new Secret(`Bearer ${token}`);
    },
    toRejection: (context, status) => failure('StoreUnauthorized', context, 'the token was rejected', status),
    // Managed services require the token for every path of Airflow, including its version.
    isAlwaysSent: true,
    isReadEachTime: true,
  };
}

/**
 * The login to Airflow 3: `POST /auth/token` returns a JWT.
 * @param getVersion the version of Airflow, if it is known
 */
export function createJwtLogin(
  { url, username, readPassword, http }: PasswordLogin,
  getVersion: () => string | undefined,
): LoginMethod {
  return {
    secretName: 'password',
    readSecret: readPassword,
    async authorize(context, password, signal) {
      const response = await http.send({
        method: 'POST',
        url: `${url}/auth/token`,
        json: { username, password: password.reveal() },
        timeoutMs: LOGIN_TIMEOUT_MS,
        signal,
      });
      return new Secret(`Bearer ${parseJwt(context, response, getVersion())}`);
    },
    toRejection: rejectJwt,
    isRenewedWhenForbidden: true,
  };
}

/** A wrong password cannot cause this, and it does not lock an account. */
export function rejectJwt(context: RequestContext, status: number): RefreshFailure {
  const fail = (cause: string, remedy: Remedy): RefreshFailure =>
    failure(
      'StoreUnavailable',
      context,
      `a token that was just issued was rejected; ${cause}`,
      status,
      remedy,
    );
  // Airflow returns 403 for a signature with another secret, 401 for an expired or missing token.
  return status === 403
    ? fail('`[api_auth] jwt_secret` may differ between API servers', STORE_REMEDIES.shareJwtSecret)
    : fail(
        'clocks may differ between API servers, or a proxy removes the Authorization header',
        STORE_REMEDIES.synchronizeClocks,
      );
}

/** Returns the token in the response to a login. @throws RefreshFailure if there is none */
export function parseJwt(
  request: RequestContext,
  response: HttpResponse,
  version: string | undefined,
): string {
  const { status, json } = response;
  if ((status === 401 || status === 403) && hasAirflowFormat(response)) {
    const reason = 'the user name or password was rejected, or this is a user of OAuth or SAML';
    throw failure('StoreUnauthorized', request, reason, status, STORE_REMEDIES.fixJwtLogin);
  }
  if (status === 404 || status === 405) {
    const reason =
      version === undefined
        ? '/auth/token does not exist; check that the proxy in front of it forwards /auth, and that this is Airflow 3'
        : `Airflow ${version} responds, but /auth/token does not exist; check that the proxy forwards /auth`;
    const type = hasAirflowFormat(response) ? 'StoreRequestRejected' : 'StoreUnavailable';
    const remedy = version === undefined ? STORE_REMEDIES.checkFront : STORE_REMEDIES.forwardAuth;
    throw failure(type, request, reason, status, remedy);
  }
  if (status !== 200 && status !== 201) throw toResponseFailure({ request, status, json });
  const jwt = (json as { access_token?: unknown } | null | undefined)?.access_token;
  // A header must be printable and short.
  if (typeof jwt !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(jwt)) throw notAirflow(request);
  return jwt;
}

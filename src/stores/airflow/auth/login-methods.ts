// The three ways to log in: HTTP Basic (Airflow 2), a JWT for user name and password (Airflow 3), and a token of someone else.
import { Secret } from '../../../log/secret.js';
import type { HttpClient, HttpResponse } from '../../../net/http.js';
import type { RefreshFailure } from '../../../refresh/failures.js';
import { failure, FRONT_REMEDY, notAirflow, toResponseFailure } from '../response-errors.js';
import { hasAirflowFormat, isLoginRejected } from '../response-texts.js';
import type { RequestContext } from '../transport.js';
import { LOGIN_TIMEOUT_MS, type LoginMethod, type ReadSecret } from './login.js';

export interface PasswordLogin {
  /** Base URL, without /api and /auth and without a slash at its end. */
  readonly url: string;
  readonly username: string;
  readonly readPassword: ReadSecret;
  readonly http: HttpClient;
}

/**
 * User name and password by HTTP Basic: Airflow 2. For the same settings Airflow 3 issues a JWT.
 *
 * The password is tried by one request before others use it: a wrong one is then sent once, and not by every step that
 * retries at that time.
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
      // What else may be wrong is reported by the request that needs the login.
      if (isLoginRejected(response) && hasAirflowFormat(response))
        throw rejectBasic(context, response.status);
      return header;
    },
    toRejection: rejectBasic,
  };
}

function rejectBasic(context: RequestContext, status: number): RefreshFailure {
  const reason = 'rejected user name or password, or `[api] auth_backends` has no basic_auth';
  const remedy =
    'Fix the reference to the password, or the Airflow user; set AIRFLOW__API__AUTH_BACKENDS to ' +
    'airflow.api.auth.backend.basic_auth (its default accepts no password). Retried every 30 min, so that no ' +
    'account is locked.';
  return failure('StoreUnauthorized', context, reason, status, remedy);
}

/**
 * A token that someone else issues and renews: Astronomer, Cloud Composer, a sidecar. When it expires is not known, and what
 * is in front of Airflow may reject an expired one in any form, such as a redirect to a login page: so it is read for each
 * request.
 */
export function createBearerLogin(readSecret: ReadSecret): LoginMethod {
  return {
    secretName: 'token',
    readSecret,
    async authorize(context, secret) {
      const token = secret.reveal().trim();
      // Node would reject it as a header, with a message that quotes it.
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw failure('StoreUnauthorized', context, 'the token contains invalid characters');
      }
      return new Secret(`Bearer ${token}`);
    },
    toRejection: (context, status) => failure('StoreUnauthorized', context, 'rejected the token', status),
    // Managed services require the token before anything of Airflow is reached, its version included.
    isAlwaysSent: true,
    isReadEachTime: true,
  };
}

/**
 * The login to Airflow 3 by `POST /auth/token`, and the JWT that it issues.
 * @param getVersion the version of Airflow, where it has responded
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
    // Nothing that a password could cause, and no account is locked by it.
    toRejection(context, status) {
      const reason = 'a token just issued is rejected: do all API servers share `[api_auth] jwt_secret`?';
      const remedy = 'Set one `[api_auth] jwt_secret` for all API servers, and check their clocks.';
      return failure('StoreUnavailable', context, reason, status, remedy);
    },
  };
}

function parseJwt(request: RequestContext, response: HttpResponse, version: string | undefined): string {
  const { status, json } = response;
  if ((status === 401 || status === 403) && hasAirflowFormat(response)) {
    const reason = 'rejected user name or password; or is it an SSO user? Only local users can log in here';
    const remedy =
      'Fix the reference to the password, or the Airflow user. For an SSO user, create a local one ' +
      '(`airflow users create`) or use `auth: {token}`. Retried every 30 min, so that no account is locked.';
    throw failure('StoreUnauthorized', request, reason, status, remedy);
  }
  if (status === 404 || status === 405) {
    const reason =
      version === undefined
        ? '/auth/token does not exist: does the proxy in front of it forward /auth, and is this Airflow 3?'
        : `version ${version} responds here, but its login does not: does the proxy forward /auth?`;
    const type = hasAirflowFormat(response) ? 'StoreRequestRejected' : 'StoreUnavailable';
    throw failure(type, request, reason, status, FRONT_REMEDY);
  }
  if (status !== 200 && status !== 201) throw toResponseFailure({ request, status, json });
  const jwt = (json as { access_token?: unknown } | null | undefined)?.access_token;
  // Printable and short, or else it cannot be a header.
  if (typeof jwt !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(jwt)) throw notAirflow(request);
  return jwt;
}

// The login to Airflow 3 by user name and password, and the JWT that it issues.
import { Secret } from '../../../log/secret.js';
import type { HttpClient, HttpResponse } from '../../../net/http.js';
import { failure, FRONT_REMEDY, notAirflow, toResponseFailure } from '../response-errors.js';
import { hasAirflowFormat } from '../response-texts.js';
import type { RequestContext } from '../transport.js';
import { LOGIN_TIMEOUT_MS, type LoginMethod, type ReadSecret } from './login.js';

/** Airflow accepts a JWT until 10 s after it expires; requests begun before that must not meet its end. */
const MARGIN_MS = 60_000;
/** For a JWT that does not show when it expires. Airflow's own default is 24 h. */
const ASSUMED_LIFE_MS = 3_600_000;

export interface JwtLoginOptions {
  /** Base URL, without /api/v2 and /auth. */
  readonly url: string;
  readonly username: string;
  readonly readSecret: ReadSecret;
  readonly http: HttpClient;
  /** The version of Airflow, where it has responded. */
  readonly getVersion: () => string | undefined;
}

/** Logs in by `POST /auth/token`. */
export function createJwtLogin(options: JwtLoginOptions): LoginMethod {
  const url = `${options.url.replace(/\/+$/, '')}/auth/token`;
  return {
    secretName: 'password',
    readSecret: options.readSecret,
    async authorize(context, password, signal) {
      const json = { username: options.username, password: password.reveal() };
      const request = { method: 'POST', url, json, timeoutMs: LOGIN_TIMEOUT_MS, signal } as const;
      const response = await options.http.send(request);
      const jwt = parseJwt(context, response, options.getVersion());
      const lifeMs = getLifetime(jwt);
      return { header: new Secret(`Bearer ${jwt}`), usableMs: lifeMs - Math.min(MARGIN_MS, lifeMs / 10) };
    },
    // Nothing that a password could cause, and no account is locked by it.
    toRejection(context, status) {
      const reason = 'a token just issued is rejected: do all API servers share `[api_auth] jwt_secret`?';
      const remedy = 'Set one `[api_auth] jwt_secret` for all API servers, and check their clocks.';
      return failure('StoreUnavailable', context, reason, status, remedy);
    },
  };
}

function parseJwt(context: RequestContext, response: HttpResponse, version: string | undefined): string {
  const { status, json } = response;
  if ((status === 401 || status === 403) && hasAirflowFormat(response)) {
    const reason = 'rejected user name or password; or is it an SSO user? Only local users can log in here';
    const remedy =
      'Fix the reference to the password, or the Airflow user. For an SSO user, create a local one ' +
      '(`airflow users create`) or use `auth: {token}`. Retried every 30 min, so that no account is locked.';
    throw failure('StoreUnauthorized', context, reason, status, remedy);
  }
  if (status === 404 || status === 405) {
    const reason =
      version === undefined
        ? '/auth/token does not exist: does the proxy in front of it forward /auth, and is this Airflow 3?'
        : `version ${version} responds here, but its login does not: does the proxy forward /auth?`;
    const type = hasAirflowFormat(response) ? 'StoreRequestRejected' : 'StoreUnavailable';
    throw failure(type, context, reason, status, FRONT_REMEDY);
  }
  if (status !== 200 && status !== 201) throw toResponseFailure(context, response);
  const jwt = (json as { access_token?: unknown } | null | undefined)?.access_token;
  // Printable and short, or else it cannot be a header.
  if (typeof jwt !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(jwt)) throw notAirflow(context);
  return jwt;
}

/**
 * Milliseconds from issue to expiry, by the JWT's own two times: then a clock that differs from Airflow's does no harm.
 * Decoded, not verified: that is for Airflow.
 */
function getLifetime(jwt: string): number {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const { exp, iat } = payload as { exp?: unknown; iat?: unknown };
    if (typeof exp === 'number' && typeof iat === 'number' && exp > iat) return (exp - iat) * 1000;
  } catch {
    // Not a JWT that can be read: it is used anyway, until Airflow rejects it.
  }
  return ASSUMED_LIFE_MS;
}

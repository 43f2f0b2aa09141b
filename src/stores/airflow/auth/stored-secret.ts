// Logins that put the secret itself into each request.
import { Secret } from '../../../log/secret.js';
import type { HttpClient } from '../../../net/http.js';
import type { RefreshFailure } from '../../../refresh/failures.js';
import { failure, isLoginRejected } from '../response-errors.js';
import { hasAirflowFormat } from '../response-texts.js';
import type { RequestContext } from '../transport.js';
import { LOGIN_TIMEOUT_MS, type LoginMethod, type ReadSecret } from './login.js';

export interface BasicLoginOptions {
  /** Base URL, without /api/v1. */
  readonly url: string;
  readonly username: string;
  readonly readSecret: ReadSecret;
  readonly http: HttpClient;
}

/**
 * User name and password by HTTP Basic: Airflow 2. For the same settings Airflow 3 issues a JWT.
 *
 * The password is tried by one request before others use it: a wrong one is then sent once, and not by every step that
 * retries at that time.
 */
export function createBasicLogin(options: BasicLoginOptions): LoginMethod {
  const url = `${options.url.replace(/\/+$/, '')}/api/v1/connections?limit=1`;
  return {
    secretName: 'password',
    readSecret: options.readSecret,
    isSecretInHeader: true,
    async authorize(context, password, signal) {
      const pair = Buffer.from(`${options.username}:${password.reveal()}`).toString('base64');
      const header = new Secret(`Basic ${pair}`);
      const headers = { Authorization: header.reveal() };
      const request = { method: 'GET', url, headers, timeoutMs: LOGIN_TIMEOUT_MS, signal } as const;
      const response = await options.http.send(request);
      // What else may be wrong is reported by the request that needs the login.
      if (isLoginRejected(response) && hasAirflowFormat(response))
        throw rejectPassword(context, response.status);
      return { header };
    },
    toRejection: rejectPassword,
  };
}

function rejectPassword(context: RequestContext, status: number): RefreshFailure {
  const reason = 'rejected user name or password, or `[api] auth_backends` has no basic_auth';
  const remedy =
    'Fix the reference to the password, or the Airflow user; set AIRFLOW__API__AUTH_BACKENDS to ' +
    'airflow.api.auth.backend.basic_auth (its default accepts no password). Retried every 30 min, so that no ' +
    'account is locked.';
  return failure('StoreUnauthorized', context, reason, status, remedy);
}

/**
 * A token that someone else issues and renews: Astronomer, Cloud Composer, a sidecar. When it expires is not known: it is
 * used until it is rejected, and then read again.
 */
export function createBearerLogin(readSecret: ReadSecret): LoginMethod {
  return {
    secretName: 'token',
    readSecret,
    isSecretInHeader: true,
    async authorize(context, secret) {
      const token = secret.reveal().trim();
      // Node would reject it as a header, with a message that quotes it.
      if (!/^[\x21-\x7e]+$/.test(token)) {
        throw failure('StoreUnauthorized', context, 'the token contains invalid characters');
      }
      return { header: new Secret(`Bearer ${token}`) };
    },
    toRejection: (context, status) => failure('StoreUnauthorized', context, 'rejected the token', status),
    // Managed services require the token before anything of Airflow is reached, its version included.
    isAlwaysSent: true,
  };
}

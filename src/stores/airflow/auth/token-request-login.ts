// The login of `auth.tokenRequest`: `POST /auth/token` with a body that the auth manager of Airflow 3 defines.
import { Secret } from '../../../log/secret.js';
import type { ExtraHeader, HttpClient, HttpResponse } from '../../../net/http.js';
import type { RefreshFailure } from '../../../refresh/failures.js';
import { STORE_REMEDIES } from '../../../refresh/remedies/store.js';
import { failure } from '../response-errors.js';
import { hasAirflowFormat } from '../response-texts.js';
import type { RequestContext } from '../transport.js';
import { parseJwt, rejectJwt } from './login-methods.js';
import { LOGIN_TIMEOUT_MS, type LoginMethod, type ReadSecret } from './login.js';

export interface TokenRequestLogin {
  /** Base URL, without /api or /auth and without a trailing slash. */
  readonly url: string;
  /** Fields of the JSON body, each a string. */
  readonly body: readonly TokenField[];
  readonly headers: readonly ExtraHeader[];
  readonly http: HttpClient;
}

export interface TokenField {
  readonly name: string;
  readonly read: ReadSecret;
}

/** All values of a request. As JSON it is the secret of the login, so that a changed value is tried at once. */
interface Values {
  readonly json: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** @param getVersion the version of Airflow, if it is known */
export function createTokenRequestLogin(
  { url, body, headers, http }: TokenRequestLogin,
  getVersion: () => string | undefined,
): LoginMethod {
  return {
    secretName: 'token request',
    async readSecret() {
      const values: Values = { json: await readAll(body), headers: await readAll(headers) };
      return new Secret(JSON.stringify(values));
    },
    async authorize(context, secret, signal) {
      const values = JSON.parse(secret.reveal()) as Values;
      const request = { method: 'POST', url: `${url}/auth/token`, ...values } as const;
      const response = await http.send({ ...request, timeoutMs: LOGIN_TIMEOUT_MS, signal });
      const rejection = toRejection(context, response);
      if (rejection) throw rejection;
      return new Secret(`Bearer ${parseJwt(context, response, getVersion())}`);
    },
    toRejection: rejectJwt,
    isRenewedWhenForbidden: true,
  };
}

async function readAll(fields: readonly TokenField[]): Promise<Record<string, string>> {
  const entries = fields.map(async ({ name, read }) => [name, (await read()).reveal()] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** The responses that differ from those to user name and password. Their bodies may repeat the request. */
function toRejection(context: RequestContext, response: HttpResponse): RefreshFailure | undefined {
  const { status } = response;
  // Airflow's own server error is exactly 500.
  if (status === 500) {
    const reason = 'server error; Airflow may not reach its identity provider, such as Keycloak';
    return failure('StoreUnavailable', context, reason, status, STORE_REMEDIES.checkIdentityProvider);
  }
  if (!hasAirflowFormat(response)) return undefined;
  // Keycloak's auth manager returns 403 for a wrong secret, and so do others for 401.
  if (status === 401 || status === 403) {
    const reason = '`auth.tokenRequest` was rejected';
    return failure('StoreUnauthorized', context, reason, status, STORE_REMEDIES.fixTokenRequest);
  }
  if (status === 400 || status === 422) {
    const reason = 'the auth manager does not accept the fields of `auth.tokenRequest.body`';
    return failure('StoreRequestRejected', context, reason, status, STORE_REMEDIES.fixTokenRequestBody);
  }
  return undefined;
}

/** Airflow 2 has no `/auth/token`: each login fails. */
export function refuseTokenRequest(): LoginMethod {
  const fail = (context: RequestContext): RefreshFailure => {
    const reason = 'Airflow 2 issues no tokens, so that `auth.tokenRequest` cannot be used';
    return failure('StoreRequestRejected', context, reason, undefined, STORE_REMEDIES.usePassword);
  };
  return {
    secretName: 'token request',
    readSecret: () => new Secret('none'),
    authorize: (context) => Promise.reject(fail(context)),
    toRejection: fail,
  };
}

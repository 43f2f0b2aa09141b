// Chooses transport, login and API version for one configured Airflow instance. Sends no request before the first
// call: the worker must start even if Airflow is down.
import { RefreshFailure } from '../../refresh/failures.js';
import type { AwsSessions } from '../../aws/aws-sessions.js';
import type { ExtraHeader, HttpClient } from '../../net/http.js';
import { ApiVersion } from './api-version.js';
import { createBasicLogin, createBearerLogin, createJwtLogin } from './auth/login-methods.js';
import { AirflowLogin, type LoginMethod, type ReadSecret } from './auth/login.js';
import { createTokenRequestLogin, refuseTokenRequest, type TokenField } from './auth/token-request-login.js';
import { createHttpApi, withExtraHeaders } from './http-transport.js';
import { createMwaaTransport, type MwaaEnvironment } from './mwaa-transport.js';
import { AirflowStore } from './rest-store.js';
import type { AirflowApis, MajorVersion } from './transport.js';

export type AirflowAuth =
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  | {
      readonly kind: 'token-request';
      readonly body: readonly TokenField[];
      readonly headers: readonly ExtraHeader[];
    }
  | ({ readonly kind: 'mwaa' } & MwaaEnvironment);

export interface AirflowOptions {
  /** Name in the configuration, for messages. */
  readonly name: string;
  /** Base URL, including a sub-path, without /api/v2. Absent only with MWAA. */
  readonly url?: string;
  readonly auth: AirflowAuth;
  readonly version: 'auto' | MajorVersion;
  readonly headers: readonly ExtraHeader[];
  /** A client that trusts the CA of this Airflow instance. */
  readonly http: HttpClient;
  /** For Amazon MWAA. */
  readonly aws: AwsSessions;
  /** Milliseconds of any clock; only differences matter. */
  readonly now: () => number;
}

export function createAirflowStore(options: AirflowOptions): AirflowStore {
  const apis = createApis(options, () => version.detected);
  const version = new ApiVersion(options.name, options.version, apis);
  return new AirflowStore(options.name, version, apis[3].readPrincipal);
}

function createApis(options: AirflowOptions, getVersion: () => string | undefined): AirflowApis {
  const { name, auth, now } = options;
  if (auth.kind === 'mwaa') {
    const transport = createMwaaTransport(auth, options.http, options.aws);
    return { 2: { major: 2, ...transport }, 3: { major: 3, ...transport } };
  }
  if (options.url === undefined) throw new RefreshFailure('ConfigInvalid', `Airflow ${name} has no \`url\``);
  const url = options.url.replace(/\/+$/, '');
  const http = withExtraHeaders(name, options.http, options.headers);
  const createLogin = (method: LoginMethod): AirflowLogin => new AirflowLogin(name, method, now);
  const createBoth = (login2: AirflowLogin, login3: AirflowLogin): AirflowApis => ({
    2: createHttpApi(2, url, login2, http),
    3: createHttpApi(3, url, login3, http),
  });
  if (auth.kind === 'token') {
    const login = createLogin(createBearerLogin(auth.readToken));
    return createBoth(login, login);
  }
  if (auth.kind === 'token-request') {
    const method = createTokenRequestLogin({ ...auth, url, http }, getVersion);
    return createBoth(createLogin(refuseTokenRequest()), createLogin(method));
  }
  const settings = { ...auth, url, http };
  return createBoth(
    createLogin(createBasicLogin(settings)),
    createLogin(createJwtLogin(settings, getVersion)),
  );
}

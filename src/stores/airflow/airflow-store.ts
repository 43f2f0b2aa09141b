// Chooses transport, login and API version for one Airflow of the configuration. Nothing is requested before the first
// call: an Airflow that is down must not keep the worker from starting.
import { RefreshFailure } from '../../refresh/failures.js';
import type { AwsSessions } from '../../aws/aws-sessions.js';
import type { ExtraHeader, HttpClient } from '../../net/http.js';
import { ApiVersion } from './api-version.js';
import { createJwtLogin } from './auth/jwt.js';
import { AirflowLogin, type LoginMethod, type ReadSecret } from './auth/login.js';
import { createBasicLogin, createBearerLogin } from './auth/stored-secret.js';
import { withExtraHeaders } from './extra-headers.js';
import { createHttpTransport } from './http-transport.js';
import { createMwaaTransport } from './mwaa-transport.js';
import { AirflowStore } from './rest-store.js';
import type { AirflowTransport, MajorVersion } from './transport.js';

export type AirflowAuth =
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  | { readonly kind: 'mwaa'; readonly environment: string; readonly region: string };

export interface AirflowOptions {
  /** Name of the Airflow in the configuration, for messages. */
  readonly name: string;
  /** Base URL, a sub-path included, without /api/v2. Absent only with MWAA. */
  readonly url?: string;
  readonly auth: AirflowAuth;
  readonly version: 'auto' | MajorVersion;
  readonly headers: readonly ExtraHeader[];
  /** A client that trusts the CAs which this Airflow needs. */
  readonly http: HttpClient;
  /** For Amazon MWAA. */
  readonly aws: AwsSessions;
  /** Milliseconds of any clock; only differences count. */
  readonly now: () => number;
}

export function createAirflowStore(options: AirflowOptions): AirflowStore {
  const transports = createTransports(options, () => version.responded);
  const version = new ApiVersion(options.name, options.version, transports);
  return new AirflowStore(options.name, version);
}

function createTransports(
  options: AirflowOptions,
  getVersion: () => string | undefined,
): Readonly<Record<MajorVersion, AirflowTransport>> {
  const { name, auth, url } = options;
  if (auth.kind === 'mwaa') {
    // InvokeRestApi adds /api/v2 or /api/v1 itself.
    const transport = createMwaaTransport({ ...auth, http: options.http, aws: options.aws });
    return { 2: transport, 3: transport };
  }
  if (url === undefined) throw new RefreshFailure('ConfigInvalid', `Airflow ${name} has no url`);
  const http = withExtraHeaders(name, options.http, options.headers);
  const createLogin = (method: LoginMethod): AirflowLogin => new AirflowLogin(name, method, options.now);
  const createBoth = (login2: AirflowLogin, login3: AirflowLogin) => ({
    2: createHttpTransport({ url, apiPath: '/api/v1', login: login2, http }),
    3: createHttpTransport({ url, apiPath: '/api/v2', login: login3, http }),
  });
  if (auth.kind === 'token') {
    const login = createLogin(createBearerLogin(auth.readToken));
    return createBoth(login, login);
  }
  const settings = { url, username: auth.username, readSecret: auth.readPassword, http };
  return createBoth(
    createLogin(createBasicLogin(settings)),
    createLogin(createJwtLogin({ ...settings, getVersion })),
  );
}

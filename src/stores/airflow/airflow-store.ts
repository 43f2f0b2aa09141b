// Owns the choice of API version, transport and way to sign in for one Airflow of the configuration.
// Refuses to ask anything before the first call: an Airflow that is down must not keep the worker from starting.
import { RefreshFailure } from '../../refresh/failures.js';
import type { AwsSessions } from '../../aws/aws-sessions.js';
import type { ExtraHeader, HttpClient } from '../../net/http.js';
import { createAirflow2 } from './airflow-2.js';
import { createAirflow3 } from './airflow-3.js';
import type { AirflowTransport, RequestContext } from './transport.js';
import { createBasicCredential } from './auth/basic.js';
import { createBearerCredential } from './auth/bearer.js';
import { detectVersion, type MajorVersion } from './detect-version.js';
import { withExtraHeaders } from './extra-headers.js';
import { createHttpTransport } from './http-transport.js';
import { createMwaaTransport } from './mwaa-transport.js';
import { createJwtCredential } from './auth/jwt.js';
import type { AirflowStore } from './rest-api.js';
import type { ReadSecret } from './auth/read-secret.js';
import { singleFlight } from './single-flight.js';

/** Two requests of 30 s. */
const DETECTION_TIMEOUT_MS = 60_000;

/** How to sign in. */
export type AirflowLogin =
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  | { readonly kind: 'mwaa'; readonly environment: string; readonly region: string };

export interface AirflowOptions {
  /** Name of the Airflow in the configuration, for messages. */
  readonly name: string;
  /** Base URL, a sub-path included, without /api/v2. Absent with MWAA alone. */
  readonly url?: string;
  readonly auth: AirflowLogin;
  readonly version: 'auto' | MajorVersion;
  readonly headers: readonly ExtraHeader[];
  /** A client that trusts the authorities which this Airflow needs. */
  readonly http: HttpClient;
  /** For Amazon MWAA. */
  readonly aws: AwsSessions;
  /** Milliseconds of any clock; only differences count. */
  readonly now: () => number;
}

type Transports = Readonly<Record<MajorVersion, AirflowTransport>>;

/** One Airflow. Its version is asked for on first use, unless it is stated. */
export function createAirflowStore(options: AirflowOptions): AirflowStore {
  const transports = createTransports(options);
  const { name, version } = options;
  const apis: Readonly<Record<MajorVersion, AirflowStore>> = {
    2: createAirflow2({ name, transport: transports[2] }),
    3: createAirflow3({ name, transport: transports[3] }),
  };
  return version === 'auto' ? detectingApi(name, transports, apis) : apis[version];
}

/** Keeps the version that it found until Airflow rejects a request: then it may have been upgraded. */
function detectingApi(
  name: string,
  transports: Transports,
  apis: Readonly<Record<MajorVersion, AirflowStore>>,
): AirflowStore {
  const attempt: RequestContext = { airflow: name, action: 'GET version' };
  let found: AirflowStore | undefined;
  const detect = singleFlight(attempt, DETECTION_TIMEOUT_MS, async () => {
    const distinct = [...new Set([transports[3], transports[2]])];
    found = apis[await detectVersion(name, distinct, new AbortController().signal)];
    return found;
  });

  async function call<T>(signal: AbortSignal, run: (api: AirflowStore) => Promise<T>): Promise<T> {
    const api = found ?? (await detect(signal));
    try {
      return await run(api);
    } catch (error) {
      if (error instanceof RefreshFailure && error.type === 'StoreRequestRejected') found = undefined;
      throw error;
    }
  }

  return {
    check: (signal) => call(signal, (api) => api.check(signal)),
    read: (id, signal) => call(signal, (api) => api.read(id, signal)),
    readPage: (page, signal) => call(signal, (api) => api.readPage(page, signal)),
    maxRecordsPerWrite: (bytes, signal) => call(signal, (api) => api.maxRecordsPerWrite(bytes, signal)),
    write: (records, password, signal) => call(signal, (api) => api.write(records, password, signal)),
    create: (connection, password, signal) => call(signal, (api) => api.create(connection, password, signal)),
    readVariable: (key, signal) => call(signal, (api) => api.readVariable(key, signal)),
    // Not worth a detection, which may fail: whoever looks for shadows has read connections before.
    findOverrides: async (connections, signal) =>
      found ? found.findOverrides(connections, signal) : { backends: [], hidden: [] },
  };
}

function createTransports(options: AirflowOptions): Transports {
  const { name, auth } = options;
  if (auth.kind === 'mwaa') {
    // InvokeRestApi adds /api/v2 or /api/v1 itself.
    const transport = createMwaaTransport({ ...auth, http: options.http, aws: options.aws });
    return { 2: transport, 3: transport };
  }
  const { url } = options;
  if (url === undefined) throw new RefreshFailure('ConfigInvalid', `Airflow ${name} has no url`);
  const http = withExtraHeaders(name, options.http, options.headers);
  const [session2, session3] =
    auth.kind === 'token'
      ? twice(createBearerCredential({ ...auth, name }))
      : [
          createBasicCredential({ ...auth, name }),
          createJwtCredential({ ...auth, name, url, http, now: options.now }),
        ];
  return {
    2: createHttpTransport({ url, apiPath: '/api/v1', session: session2, http }),
    3: createHttpTransport({ url, apiPath: '/api/v2', session: session3, http }),
  };
}

function twice<T>(value: T): readonly [T, T] {
  return [value, value];
}

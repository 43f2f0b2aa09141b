// Something in front of Airflow responds instead of Airflow: an ingress without ready endpoints, a login page, a
// captive proxy. At every place where the worker sends a request, this counts as temporary.
import assert from 'node:assert/strict';
import { AwsSessions } from '../../../src/aws/aws-sessions.js';
import { Secret } from '../../../src/log/secret.js';
import { createHttpClient } from '../../../src/net/http.js';
import { failureEntry, RefreshFailure } from '../../../src/refresh/failures.js';
import { DEFAULT_PRINCIPAL } from '../../../src/refresh/token-group.js';
import type { AirflowOptions } from '../../../src/stores/airflow/airflow-store.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { logIn } from '../../../sandbox/airflow/rest.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import type { Fault } from '../../support/fault.js';
import { startMwaaStandIn, type MwaaStandIn } from '../../support/mwaa.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import { anySignal, NO_PROXY_VARIABLES, setEnvironment } from '../../support/local-server.js';
import { connect, NEW, PASSWORD } from './connect.js';

const TOKEN = 'ecr-password-that-must-not-show';
const SECRETS = [TOKEN, PASSWORD];
const ID = 'docker_default';
const OTHER_ID = 'other';

interface Foreign {
  readonly status: number;
  /** Default: an HTML page. */
  readonly body?: string | object;
  readonly location?: string;
}

const PROBLEM = { type: 'https://gateway.invalid/errors', title: 'Forbidden', detail: TOKEN };

const FOREIGN: readonly Foreign[] = [
  // Pages: of a login, an ingress, a web application firewall.
  ...[200, 201, 400, 401, 403, 404, 405, 407, 409, 418, 451, 502, 520].map(toPage),
  // Text: of Traefik, the default backend of ingress-nginx, Envoy.
  { status: 404, body: '404 page not found\n' },
  { status: 404, body: 'default backend - 404' },
  { status: 503, body: 'no healthy upstream' },
  { status: 204, body: '' },
  // JSON of gateways and of other services.
  { status: 200, body: { status: 'ok', message: TOKEN } },
  { status: 200, body: [] },
  { status: 401, body: { message: 'Unauthorized' } },
  { status: 403, body: { message: 'Forbidden' } },
  { status: 403, body: { detail: TOKEN, code: 7 } },
  { status: 403, body: { ...PROBLEM, status: 403 } },
  { status: 404, body: { error: 'not found' } },
  { status: 404, body: { detail: 'Not Found' } },
  { status: 404, body: { message: 'The connection was not found' } },
  { status: 502, body: { ...PROBLEM, status: 502 } },
  // Redirects: to a login page on another host and on the same, to https, to another path.
  { status: 302, location: `https://login.invalid/?x=${TOKEN}` },
  { status: 303, location: '/oauth2/start' },
  { status: 301, location: 'https://127.0.0.1/same' },
  { status: 308, location: '/same/' },
  { status: 307 },
];

function toPage(status: number): Foreign {
  return { status };
}

function toFault({ status, body = `<html>${TOKEN}</html>`, location }: Foreign): Fault {
  return { status, body, headers: location === undefined ? {} : { location } };
}

/** As MWAA returns what the web server of an environment responded. */
function toWrapped(foreign: Foreign): Fault {
  const { status, body } = toFault(foreign);
  const wrapped = { RestApiStatusCode: status, RestApiResponse: body };
  if (foreign.status < 400) return { status: 200, body: wrapped };
  return { status: 400, body: wrapped, headers: { 'x-amzn-ErrorType': 'RestApiClientException' } };
}

interface Place {
  readonly title: string;
  /** Whether a request is the one that gets the foreign response. */
  readonly isOf: (method: string, path: string) => boolean;
  readonly call: (store: AirflowStore) => Promise<unknown>;
}

const VERSION: Place = {
  title: 'the version',
  isOf: (_method, path) => path.endsWith('/version'),
  call: (store) => store.check(anySignal()),
};
const LOGIN_3: Place = {
  title: 'the login',
  isOf: (_method, path) => path === '/auth/token',
  call: (store) => store.read(ID, anySignal()),
};
const LOGIN_2: Place = {
  title: 'the login',
  isOf: (method, path) => method === 'GET' && path.endsWith('/connections'),
  call: (store) => store.read(ID, anySignal()),
};
const BULK_WRITE: Place = {
  title: 'a bulk write',
  isOf: (method) => method === 'PATCH',
  call: (store) =>
    store.write([dockerConnection(), dockerConnection({ id: OTHER_ID })], new Secret(TOKEN), anySignal()),
};
const READ: Place = {
  title: 'a read',
  isOf: (method, path) => method === 'GET' && path.endsWith(ID),
  call: (store) => store.read(ID, anySignal()),
};
const PLACES: readonly Place[] = [
  READ,
  {
    title: 'the list',
    isOf: (method, path) => method === 'GET' && path.endsWith('/connections'),
    call: (store) => store.readPage({ pattern: '*', offset: 0, limit: 100 }, anySignal()),
  },
  {
    title: 'a write',
    isOf: (method) => method === 'PATCH',
    call: (store) => store.write([dockerConnection()], new Secret(TOKEN), anySignal()),
  },
  {
    title: 'a creation',
    isOf: (method, path) => method === 'POST' && path.endsWith('/connections'),
    call: (store) => store.create(NEW, new Secret(TOKEN), anySignal()),
  },
  {
    title: 'a Variable',
    isOf: (method, path) => method === 'GET' && path.includes('/variables/'),
    call: (store) => store.readVariable('account', anySignal()),
  },
];

interface Setup {
  readonly title: string;
  readonly airflow: string;
  readonly options: Partial<AirflowOptions>;
  readonly places: readonly Place[];
}

const SETUPS: readonly Setup[] = [
  {
    title: 'Airflow 3',
    airflow: '3.3.2',
    options: {},
    places: [VERSION, LOGIN_3, ...PLACES, BULK_WRITE],
  },
  {
    title: 'Airflow 3 with `version: 3`',
    airflow: '3.3.2',
    options: { version: 3 },
    places: [VERSION, LOGIN_3, READ],
  },
  { title: 'Airflow 2', airflow: '2.10.5', options: {}, places: [VERSION, LOGIN_2, ...PLACES] },
  {
    title: 'Airflow 2 with `version: 2`',
    airflow: '2.10.5',
    options: { version: 2 },
    places: [VERSION, LOGIN_2, READ],
  },
];

/**
 * Calls a place once with each foreign response and once without. Returns what is wrong, a line for each: the failure
 * must be temporary, and must not blame anything but what is in front of the service.
 */
async function findMistakes(
  { title, call }: Place,
  open: () => AirflowStore,
  setFault: (foreign: Foreign | undefined) => void,
  expected: RegExp,
): Promise<readonly string[]> {
  const mistakes: string[] = [];
  for (const foreign of FOREIGN) {
    const store = open();
    const name = `${title}: ${foreign.status} ${JSON.stringify(foreign.body ?? foreign.location ?? 'page')}`;
    setFault(foreign);
    const error: unknown = await call(store).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    setFault(undefined);
    if (error === undefined) {
      // The check of a password for Airflow 2 leaves other responses to the request that needs the login.
      if (call !== LOGIN_2.call || foreign.status >= 300) mistakes.push(`${name}: did not fail`);
      continue;
    }
    if (!(error instanceof RefreshFailure)) throw error;
    const { type, message, remedy } = error;
    const { retryable, retryAfterMinutes } = failureEntry(type);
    if (!retryable || retryAfterMinutes !== undefined) mistakes.push(`${name}: ${type} is not retried soon`);
    if (type !== 'StoreUnavailable') mistakes.push(`${name}: ${type}`);
    if (!expected.test(message)) mistakes.push(`${name}: ${message}`);
    if (/password|user name|not authorized|not allowed/.test(message + remedy))
      mistakes.push(`${name}: blames ${message} ${remedy}`);
    if (SECRETS.some((secret) => (message + remedy).includes(secret)))
      mistakes.push(`${name}: shows a secret`);
    // The next attempt succeeds at once: nothing was remembered.
    await call(store).catch((reason: unknown) => mistakes.push(`${name}: afterwards ${String(reason)}`));
  }
  return mistakes;
}

describe('a response that is not from Airflow', function () {
  this.timeout(60_000);
  const http = createHttpClient({ version: '0' });
  let airflow: AirflowStandIn;
  let mwaa: MwaaStandIn | undefined;
  let restore = (): void => {};

  beforeEach(() => {
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ENDPOINT_URL_MWAA: undefined,
    });
  });
  afterEach(async () => {
    restore();
    await mwaa?.stop();
    await airflow.stop();
    mwaa = undefined;
  });

  async function start(version: string): Promise<void> {
    airflow = await startAirflowStandIn({
      version,
      users: [{ username: 'op', password: PASSWORD, role: 'op' }],
      connections: [ID, OTHER_ID].map((id) => ({
        connection_id: id,
        conn_type: 'docker',
        host: 'registry.example.com',
        login: 'AWS',
      })),
      variables: { account: '123456789012' },
    });
  }

  for (const { title, airflow: version, options, places } of SETUPS) {
    for (const place of places) {
      it(`is temporary for ${place.title} of ${title}`, async () => {
        await start(version);
        const setFault = (foreign: Foreign | undefined): void =>
          airflow.setFault(({ method, path }) =>
            foreign && place.isOf(method, path) ? toFault(foreign) : undefined,
          );
        const open = (): AirflowStore => connect(airflow.url, { ...options, http });
        const expected = /not from Airflow|in front of (it|Airflow)|does not exist; check that the proxy/;
        assert.deepEqual(await findMistakes(place, open, setFault, expected), []);
      });
    }
  }

  for (const { where, toFaultOfMwaa, expected } of [
    {
      where: 'is replaced',
      toFaultOfMwaa: toFault,
      expected: /not from AWS|in front of (MWAA|it)$|server error from AWS or a proxy in front of it/,
    },
    {
      where: 'wraps it',
      toFaultOfMwaa: toWrapped,
      expected: /not from Airflow|proxy in front of it|the web server of the MWAA environment is unavailable/,
    },
  ]) {
    for (const place of [VERSION, ...PLACES, BULK_WRITE]) {
      it(`is temporary for ${place.title} of MWAA, whose response ${where}`, async () => {
        await start('3.3.2');
        const standIn = await startMwaaStandIn({
          environment: 'data-team',
          region: 'eu-central-1',
          api: `${airflow.url}/api/v2`,
          authorize: () => logIn({ url: airflow.url, username: 'op', password: PASSWORD }),
        });
        mwaa = standIn;
        setEnvironment(standIn.env);
        const aws = new AwsSessions();
        const auth = {
          kind: 'mwaa',
          environment: 'data-team',
          region: 'eu-central-1',
          principal: DEFAULT_PRINCIPAL,
        } as const;
        const open = (): AirflowStore => connect('', { auth, aws, http });
        const setFault = (foreign: Foreign | undefined): void =>
          standIn.setFault(({ method, path }) =>
            foreign && place.isOf(method, path) ? toFaultOfMwaa(foreign) : undefined,
          );
        assert.deepEqual(await findMistakes(place, open, setFault, expected), []);
      });
    }
  }
});

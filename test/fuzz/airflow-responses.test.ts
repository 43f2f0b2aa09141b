// Responses of Airflow, of AWS for MWAA, and of what is in front of them, through the store and the logins.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Secret } from '../../src/log/secret.js';
import type { HttpClient, HttpResponse } from '../../src/net/http.js';
import { checkConnection, type ConnectionRecord } from '../../src/refresh/check-connection.js';
import { describeIdProblem, isConnectionId, showId } from '../../src/refresh/connection-id.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { readReauth } from '../../src/refresh/reauth.js';
import { ApiVersion } from '../../src/stores/airflow/api-version.js';
import { createAirflowStore, type AirflowOptions } from '../../src/stores/airflow/airflow-store.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { AirflowStore } from '../../src/stores/airflow/rest-store.js';
import type { AirflowApi } from '../../src/stores/airflow/transport.js';
import { NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import {
  CANARY,
  TIMEOUT_MS,
  assertHidden,
  check,
  checkAsync,
  json,
  mutated,
  mutatedJson,
  settle,
  text,
  toText,
} from './hostile.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const SHOWN = {
  connection_id: 'a',
  conn_type: 'docker',
  host: HOST,
  login: 'AWS',
  port: null,
  schema: null,
  extra: '{"reauth": true}',
  description: null,
  password: CANARY,
};
const NOT_FOUND = 'The Connection with connection_id: `a` was not found';
const BODIES = [
  SHOWN,
  { connections: [SHOWN, { ...SHOWN, connection_id: 'b' }], total_entries: 2 },
  { version: '3.3.2', git_version: null },
  { key: 'account', value: '123456789012', description: null },
  { update: { success: ['a'], errors: [{ error: `{'b'} ${CANARY}`, status_code: 404 }] } },
  { detail: NOT_FOUND },
  { detail: [{ loc: ['body'], msg: CANARY, input: { password: CANARY } }] },
  { detail: 'Invalid JWT token' },
  { title: 'Connection not found', status: 404, type: 'about:blank', detail: NOT_FOUND },
  { error: 'API route not found' },
  { access_token: CANARY },
  { RestApiStatusCode: 200, RestApiResponse: SHOWN },
  { __type: 'com.amazon#ResourceNotFoundException', message: CANARY },
  { RestApiStatusCode: 404, RestApiResponse: { detail: NOT_FOUND } },
];
const STATUS = fc.constantFrom(
  200,
  200,
  200,
  201,
  204,
  400,
  401,
  403,
  404,
  405,
  409,
  422,
  429,
  500,
  502,
  503,
);

interface Given {
  readonly status: number;
  readonly body: unknown;
  readonly errorType: string | undefined;
}

const RESPONSES: fc.Arbitrary<readonly Given[]> = fc.array(
  fc.record({
    status: STATUS,
    body: mutatedJson(...BODIES),
    errorType: fc.option(
      mutated('RestApiClientException:http://internal/', 'AccessDeniedException', `com.amazon#X${CANARY}`),
      { nil: undefined },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

/** Returns these responses, one after the other, and again. */
function createHttp(responses: readonly Given[]): HttpClient {
  let count = 0;
  return {
    send(): Promise<HttpResponse> {
      const { status, body, errorType } = responses[count++ % responses.length] as Given;
      const header = (name: string) => (name === 'x-amzn-errortype' ? errorType : undefined);
      return Promise.resolve({ status, text: toText(body), json: body, header });
    },
  };
}

const NO_SECRETS = {
  name: 'main',
  url: 'https://airflow.example.com',
  version: 'auto',
  headers: [],
  now: () => 0,
} as const;

const LOGINS: Readonly<Record<string, AirflowOptions['auth']>> = {
  'a password': { kind: 'password', username: 'op', readPassword: () => new Secret(CANARY) },
  'a token': { kind: 'token', readToken: () => new Secret(CANARY) },
  'a token request': {
    kind: 'token-request',
    body: [{ name: 'client_secret', read: () => new Secret(CANARY) }],
    headers: [],
  },
  MWAA: {
    kind: 'mwaa',
    environment: 'prod',
    region: 'us-east-1',
    principal: { kind: 'default', name: 'default' },
  },
};

describe('fuzzed: responses of Airflow', function () {
  this.timeout(TIMEOUT_MS);
  let restore = (): void => {};
  before(() => {
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: 'key',
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_MWAA: undefined,
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
  });
  after(() => restore());

  for (const [login, auth] of Object.entries(LOGINS)) {
    it(`are read, or are a failure without any part of them, with ${login}`, async () => {
      await checkAsync(
        fc.tuple(RESPONSES, fc.constantFrom<'auto' | 2 | 3>('auto', 2, 3)),
        async ([responses, version]) => {
          const http = createHttp(responses);
          const store = createAirflowStore({ ...NO_SECRETS, auth, http, version, aws: new AwsSessions() });
          for (const result of await callAll(store)) if (result instanceof Error) assertHidden(result);
        },
        { share: login === 'MWAA' ? 0.2 : 0.5 },
      );
    });
  }

  /** Without a login in between, so that every body reaches its parser. */
  const direct = (major: 2 | 3, status: number, body: unknown): AirflowStore => {
    const api: AirflowApi = {
      major,
      bulk: { connections: 50, bytes: 100_000 },
      send: (request) => Promise.resolve({ request, status, json: body }),
    };
    return new AirflowStore('main', new ApiVersion('main', major, { 2: api, 3: api }), undefined);
  };

  it('that are a connection are the one that was requested', async () => {
    await checkAsync(fc.tuple(STATUS, mutatedJson(...BODIES)), async ([status, body]) => {
      for (const major of [2, 3] as const) {
        const [read, , page] = await callAll(direct(major, status, body));
        if (read instanceof Error) assertHidden(read);
        else if (read !== undefined) assert.equal((read as ConnectionRecord).id, 'a');
        if (page instanceof Error) assertHidden(page);
      }
    });
  });

  it('for any id are read, or rejected before a request', async () => {
    const signal = new AbortController().signal;
    await checkAsync(
      fc.oneof(mutated('docker_default', 'équipe.a-b'), text()),
      async (id) => {
        const store = direct(3, 404, { detail: NOT_FOUND });
        await settle(store.read(id, signal), RefreshFailure);
        await settle(store.readVariable(id, signal), RefreshFailure);
      },
      { examples: ['\ud800', '..'] },
    );
  });
});

async function callAll(store: AirflowStore): Promise<readonly unknown[]> {
  const { signal } = new AbortController();
  const record: ConnectionRecord = {
    id: 'a',
    type: 'docker',
    host: HOST,
    login: 'AWS',
    port: null,
    schema: null,
    extra: null,
    description: null,
  };
  const token = new Secret(CANARY);
  return [
    await settle(store.read('a', signal), RefreshFailure),
    await settle(store.check(signal), RefreshFailure),
    await settle(store.readPage({ pattern: 'a*', offset: 0, limit: 2 }, signal), RefreshFailure),
    await settle(store.write([record], token, signal), RefreshFailure),
    await settle(store.write([record, { ...record, id: 'b' }], token, signal), RefreshFailure),
    await settle(store.create({ id: 'a', host: HOST, description: '' }, token, signal), RefreshFailure),
    await settle(store.readVariable('account', signal), RefreshFailure),
    await settle(store.findOverrides([{ ...record }], signal), RefreshFailure),
  ];
}

describe('fuzzed: a connection', function () {
  this.timeout(TIMEOUT_MS);
  const nullable = (value: fc.Arbitrary<string>) => fc.option(value, { nil: null });
  const EXTRAS = [
    '{"reauth": true}',
    '{"reauth": "no", "a": NaN}',
    '{"reauth": "NaN"}',
    '{"__proto__": {"reauth": false}}',
  ];
  const connection: fc.Arbitrary<ConnectionRecord> = fc.record({
    id: text(),
    type: mutated('docker'),
    host: nullable(mutated(HOST, `https://${HOST}/v2`, `AWS:${CANARY}@${HOST}`, 'public.ecr.aws')),
    login: nullable(fc.oneof({ weight: 5, arbitrary: fc.constant('AWS') }, mutated('AWS'))),
    port: fc.option(fc.oneof(fc.constantFrom(0, 443, -1, 2 ** 53 - 1), fc.integer()), { nil: null }),
    schema: nullable(text()),
    extra: nullable(mutated(...EXTRAS)),
    description: nullable(text()),
  });

  it('is written only for a registry that it names exactly', () => {
    check(connection, (given) => {
      const result = checkConnection(given);
      if (!result.writable) {
        if (given.host?.includes('@') && !given.login?.includes(CANARY) && !given.type.includes(CANARY))
          assertHidden(result);
        return;
      }
      assert.equal(given.login, 'AWS');
      assert.ok(given.host?.toLowerCase().includes(result.registry));
      // Docker ignores a path, and with it the port behind it.
      assert.ok(!given.port || given.host?.includes('/'));
    });
  });

  it('has an extra that is read as JSON of Python, whatever it contains', () => {
    check(fc.oneof(mutated(...EXTRAS), json().map(toText)), (extra) => {
      assert.ok([true, false, 'no object', 'unknown'].includes(readReauth(extra)));
    });
  });

  it('has an id that is valid or whose problem is described, and can be shown', () => {
    check(fc.oneof(mutated('docker_default', 'équipe.a-b'), text()), (id) => {
      assert.equal(isConnectionId(id), describeIdProblem(id) === undefined);
      assert.doesNotMatch(showId(id), /[\p{Cc}\p{Cs}\p{Bidi_Control}]/u);
      if (isConnectionId(id)) encodeURIComponent(id);
    });
  });
});

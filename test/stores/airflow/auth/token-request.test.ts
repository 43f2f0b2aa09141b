import assert from 'node:assert/strict';
import { RefreshFailure, type FailureType } from '../../../../src/refresh/failures.js';
import { Secret } from '../../../../src/log/secret.js';
import type { AirflowStore } from '../../../../src/stores/airflow/rest-store.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../../support/local-server.js';
import { connect } from '../connect.js';

const FIRST = 'first-assertion-that-must-not-show';
const SECOND = 'second-assertion-that-must-not-show';
const KEY = 'login-header-that-must-not-show';
const SECRETS = [FIRST, SECOND, KEY];
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

describe('AirflowStore with a token request', () => {
  let server: LocalServer;
  let assertion: () => Secret;
  let logIn: Answer;
  let version: string;
  let clockMs: number;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    assertion = () => new Secret(FIRST);
    version = '3.3.2';
    clockMs = 0;
    logIn = (_request, response) => answerJson(response, 201, { access_token: 'jwt' });
    server = await startServer((request, response) => {
      if (request.path === '/auth/token') return logIn(request, response);
      const major = version.startsWith('2.') ? 'v1' : 'v2';
      if (request.path === `/api/${major}/version`) return answerJson(response, 200, { version });
      if (!request.path.startsWith(`/api/${major}/`)) return answerJson(response, 404, { error: 'no route' });
      if (request.headers.authorization === 'Bearer jwt') return answerJson(response, 200, { value: 'v' });
      return answerJson(response, 401, { detail: 'Not authenticated' });
    });
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function open(): AirflowStore {
    return connect(server.url, {
      auth: {
        kind: 'token-request',
        body: [
          { name: 'grant_type', read: () => new Secret(GRANT) },
          { name: 'assertion', read: () => assertion() },
        ],
        headers: [{ name: 'X-Login', read: () => new Secret(KEY) }],
      },
      headers: [{ name: 'X-Team', read: () => new Secret('data') }],
      now: () => clockMs,
    });
  }

  const read = (store: AirflowStore): Promise<string | undefined> => store.readVariable('x', anySignal());

  function listLogins(): string[] {
    return server.requests.filter(({ path }) => path === '/auth/token').map(({ body }) => body);
  }

  /** Rejects the first assertion, as Keycloak's auth manager does. */
  const rejectFirst: Answer = (request, response) => {
    const isFirst = request.body.includes(FIRST);
    if (isFirst) answerJson(response, 403, { detail: 'Invalid Keycloak assertion' });
    else answerJson(response, 201, { access_token: 'jwt' });
  };

  it('sends body and headers as JSON to /auth/token, and the headers to nothing else', async () => {
    assert.equal(await read(open()), 'v');
    const [login] = server.requests.filter(({ path }) => path === '/auth/token');
    assert.equal(login?.method, 'POST');
    assert.deepEqual(JSON.parse(login.body), { grant_type: GRANT, assertion: FIRST });
    assert.equal(login.headers['content-type'], 'application/json');
    assert.deepEqual([login.headers['x-login'], login.headers['x-team']], [KEY, 'data']);
    const others = server.requests.filter(({ path }) => path !== '/auth/token');
    assert.ok(others.length > 0 && others.every(({ headers }) => headers['x-login'] === undefined));
  });

  it('does not send a rejected secret again for 30 minutes, and a replaced one immediately', async () => {
    logIn = rejectFirst;
    const store = open();
    const first = await expectFailure(read(store), 'StoreUnauthorized', SECRETS);
    assert.equal(first.message, 'Airflow main: 403 on login: `auth.tokenRequest` was rejected');
    assert.match(first.remedy, /`auth\.tokenRequest`.*`client_id` must be the client that Airflow uses/);
    clockMs += 30 * 60_000 - 1;
    assert.equal(await expectFailure(read(store), 'StoreUnauthorized', SECRETS), first);
    assert.equal(listLogins().length, 1);
    assertion = () => new Secret(SECOND);
    assert.equal(await read(store), 'v');
    assert.equal(listLogins().length, 2);
  });

  it('reports a reference that can no longer be read', async () => {
    assertion = () => {
      throw new RefreshFailure(
        'ConfigInvalid',
        'airflows[0].auth.tokenRequest.body.assertion: file is empty',
      );
    };
    const { message } = await expectFailure(read(open()), 'ConfigInvalid', SECRETS);
    assert.match(message, /auth\.tokenRequest\.body\.assertion/);
    assert.deepEqual(listLogins(), []);
  });

  it('reports that Airflow 2 cannot be used', async () => {
    version = '2.10.5';
    const { message, remedy } = await expectFailure(read(open()), 'StoreRequestRejected', SECRETS);
    assert.match(message, /Airflow 2 issues no tokens/);
    assert.match(remedy, /`username` and `password`/);
    assert.deepEqual(listLogins(), []);
  });

  const rejections: readonly {
    title: string;
    type: FailureType;
    pattern: RegExp;
    answer: Answer;
    isSentAgain: boolean;
  }[] = [
    {
      title: 'a body that the auth manager does not know',
      type: 'StoreRequestRejected',
      pattern: /422 on login: the auth manager does not accept the fields of `auth\.tokenRequest\.body`/,
      answer: (request, response) => answerJson(response, 422, { detail: [{ input: request.body }] }),
      isSentAgain: true,
    },
    {
      title: '401',
      type: 'StoreUnauthorized',
      pattern: /401 on login: `auth\.tokenRequest` was rejected/,
      answer: (request, response) => answerJson(response, 401, { detail: request.body }),
      isSentAgain: false,
    },
    {
      title: '500, as when Airflow does not reach Keycloak',
      type: 'StoreUnavailable',
      pattern: /500 on login: server error; Airflow may not reach its identity provider/,
      answer: (_request, response) => response.writeHead(500).end('Internal Server Error'),
      isSentAgain: true,
    },
    {
      title: 'the login page of a proxy with 403',
      type: 'StoreUnavailable',
      pattern: /this 403 is not from Airflow/,
      answer: (_request, response) => answerHtml(response, 403),
      isSentAgain: true,
    },
    {
      title: 'a response without a token',
      type: 'StoreUnavailable',
      pattern: /not from Airflow's/,
      answer: (_request, response) => answerJson(response, 201, { token: 'jwt' }),
      isSentAgain: true,
    },
  ];
  for (const { title, type, pattern, answer, isSentAgain } of rejections) {
    it(`reports ${type} for ${title}, and ${isSentAgain ? 'retries' : 'does not retry'} the login`, async () => {
      logIn = answer;
      const store = open();
      const { message } = await expectFailure(read(store), type, SECRETS);
      assert.match(message, pattern);
      await expectFailure(read(store), type, SECRETS);
      assert.equal(listLogins().length, isSentAgain ? 2 : 1);
    });
  }
});

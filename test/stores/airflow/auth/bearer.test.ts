import assert from 'node:assert/strict';
import { RefreshFailure, type FailureType } from '../../../../src/refresh/failures.js';
import { Secret } from '../../../../src/log/secret.js';
import { createBearerLogin } from '../../../../src/stores/airflow/auth/login-methods.js';
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

const FIRST = 'first-secret-that-must-not-show';
const SECOND = 'second-secret-that-must-not-show';
const SECRETS = [FIRST, SECOND];

describe('AirflowStore with a bearer token', () => {
  let server: LocalServer;
  let read: () => Secret;
  let reject: Answer;
  let store: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    read = () => new Secret(FIRST);
    let accepted = FIRST;
    server = await startServer((request, response) => {
      if (request.headers.authorization === `Bearer ${accepted}`) answerJson(response, 200, { value: 'v' });
      else reject(request, response);
      accepted = SECOND;
    });
    store = connect(server.url, { version: 3, auth: { kind: 'token', readToken: () => read() } });
    assert.equal(await store.readVariable('x', anySignal()), 'v');
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  const rejections: readonly { title: string; reply: Answer; type: FailureType }[] = [
    {
      title: 'a redirect to a login page',
      reply: (_request, response) => response.writeHead(302, { location: 'https://login.invalid/' }).end(),
      type: 'StoreUnavailable',
    },
    {
      title: 'an HTML page and 403',
      reply: (_request, response) => answerHtml(response, 403),
      type: 'StoreUnavailable',
    },
    {
      title: 'a login page and 200',
      reply: (_request, response) => answerHtml(response, 200),
      type: 'StoreUnavailable',
    },
  ];
  for (const { title, reply, type } of rejections) {
    it(`uses a new token after a proxy has rejected the old one with ${title}`, async () => {
      reject = reply;
      await expectFailure(store.readVariable('x', anySignal()), type, SECRETS);
      read = () => new Secret(SECOND);
      assert.equal(await store.readVariable('x', anySignal()), 'v');
    });
  }

  for (const { title, broken } of [
    { title: 'empty', broken: () => new Secret('') },
    {
      title: 'missing',
      broken: (): Secret => {
        throw new RefreshFailure('ConfigInvalid', 'the file does not exist');
      },
    },
  ]) {
    it(`keeps the token in use while its file is ${title}`, async () => {
      reject = (_request, response) => answerJson(response, 401, { detail: null });
      read = () => new Secret(SECOND);
      assert.equal(await store.readVariable('x', anySignal()), 'v');
      read = broken;
      assert.equal(await store.readVariable('x', anySignal()), 'v');
    });
  }
});

describe('createBearerLogin', () => {
  const context = { airflow: 'main', action: 'login' };

  async function authorize(token: string): Promise<string> {
    const login = createBearerLogin(() => new Secret(token));
    return (await login.authorize(context, new Secret(token), anySignal())).reveal();
  }

  it('ignores a line break at the end of the token', async () => {
    assert.equal(await authorize(`${FIRST}\n`), `Bearer ${FIRST}`);
  });

  for (const token of [`${FIRST} ${SECOND}`, `${FIRST}\r\nX-Other: 1`, `${FIRST}é`]) {
    it(`rejects the token ${JSON.stringify(token.replaceAll(FIRST, 'token').replaceAll(SECOND, 'more'))}`, async () => {
      await expectFailure(authorize(token), 'StoreUnauthorized', SECRETS);
    });
  }

  it('is also sent for the version, which a managed service may protect', () => {
    assert.equal(createBearerLogin(() => new Secret(FIRST)).isAlwaysSent, true);
  });
});

// API servers with different JWT secrets behind one address: each rejects the tokens of the others.
import assert from 'node:assert/strict';
import { failureEntry } from '../../../../src/refresh/failures.js';
import type { AirflowStore } from '../../../../src/stores/airflow/rest-store.js';
import {
  answerJson,
  anySignal,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
} from '../../../support/local-server.js';
import { connect, PASSWORD } from '../connect.js';

describe('API servers with different JWT secrets', () => {
  let server: LocalServer;
  let store: AirflowStore;
  let count: number;
  /** Returns the number of the server that gets the next request. */
  let choose: () => number;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    count = 0;
    choose = () => (count += 1) % 2;
    let issued = 0;
    server = await startServer((request, response) => {
      const chosen = choose();
      if (request.path === '/api/v2/version') return answerJson(response, 200, { version: '3.3.2' });
      if (request.path === '/auth/token') {
        return answerJson(response, 201, { access_token: `${chosen}-${(issued += 1)}` });
      }
      const isOwn = request.headers.authorization?.startsWith(`Bearer ${chosen}-`);
      if (!isOwn) return answerJson(response, 403, { detail: 'Invalid JWT token' });
      return answerJson(response, 200, { value: 'v' });
    });
    store = connect(server.url);
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  const read = (): Promise<string | undefined> => store.readVariable('x', anySignal());

  function countLogins(): number {
    return server.requests.filter(({ path }) => path === '/auth/token').length;
  }

  for (const version of ['auto', 3] as const) {
    it(`do not stop a request when two of them take turns, with version ${version}`, async () => {
      store = connect(server.url, { version });
      for (let times = 0; times < 5; times += 1) assert.equal(await read(), 'v');
      assert.ok(countLogins() <= 2, `${countLogins()} logins`);
    });
  }

  it('do not stop concurrent requests, and cause few logins', async () => {
    for (let round = 0; round < 4; round += 1) {
      const values = await Promise.all(Array.from({ length: 5 }, read));
      assert.deepEqual(new Set(values), new Set(['v']));
    }
    assert.ok(countLogins() <= 6, `${countLogins()} logins`);
  });

  it('do not stop requests when three of them are chosen at random', async () => {
    let seed = 7;
    choose = () => Math.floor((seed = (seed * 16_807) % 2_147_483_647) / 7) % 3;
    let succeeded = 0;
    for (let times = 0; times < 20; times += 1)
      succeeded += await read().then(
        () => 1,
        () => 0,
      );
    assert.ok(succeeded >= 18, `${succeeded} of 20`);
    assert.ok(countLogins() <= 25, `${countLogins()} logins`);
  });

  it('are named when every new token is rejected; the password is not blamed, and a retry follows soon', async () => {
    // Logins reach another server than everything else.
    choose = () => (server.requests.at(-1)?.path === '/auth/token' ? 0 : 1);
    const { message, remedy, type } = await expectFailure(read(), 'StoreUnavailable', [PASSWORD]);
    assert.equal(
      message,
      'Airflow main: 403 on GET variable x: a new token was rejected; `[api_auth] jwt_secret` may differ between API servers',
    );
    assert.match(remedy, /same `\[api_auth\] jwt_secret` on all API servers/);
    assert.doesNotMatch(message + remedy, /password/);
    const { retryable, retryAfterMinutes } = failureEntry(type);
    assert.deepEqual([retryable, retryAfterMinutes], [true, undefined]);
    assert.equal(countLogins(), 3);
    assert.equal(server.requests.length, 1 + 3 + 9);
  });

  it('cause few logins when all concurrent requests fail', async () => {
    choose = () => (server.requests.at(-1)?.path === '/auth/token' ? 0 : 1);
    const reads = Array.from({ length: 5 }, read);
    await Promise.all(reads.map((one) => expectFailure(one, 'StoreUnavailable', [PASSWORD])));
    assert.ok(countLogins() <= 6, `${countLogins()} logins`);
  });
});

// API servers with different values of jwt_secret behind one address: each rejects the tokens of the others.
import assert from 'node:assert/strict';
import {
  answerJson,
  anySignal,
  expectFailure,
  startServer,
  type LocalServer,
} from '../../../support/local-server.js';
import { connect, createdWith, PASSWORD } from '../connect.js';

/** Airflow 3.3.2 returns exactly this. */
const REJECTED = { detail: 'Invalid JWT token' };

describe('a login to API servers with different secrets', () => {
  let server: LocalServer;

  afterEach(() => server.close());

  /** @param servers how many take turns, request by request */
  async function start(servers: number): Promise<void> {
    let turn = 0;
    server = await startServer(({ path, headers }, response) => {
      turn = (turn + 1) % servers;
      if (path.endsWith('/version')) return answerJson(response, 200, { version: '3.3.2' });
      if (path === '/auth/token') return answerJson(response, 201, { access_token: `jwt-${turn}` });
      const isOwn = headers.authorization === `Bearer jwt-${turn}`;
      return answerJson(response, isOwn ? 200 : 403, isOwn ? createdWith('***') : REJECTED);
    });
  }

  function countLogins(): number {
    return server.requests.filter(({ path }) => path === '/auth/token').length;
  }

  for (const servers of [2, 3]) {
    it(`gets through with ${servers} servers that take turns`, async () => {
      await start(servers);
      const store = connect(server.url);
      for (let count = 0; count < 20; count += 1) {
        assert.equal((await store.read('new', anySignal()))?.id, 'new');
      }
      assert.ok(countLogins() <= 4, `${countLogins()} logins`);
    });
  }

  it('logs in twice for each attempt at most, blames no password, and allows a retry at once', async () => {
    await start(100);
    const store = connect(server.url);
    for (const attempt of [1, 2]) {
      const { message, remedy } = await expectFailure(store.read('new', anySignal()), 'StoreUnavailable', [
        PASSWORD,
      ]);
      assert.match(
        message,
        /403 on GET connection new: a token that was just issued was rejected; .*`\[api_auth\] jwt_secret`/,
      );
      assert.match(remedy, /same `\[api_auth\] jwt_secret` on all API servers/);
      assert.equal(countLogins(), 2 * attempt);
    }
  });

  it('gets most of 20 concurrent reads through, and the others with the next attempt', async () => {
    await start(2);
    const store = connect(server.url);
    const readAll = (count: number): Promise<PromiseSettledResult<unknown>[]> =>
      Promise.allSettled(Array.from({ length: count }, () => store.read('new', anySignal())));
    let left = 20;
    let attempts = 0;
    for (; left > 0 && attempts < 10; attempts += 1) {
      left = (await readAll(left)).filter(({ status }) => status === 'rejected').length;
    }
    assert.equal(left, 0, `${attempts} attempts`);
  });
});

import assert from 'node:assert/strict';
import { Secret } from '../../../../src/log/secret.js';
import type { AirflowAuth } from '../../../../src/stores/airflow/airflow-store.js';
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
import { connect, PASSWORD } from '../connect.js';

const AUTHS: readonly AirflowAuth[] = [
  { kind: 'password', username: 'op', readPassword: () => new Secret(PASSWORD) },
  { kind: 'token-request', body: [{ name: 'client_secret', read: () => new Secret(PASSWORD) }], headers: [] },
];

for (const auth of AUTHS) {
  describe(`a login with kind ${auth.kind} that Airflow answers with 403`, () => {
    let server: LocalServer;
    let store: AirflowStore;
    let clockMs: number;
    let issued: number;
    /** The JWTs whose Keycloak token has not expired. */
    let valid: Set<string>;
    let forbid: Answer;
    let restore = (): void => {};

    beforeEach(async () => {
      restore = setEnvironment(NO_PROXY_VARIABLES);
      clockMs = 1_000_000;
      issued = 0;
      valid = new Set();
      forbid = (_request, response) => answerJson(response, 403, { detail: 'Forbidden' });
      server = await startServer((request, response) => {
        if (request.path === '/auth/token') {
          const jwt = `jwt-${(issued += 1)}`;
          valid.add(`Bearer ${jwt}`);
          return answerJson(response, 201, { access_token: jwt });
        }
        if (!valid.has(request.headers.authorization ?? '')) return forbid(request, response);
        return answerJson(response, 200, { value: 'v' });
      });
      store = connect(server.url, { version: 3, auth, now: () => clockMs });
      assert.equal(await read(), 'v');
    });
    afterEach(async () => {
      restore();
      await server.close();
    });

    const read = (): Promise<string | undefined> => store.readVariable('x', anySignal());

    it('is renewed once for all requests, since its permissions may have expired before its JWT', async () => {
      clockMs += 60_000;
      valid.clear();
      const values = await Promise.all(Array.from({ length: 20 }, read));
      assert.deepEqual(new Set(values), new Set(['v']));
      assert.equal(issued, 2);
    });

    it('is renewed at most once a minute when the user has no permission', async () => {
      clockMs += 60_000;
      valid.clear();
      valid.add = () => valid;
      await expectFailure(read(), 'StoreForbidden', [PASSWORD]);
      assert.equal(issued, 2);
      await expectFailure(read(), 'StoreForbidden', [PASSWORD]);
      clockMs += 59_999;
      await expectFailure(read(), 'StoreForbidden', [PASSWORD]);
      assert.equal(issued, 2);
      clockMs += 1;
      await expectFailure(read(), 'StoreForbidden', [PASSWORD]);
      assert.equal(issued, 3);
    });

    it('is kept when the 403 is not from Airflow', async () => {
      clockMs += 60_000;
      valid.clear();
      forbid = (_request, response) => answerHtml(response, 403);
      await expectFailure(read(), 'StoreUnavailable', [PASSWORD]);
      assert.equal(issued, 1);
    });
  });
}

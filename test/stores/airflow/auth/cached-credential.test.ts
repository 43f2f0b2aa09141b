import assert from 'node:assert/strict';
import { createBasicCredential } from '../../../../src/stores/airflow/auth/basic.js';
import { createBearerCredential } from '../../../../src/stores/airflow/auth/bearer.js';
import { createHttpTransport } from '../../../../src/stores/airflow/http-transport.js';
import type { AirflowCredential, ApiResponse } from '../../../../src/stores/airflow/transport.js';
import { createHttpClient } from '../../../../src/net/http.js';
import { RefreshFailure } from '../../../../src/refresh/failures.js';
import { Secret } from '../../../../src/log/secret.js';
import {
  answerJson,
  anySignal,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
} from '../../../support/local-server.js';

const FIRST = 'first-secret-that-must-not-show';
const SECOND = 'second-secret-that-must-not-show';
const SECRETS = [FIRST, SECOND];

type Read = () => Secret | Promise<Secret>;
const KINDS: readonly {
  title: string;
  create: (read: Read) => AirflowCredential;
  header: (secret: string) => string;
}[] = [
  {
    title: 'createBasicCredential',
    create: (readPassword) => createBasicCredential({ name: 'main', username: 'op', readPassword }),
    header: (secret) => `Basic ${Buffer.from(`op:${secret}`).toString('base64')}`,
  },
  {
    title: 'createBearerCredential',
    create: (readToken) => createBearerCredential({ name: 'main', readToken }),
    header: (secret) => `Bearer ${secret}`,
  },
];

for (const { title, create, header } of KINDS) {
  describe(title, () => {
    let server: LocalServer;
    let accepted: string;
    let secret: string;
    let reads: number;
    let session: AirflowCredential;
    let restore = (): void => {};

    beforeEach(async () => {
      restore = setEnvironment(NO_PROXY_VARIABLES);
      [accepted, secret, reads] = [FIRST, FIRST, 0];
      session = create(() => {
        reads += 1;
        return new Secret(secret);
      });
      server = await startServer((request, response) =>
        request.headers.authorization === header(accepted)
          ? answerJson(response, 200, {})
          : answerJson(response, 401, { detail: null }),
      );
    });
    afterEach(async () => {
      restore();
      await server.close();
    });

    function send(): Promise<ApiResponse> {
      const http = createHttpClient({ version: '0' });
      const transport = createHttpTransport({ url: server.url, apiPath: '/api/v2', session, http });
      const attempt = { airflow: 'main', action: 'GET x' };
      return transport.send(attempt, { method: 'GET', path: '/x' }, anySignal());
    }

    it('reads it once and keeps it', async () => {
      await send();
      secret = SECOND;
      await send();
      assert.equal(reads, 1);
    });

    it('reads it again when Airflow rejects it, once for all requests in flight', async () => {
      await send();
      [accepted, secret] = [SECOND, SECOND];
      const answers = await Promise.all(Array.from({ length: 20 }, send));
      assert.ok(answers.every(({ status }) => status === 200));
      assert.equal(reads, 2);
    });

    it('does not send the same one twice', async () => {
      accepted = SECOND;
      const { message } = await expectFailure(send(), 'StoreUnauthorized', SECRETS);
      assert.match(message, /^Airflow main: 401 on GET x: .* is not accepted$/);
      assert.equal(server.requests.length, 1);
    });

    it('fails when another one is not accepted either, and reads again next time', async () => {
      await send();
      [accepted, secret] = ['third', SECOND];
      await expectFailure(send(), 'StoreUnauthorized', SECRETS);
      secret = 'third';
      assert.equal((await send()).status, 200);
    });

    it('reads it again after it could not be read', async () => {
      const own = new RefreshFailure('ConfigInvalid', 'it is not set');
      let broken = true;
      session = create(async () => {
        if (broken) throw own;
        return new Secret(FIRST);
      });
      assert.equal(await expectFailure(send(), 'ConfigInvalid', SECRETS), own);
      broken = false;
      assert.equal((await send()).status, 200);
    });

    it('does not quote what reading it threw', async () => {
      session = create(() => Promise.reject(new Error(FIRST)));
      const { message } = await expectFailure(send(), 'StoreUnauthorized', SECRETS);
      assert.match(message, /could not be read/);
    });

    it('sends no empty one', async () => {
      secret = '';
      await expectFailure(send(), 'StoreUnauthorized', SECRETS);
      assert.deepEqual(server.requests, []);
    });
  });
}

describe('createBearerCredential', () => {
  it('takes the token from a file that ends with a line break', async () => {
    const session = createBearerCredential({ name: 'main', readToken: () => new Secret(`${FIRST}\n`) });
    assert.equal((await session.authorize(anySignal())).reveal(), `Bearer ${FIRST}`);
  });

  for (const token of [`${FIRST} ${SECOND}`, `${FIRST}\r\nX-Other: 1`, `${FIRST}é`]) {
    it(`refuses ${JSON.stringify(token.replaceAll(FIRST, 'token').replaceAll(SECOND, 'more'))}`, async () => {
      const session = createBearerCredential({ name: 'main', readToken: () => new Secret(token) });
      await expectFailure(session.authorize(anySignal()), 'StoreUnauthorized', SECRETS);
    });
  }

  it('shows itself for the version too, which a managed service tells nobody else', () => {
    assert.equal(createBearerCredential({ name: 'main', readToken: () => new Secret(FIRST) }).always, true);
  });
});

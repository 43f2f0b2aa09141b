import assert from 'node:assert/strict';
import { createHttpClient } from '../../../../src/net/http.js';
import { RefreshFailure } from '../../../../src/refresh/failures.js';
import { Secret } from '../../../../src/log/secret.js';
import type { AirflowAuth } from '../../../../src/stores/airflow/airflow-store.js';
import type { ReadSecret } from '../../../../src/stores/airflow/auth/login.js';
import type { AirflowStore } from '../../../../src/stores/airflow/rest-store.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
} from '../../../support/local-server.js';
import { connect } from '../connect.js';

const FIRST = 'first-secret-that-must-not-show';
const SECOND = 'second-secret-that-must-not-show';
const SECRETS = [FIRST, SECOND];
const MINUTES = 60_000;

const KINDS: readonly {
  title: string;
  auth: (read: ReadSecret) => AirflowAuth;
  header: (secret: string) => string;
  reason: RegExp;
  /** Requests that only check the secret. */
  checks: number;
}[] = [
  {
    title: 'the Basic login of Airflow 2',
    auth: (readPassword) => ({ kind: 'password', username: 'op', readPassword }),
    header: toBasic,
    reason:
      /^Airflow main: 401 on login: the user name or password was rejected, or `\[api\] auth_backends` does not/,
    checks: 1,
  },
  {
    title: 'the login with a bearer token',
    auth: (readToken) => ({ kind: 'token', readToken }),
    header: (secret) => `Bearer ${secret}`,
    reason: /^Airflow main: 401 on GET variable x: the token was rejected$/,
    checks: 0,
  },
];

for (const { title, auth, header, reason, checks } of KINDS) {
  describe(title, () => {
    let server: LocalServer;
    let accepted: string;
    let secret: string;
    let reads: number;
    let nowMs: number;
    let isPage: boolean;
    let store: AirflowStore;
    let restore = (): void => {};

    function open(read: ReadSecret): AirflowStore {
      const http = createHttpClient({ version: '0' });
      return connect(server.url, { version: 2, auth: auth(read), http, now: () => nowMs });
    }

    beforeEach(async () => {
      restore = setEnvironment(NO_PROXY_VARIABLES);
      [accepted, secret, reads, nowMs, isPage] = [FIRST, FIRST, 0, 0, false];
      server = await startServer((request, response) => {
        if (request.headers.authorization === header(accepted)) answerJson(response, 200, { value: 'v' });
        else if (isPage) answerHtml(response, 401);
        else answerJson(response, 401, { detail: null });
      });
      store = open(() => {
        reads += 1;
        return new Secret(secret);
      });
    });
    afterEach(async () => {
      restore();
      await server.close();
    });

    function send(): Promise<string | undefined> {
      return store.readVariable('x', anySignal());
    }

    function fail(): Promise<RefreshFailure> {
      return expectFailure(send(), 'StoreUnauthorized', SECRETS);
    }

    it('uses a new secret for all concurrent requests when Airflow rejects the old one', async () => {
      await send();
      [accepted, secret] = [SECOND, SECOND];
      const values = await Promise.all(Array.from({ length: 20 }, send));
      assert.ok(values.every((value) => value === 'v'));
    });

    it('sends a rejected secret once, and not again for 30 minutes', async () => {
      accepted = SECOND;
      const first = await fail();
      assert.match(first.message, reason);
      assert.equal(server.requests.length, 1);
      nowMs = 30 * MINUTES - 1;
      const later = await Promise.all(Array.from({ length: 20 }, fail));
      assert.ok(later.every((failure) => failure === first));
      assert.equal(server.requests.length, 1);
      nowMs = 30 * MINUTES;
      assert.notEqual(await fail(), first);
      assert.equal(server.requests.length, 2);
    });

    it('sends a different secret immediately, even within these 30 minutes', async () => {
      accepted = SECOND;
      await fail();
      secret = SECOND;
      assert.equal(await send(), 'v');
      assert.equal(server.requests.length, 2 + checks);
    });

    it('remembers the newer of two rejected secrets', async () => {
      await send();
      [accepted, secret] = ['third', SECOND];
      await fail();
      const sent = server.requests.length;
      await fail();
      assert.equal(server.requests.length, sent);
      secret = 'third';
      assert.equal(await send(), 'v');
    });

    it('does not remember a rejection that is not from Airflow, and names the proxy', async () => {
      [accepted, isPage] = [SECOND, true];
      const { message } = await expectFailure(send(), 'StoreUnavailable', SECRETS);
      assert.match(message, /: this 401 is not from Airflow; check for a proxy in front of it$/);
      accepted = FIRST;
      assert.equal(await send(), 'v');
    });

    it('reads the secret again after it could not be read', async () => {
      const own = new RefreshFailure('ConfigInvalid', 'it is not set');
      let isBroken = true;
      store = open(async () => {
        if (isBroken) throw own;
        return new Secret(FIRST);
      });
      assert.equal(await expectFailure(send(), 'ConfigInvalid', SECRETS), own);
      isBroken = false;
      assert.equal(await send(), 'v');
    });

    it('does not quote the error when the secret cannot be read', async () => {
      store = open(() => Promise.reject(new Error(FIRST)));
      const { message } = await fail();
      assert.match(message, /could not be read/);
    });

    it('does not send an empty secret', async () => {
      secret = '';
      await fail();
      assert.deepEqual(server.requests, []);
    });

    it('does not show secrets when it is printed', async () => {
      await send();
      accepted = SECOND;
      await fail();
      assertHides(store, SECRETS);
    });
  });
}

describe('the Basic login of Airflow 2', () => {
  it('reads the password once, and after a rejection once more for all requests', async () => {
    let accepted = FIRST;
    let reads = 0;
    const server = await startServer((request, response) => {
      const isAccepted = request.headers.authorization === toBasic(accepted);
      answerJson(response, isAccepted ? 200 : 401, isAccepted ? { value: 'v' } : { detail: null });
    });
    const readPassword = (): Secret => new Secret([FIRST, SECOND][reads++] ?? '');
    const store = connect(server.url, {
      version: 2,
      auth: { kind: 'password', username: 'op', readPassword },
    });
    for (let times = 0; times < 3; times += 1) await store.readVariable('x', anySignal());
    assert.equal(reads, 1);
    accepted = SECOND;
    await Promise.all(Array.from({ length: 20 }, () => store.readVariable('x', anySignal())));
    assert.equal(reads, 2);
    await server.close();
  });

  it('sends a wrong password once for many concurrent requests', async () => {
    const server = await startServer((_request, response) => answerJson(response, 401, { detail: null }));
    const readPassword = (): Secret => new Secret(FIRST);
    const auth = { kind: 'password', username: 'op', readPassword } as const;
    const store = connect(server.url, { version: 2, auth });
    const reads = Array.from({ length: 20 }, () => store.readVariable('x', anySignal()));
    await Promise.all(reads.map((read) => expectFailure(read, 'StoreUnauthorized', SECRETS)));
    assert.equal(server.requests.length, 1);
    await server.close();
  });
});

function toBasic(password: string): string {
  return `Basic ${Buffer.from(`op:${password}`).toString('base64')}`;
}

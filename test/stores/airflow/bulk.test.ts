import assert from 'node:assert/strict';
import type { AirflowStore } from '../../../src/stores/airflow/rest-api.js';
import { createAirflow3 } from '../../../src/stores/airflow/airflow-3.js';
import { createHttpTransport } from '../../../src/stores/airflow/http-transport.js';
import type { AirflowTransport } from '../../../src/stores/airflow/transport.js';
import { createHttpClient } from '../../../src/net/http.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
} from '../../support/local-server.js';

const TOKEN = 'ecr-password-that-must-not-show';
const OLD = 'the-old-password';

interface Entity {
  readonly connection_id: string;
  readonly conn_type: string;
  readonly password: string;
}
interface Body {
  readonly actions: readonly { readonly action: string; readonly entities: readonly Entity[] }[];
}

describe('writeMany of Airflow 3', () => {
  let airflow: AirflowStandIn;
  let transport: AirflowTransport;
  let api: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    airflow = await startAirflowStandIn({
      connections: ['a', 'b', 'c'].map((id) => ({
        connection_id: id,
        conn_type: 'docker',
        host: 'registry.example.com',
        login: 'AWS',
        password: OLD,
        schema: 'production',
        extra: '{"email": "ops@example.com"}',
        description: 'kept',
      })),
    });
    const signIn = await fetch(`${airflow.url}/auth/token`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ username: 'op', password: 'op' }),
    });
    const { access_token: jwt } = (await signIn.json()) as { access_token: string };
    const authorization = new Secret(`Bearer ${jwt}`);
    transport = createHttpTransport({
      url: airflow.url,
      apiPath: '/api/v2',
      http: createHttpClient({ version: '0' }),
      session: { authorize: async () => authorization, renew: async () => authorization, refusal: 'refused' },
    });
    api = createAirflow3({ name: 'main', transport });
    airflow.requests.length = 0;
  });
  afterEach(async () => {
    restore();
    await airflow.stop();
  });

  function write(
    ids: readonly string[],
    password = TOKEN,
    type = 'docker',
  ): ReturnType<AirflowStore['write']> {
    const connections = ids.map((id) => dockerConnection({ id, type }));
    return api.write(connections, new Secret(password), anySignal());
  }

  function passwords(): Record<string, string | null> {
    return Object.fromEntries([...airflow.connections].map(([id, { password }]) => [id, password]));
  }

  function answerWith(status: number, body: unknown): void {
    airflow.setFault(() => ({ status, body }));
  }

  it('writes the password alone, by one request with one action for each connection', async () => {
    const before = structuredClone([...airflow.connections.values()]);
    const outcomes = await write(['a', 'b']);
    assert.deepEqual(outcomes, [
      { id: 'a', outcome: 'written' },
      { id: 'b', outcome: 'written' },
    ]);
    assert.deepEqual(
      [...airflow.connections.values()],
      before.map((row) => (row.connection_id === 'c' ? row : { ...row, password: TOKEN })),
    );
    assert.equal(airflow.requests.length, 1);
    assert.deepEqual(airflow.requests[0]?.body, {
      actions: ['a', 'b'].map((id) => ({
        action: 'update',
        entities: [{ connection_id: id, conn_type: 'docker', password: TOKEN }],
        action_on_non_existence: 'fail',
      })),
    });
  });

  it('tells missing ones, and writes the others', async () => {
    const outcomes = await write(['a', 'gone', 'c', 'also-gone']);
    assert.deepEqual(
      outcomes.map(({ id, outcome }) => `${id} ${outcome}`),
      ['a written', 'gone missing', 'c written', 'also-gone missing'],
    );
    assert.deepEqual(passwords(), { a: TOKEN, b: OLD, c: TOKEN });
  });

  it('knows 200 with all missing for what it is', async () => {
    const outcomes = await write(['x', 'y']);
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['missing', 'missing'],
    );
    assert.equal(airflow.requests[0]?.status, 200);
  });

  it('does not take an id for missing because a longer one is', async () => {
    answerWith(200, {
      update: {
        success: [],
        errors: [
          { error: "The connections with these connection_ids: {'ab'} were not found.", status_code: 404 },
        ],
      },
    });
    assert.deepEqual(
      (await write(['a', 'ab'])).map(({ outcome }) => outcome),
      ['failed', 'missing'],
    );
  });

  const errors: readonly { title: string; list: unknown; type: FailureType }[] = [
    { title: 'that Airflow does not mention', list: [], type: 'WriteUnconfirmed' },
    {
      title: 'that Airflow forbids',
      list: [{ error: `no 'a' ${TOKEN}`, status_code: 403 }],
      type: 'StoreForbidden',
    },
    {
      title: 'that Airflow refuses',
      list: [{ error: `'a' ${TOKEN}`, status_code: 409 }],
      type: 'StoreRequestRejected',
    },
    {
      title: 'that Airflow cannot write',
      list: [{ error: `'a' ${TOKEN}`, status_code: 500 }],
      type: 'StoreUnavailable',
    },
    {
      title: 'when the error names nobody',
      list: [{ error: TOKEN, status_code: 404 }],
      type: 'WriteUnconfirmed',
    },
  ];
  for (const { title, list, type } of errors) {
    it(`fails one connection ${title}, without Airflow's words: ${type}`, async () => {
      answerWith(200, { create: null, update: { success: ['b'], errors: list }, delete: null });
      const [first, second] = await write(['a', 'b']);
      assert.ok(first?.outcome === 'failed');
      assert.equal(first.failure.type, type);
      assert.match(first.failure.message, /^Airflow main: .*PATCH connection a: /);
      assertHides(first, [TOKEN]);
      assert.deepEqual(second, { id: 'b', outcome: 'written' });
    });
  }

  for (const password of ['', '***', ' \n']) {
    it(`never sends ${JSON.stringify(password)}`, async () => {
      await expectFailure(write(['a'], password), 'EcrResponseInvalid', [TOKEN]);
      assert.deepEqual(airflow.requests, []);
    });
  }

  it('converts no connection: one of another type is not sent', async () => {
    airflow.connections.get('b')!.conn_type = 'http';
    const connections = [dockerConnection({ id: 'a' }), dockerConnection({ id: 'b', type: 'http' })];
    const outcomes = await api.write(connections, new Secret(TOKEN), anySignal());
    assert.equal(outcomes[0]?.outcome, 'written');
    assert.ok(outcomes[1]?.outcome === 'failed');
    assert.equal(outcomes[1].failure.type, 'ConnectionTypeMismatch');
    assert.equal(airflow.connections.get('b')?.conn_type, 'http');
    assert.equal(airflow.connections.get('b')?.password, OLD);
  });

  describe('when the request fails as a whole', () => {
    const echo = {
      detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: { password: TOKEN } }],
    };
    const whole: readonly { status: number; body: unknown; type: FailureType }[] = [
      { status: 400, body: { detail: TOKEN }, type: 'StoreRequestRejected' },
      { status: 403, body: { detail: 'Forbidden' }, type: 'StoreForbidden' },
      { status: 404, body: { error: 'API route not found' }, type: 'StoreRequestRejected' },
      { status: 404, body: undefined, type: 'StoreRequestRejected' },
      { status: 405, body: { detail: 'Method Not Allowed' }, type: 'StoreRequestRejected' },
      {
        status: 409,
        body: { detail: { reason: 'Unique constraint violation', statement: TOKEN } },
        type: 'StoreRequestRejected',
      },
      { status: 413, body: `too large ${TOKEN}`, type: 'StoreRequestRejected' },
      { status: 422, body: echo, type: 'StoreRequestRejected' },
      { status: 422, body: { detail: `echo ${TOKEN}` }, type: 'StoreRequestRejected' },
      { status: 500, body: 'Internal Server Error', type: 'StoreRequestRejected' },
      { status: 502, body: `<html>${TOKEN}`, type: 'StoreUnavailable' },
      { status: 503, body: { detail: null }, type: 'StoreUnavailable' },
      { status: 200, body: { update: null }, type: 'StoreRequestRejected' },
      { status: 200, body: `<html>${TOKEN}`, type: 'StoreRequestRejected' },
    ];
    for (const { status, body, type } of whole) {
      it(`${status} ${JSON.stringify(body)?.slice(0, 40)}: ${type}`, async () => {
        answerWith(status, body);
        const { message } = await expectFailure(write(['a', 'b']), type, [TOKEN]);
        assert.match(message, /^Airflow main: .*PATCH 2 connections: /);
      });
    }

    it('a 500 for one unreadable connection is a refusal, so that singles find out which', async () => {
      answerWith(500, 'Internal Server Error');
      const { message } = await expectFailure(write(['a', 'b']), 'StoreRequestRejected', [TOKEN]);
      assert.equal(
        message,
        'Airflow main: 500 on PATCH 2 connections: one of them may be unreadable for Airflow',
      );
    });

    it('a server that goes away in between: StoreUnreachable', async () => {
      airflow.setFault(() => ({ drop: true }));
      await expectFailure(write(['a', 'b']), 'StoreUnreachable', [TOKEN]);
      await airflow.stop();
      await expectFailure(write(['a', 'b']), 'StoreUnreachable', [TOKEN]);
    });
  });

  describe('keeps a request within 100 connections and 512 KB', () => {
    const sizes = [
      { bytes: 2_700, expected: 100 },
      { bytes: 4_000, expected: 100 },
      { bytes: 6_000, expected: 74 },
      { bytes: 16_000, expected: 30 },
      { bytes: 600_000, expected: 1 },
    ] as const;
    for (const { bytes, expected } of sizes) {
      it(`takes ${expected} at once for a password of ${bytes} bytes`, async () => {
        assert.equal(await api.maxRecordsPerWrite(bytes, anySignal()), expected);
      });
    }

    for (const bytes of [2_700, 6_000, 16_000]) {
      it(`sends as many as it promises, with the longest of ids and ${bytes} bytes`, async () => {
        const limit = await api.maxRecordsPerWrite(bytes, anySignal());
        const ids = Array.from({ length: limit }, (_, i) => `${i}`.padStart(200, 'x'));
        const password = 'p'.repeat(bytes);
        for (const id of ids)
          airflow.connections.set(id, { ...airflow.connections.get('a')!, connection_id: id });
        const outcomes = await write(ids, password);
        assert.ok(outcomes.every(({ outcome }) => outcome === 'written'));
        const body = airflow.requests[0]?.body as Body | undefined;
        assert.equal(body?.actions.length, limit);
        assert.ok(JSON.stringify(body).length <= 512 * 1024);
        assert.ok(ids.every((id) => airflow.connections.get(id)?.password === password));
      });
    }

    it('refuses more than that, and sends nothing', async () => {
      const ids = Array.from({ length: 101 }, (_, i) => `c${i}`);
      await expectFailure(write(ids), 'StoreRequestRejected', [TOKEN]);
      await expectFailure(write(ids.slice(0, 60), 'p'.repeat(16_000)), 'StoreRequestRejected', [TOKEN]);
      assert.deepEqual(airflow.requests, []);
    });
  });
});

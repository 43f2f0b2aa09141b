import assert from 'node:assert/strict';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import type { WriteResult } from '../../../src/stores/port.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
} from '../../support/local-server.js';
import { connect } from './connect.js';

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

describe('AirflowStore.write of several connections', () => {
  let airflow: AirflowStandIn;
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
    const auth = { kind: 'password', username: 'op', readPassword: () => new Secret('op') } as const;
    api = connect(airflow.url, { version: 3, auth });
    await api.readVariable('any', anySignal());
    airflow.requests.length = 0;
  });
  afterEach(async () => {
    restore();
    await airflow.stop();
  });

  function write(ids: readonly string[], password = TOKEN): Promise<readonly WriteResult[]> {
    const connections = ids.map((id) => dockerConnection({ id }));
    return api.write(connections, new Secret(password), anySignal());
  }

  /** Adds connections to Airflow and returns their ids. */
  function add(count: number): readonly string[] {
    const ids = Array.from({ length: count }, (_, index) => `${index}`.padStart(200, 'x'));
    for (const id of ids) {
      airflow.connections.set(id, { ...airflow.connections.get('a')!, connection_id: id });
    }
    return ids;
  }

  function passwords(): Record<string, string | null> {
    return Object.fromEntries([...airflow.connections].map(([id, { password }]) => [id, password]));
  }

  function answerWith(status: number, body: unknown): void {
    airflow.setFault(() => ({ status, body }));
  }

  it('writes only the password, with one request and one action for all', async () => {
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
      actions: [
        {
          action: 'update',
          entities: ['a', 'b'].map((id) => ({ connection_id: id, conn_type: 'docker', password: TOKEN })),
          action_on_non_existence: 'fail',
        },
      ],
    });
  });

  it('sends one action for each connection when Airflow does not apply one for all', async () => {
    await write(['a', 'gone', 'c']);
    assert.deepEqual(
      airflow.requests.map(({ body }) => (body as Body).actions.map(({ entities }) => entities.length)),
      [[3], [1, 1, 1]],
    );
  });

  it('reports missing connections, and writes the others', async () => {
    const outcomes = await write(['a', 'gone', 'c', 'also-gone']);
    assert.deepEqual(
      outcomes.map(({ id, outcome }) => `${id} ${outcome}`),
      ['a written', 'gone missing', 'c written', 'also-gone missing'],
    );
    assert.deepEqual(passwords(), { a: TOKEN, b: OLD, c: TOKEN });
  });

  it('distinguishes ids with letters of all languages', async () => {
    airflow.connections.set('döcker', { ...airflow.connections.get('a')!, connection_id: 'döcker' });
    const outcomes = await write(['döcker', 'do\u0308cker', '数据', 'a']);
    assert.deepEqual(
      outcomes.map(({ id, outcome }) => [id, outcome]),
      [
        ['döcker', 'written'],
        ['do\u0308cker', 'missing'],
        ['数据', 'missing'],
        ['a', 'written'],
      ],
    );
  });

  it('reports all connections as missing although Airflow returns 200', async () => {
    const outcomes = await write(['x', 'y']);
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ['missing', 'missing'],
    );
    assert.equal(airflow.requests[0]?.status, 200);
  });

  it('does not report an id as missing because a longer id is', async () => {
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
      title: 'that Airflow rejects',
      list: [{ error: `'a' ${TOKEN}`, status_code: 409 }],
      type: 'StoreRequestRejected',
    },
    {
      title: 'that Airflow cannot write',
      list: [{ error: `'a' ${TOKEN}`, status_code: 500 }],
      type: 'StoreUnavailable',
    },
    {
      title: 'when the error does not name it',
      list: [{ error: TOKEN, status_code: 404 }],
      type: 'WriteUnconfirmed',
    },
  ];
  for (const { title, list, type } of errors) {
    it(`reports ${type} for a connection ${title}, without Airflow's text`, async () => {
      answerWith(200, { create: null, update: { success: ['b'], errors: list }, delete: null });
      const [first, second] = await write(['a', 'b']);
      assert.ok(first?.outcome === 'failed');
      assert.equal(first.failure.type, type);
      assert.match(first.failure.message, /^Airflow main: .*PATCH connection a: /);
      assert.doesNotMatch(first.failure.message, /proxy or firewall/);
      assertHides(first, [TOKEN]);
      assert.deepEqual(second, { id: 'b', outcome: 'written' });
    });
  }

  for (const password of ['', '***', ' \n']) {
    it(`never sends the password ${JSON.stringify(password)}`, async () => {
      await expectFailure(write(['a', 'b'], password), 'EcrResponseInvalid', [TOKEN]);
      assert.deepEqual(airflow.requests, []);
    });
  }

  it('does not send a connection of another type, which would convert it', async () => {
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
      { status: 404, body: undefined, type: 'StoreUnavailable' },
      { status: 405, body: { detail: 'Method Not Allowed' }, type: 'StoreRequestRejected' },
      {
        status: 409,
        body: { detail: { reason: 'Unique constraint violation', statement: TOKEN } },
        type: 'StoreRequestRejected',
      },
      { status: 413, body: `too large ${TOKEN}`, type: 'StoreUnavailable' },
      { status: 422, body: echo, type: 'StoreRequestRejected' },
      { status: 422, body: { detail: `echo ${TOKEN}` }, type: 'StoreRequestRejected' },
      { status: 429, body: { detail: TOKEN }, type: 'StoreThrottled' },
      { status: 500, body: 'Internal Server Error', type: 'StoreUnavailable' },
      { status: 502, body: `<html>${TOKEN}`, type: 'StoreUnavailable' },
      { status: 503, body: { detail: null }, type: 'StoreUnavailable' },
      { status: 200, body: { update: null }, type: 'StoreUnavailable' },
      { status: 200, body: `<html>${TOKEN}`, type: 'StoreUnavailable' },
    ];
    for (const { status, body, type } of whole) {
      it(`reports ${type} for ${status} ${JSON.stringify(body)?.slice(0, 40)}`, async () => {
        answerWith(status, body);
        const { message } = await expectFailure(write(['a', 'b']), type, [TOKEN]);
        assert.match(message, /^Airflow main: .*PATCH 2 connections: /);
      });
    }

    it('names the column that may be too short after a 409', async () => {
      answerWith(409, { detail: { reason: 'Unique constraint violation', statement: TOKEN } });
      const { remedy } = await expectFailure(write(['a', 'b']), 'StoreRequestRejected', [TOKEN]);
      assert.match(remedy, /airflow db migrate/);
    });

    it('reports StoreUnreachable when the server stops', async () => {
      airflow.setFault(() => ({ drop: true }));
      await expectFailure(write(['a', 'b']), 'StoreUnreachable', [TOKEN]);
      await airflow.stop();
      await expectFailure(write(['a', 'b']), 'StoreUnreachable', [TOKEN]);
    });
  });

  it('sends no request without connections', async () => {
    assert.deepEqual(await write([]), []);
    assert.deepEqual(airflow.requests, []);
  });

  describe('splits into requests of 100 connections and 512 KB', () => {
    for (const { bytes, count, sizes } of [
      { bytes: 2_700, count: 130, sizes: [100, 30] },
      { bytes: 4_000, count: 100, sizes: [100] },
      { bytes: 6_000, count: 100, sizes: [74, 26] },
      { bytes: 16_000, count: 70, sizes: [30, 30, 10] },
      { bytes: 300_000, count: 2, sizes: [1, 1] },
    ] as const) {
      it(`sends ${sizes.join(' and ')} with a password of ${bytes} bytes and the longest ids`, async () => {
        const ids = add(count);
        const password = 'p'.repeat(bytes);
        const results = await write(ids, password);
        assert.deepEqual(
          results,
          ids.map((id) => ({ id, outcome: 'written' })),
        );
        const bodies = airflow.requests.map(({ body }) => body as Body);
        assert.deepEqual(
          bodies.map(({ actions }) => actions.map(({ entities }) => entities.length)),
          sizes.map((size) => [size]),
        );
        assert.ok(bodies.every((body) => JSON.stringify(body).length <= 512 * 1024));
        assert.ok(ids.every((id) => airflow.connections.get(id)?.password === password));
      });
    }

    it('sends connections one by one when the password exceeds the size of a request', async () => {
      const ids = add(2);
      const results = await write(ids, 'p'.repeat(600_000));
      assert.deepEqual(
        results,
        ids.map((id) => ({ id, outcome: 'written' })),
      );
      assert.equal(airflow.requests.length, 2);
    });

    /** The results of three requests, of which the second fails with this status. */
    async function failSecond(status: number): Promise<readonly WriteResult[]> {
      const ids = add(210);
      airflow.setFault(() => (airflow.requests.length === 2 ? { status, body: { detail: '' } } : undefined));
      const results = await write(ids);
      assert.deepEqual(
        results.map(({ id }) => id),
        ids,
      );
      return results;
    }

    function typesOf(results: readonly WriteResult[]): readonly string[] {
      return results.map((result) => (result.outcome === 'failed' ? result.failure.type : result.outcome));
    }

    it('reports the connections of a failing request, and sends the next one', async () => {
      const types = typesOf(await failSecond(500));
      assert.deepEqual(
        [types[99], types[100], types[199], types[200]],
        ['written', 'StoreUnavailable', 'StoreUnavailable', 'written'],
      );
    });

    for (const { status, type } of [
      { status: 429, type: 'StoreThrottled' },
      { status: 403, type: 'StoreForbidden' },
    ] as const) {
      it(`sends no further request after ${status}, and reports the same failure for the rest`, async () => {
        const types = typesOf(await failSecond(status));
        assert.deepEqual([types[99], types[100], types[209]], ['written', type, type]);
        assert.equal(airflow.requests.length, 2);
      });
    }
  });

  it('does not support bulk requests on Airflow 2', async () => {
    const old = await startAirflowStandIn({ version: '2.10.5' });
    const connections = ['a', 'b'].map((id) => dockerConnection({ id }));
    const writing = connect(old.url, { version: 2 }).write(connections, new Secret(TOKEN), anySignal());
    const { message } = await expectFailure(writing, 'StoreRequestRejected', [TOKEN]);
    assert.equal(message, 'Airflow main: PATCH 2 connections: Airflow 2 does not support bulk requests');
    assert.deepEqual(old.requests, []);
    await old.stop();
  });
});

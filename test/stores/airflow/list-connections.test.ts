import assert from 'node:assert/strict';
import { Secret } from '../../../src/log/secret.js';
import type { ConnectionPage } from '../../../src/stores/port.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import {
  answerJson,
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type LocalServer,
} from '../../support/local-server.js';
import { connect, PASSWORD } from './connect.js';

const HIDDEN = 'value-that-must-not-show';
const IDS = ['team_a', 'teamXa', 'Team_b', 'my_team_c', 'team_d.x', 'other'];
const ANY = '*';

describe('AirflowStore.readPage', () => {
  let restore = (): void => {};

  beforeEach(() => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
  });
  afterEach(() => restore());

  for (const version of ['3.3.2', '2.10.5']) {
    describe(`on Airflow ${version}`, () => {
      let airflow: AirflowStandIn;

      beforeEach(async () => {
        airflow = await startAirflowStandIn({
          version,
          users: [{ username: 'op', password: PASSWORD, role: 'op' }],
          connections: IDS.map((id) => ({ connection_id: id, conn_type: 'docker', extra: '{}' })),
        });
      });
      afterEach(() => airflow.stop());

      function readPage(pattern: string, offset = 0, limit = 100): Promise<ConnectionPage> {
        return connect(airflow.url).readPage({ pattern, offset, limit }, anySignal());
      }

      function lastQuery(): Record<string, string> {
        return Object.fromEntries(airflow.requests.at(-1)?.query ?? []);
      }

      it('requests the range, in the order of the ids', async () => {
        const { connections, malformed, total } = await readPage(ANY, 2, 3);
        assert.deepEqual(lastQuery(), { limit: '3', offset: '2', order_by: 'connection_id' });
        assert.deepEqual(
          connections.map(({ id }) => id),
          [...IDS].toSorted().slice(2, 5),
        );
        assert.deepEqual([malformed, total], [[], IDS.length]);
      });

      it('returns an empty page after the end', async () => {
        assert.deepEqual((await readPage(ANY, 100)).connections, []);
      });
    });
  }

  describe('with a filter', () => {
    let airflow: AirflowStandIn;

    beforeEach(async () => {
      airflow = await startAirflowStandIn({
        users: [{ username: 'op', password: PASSWORD, role: 'op' }],
        connections: IDS.map((id) => ({ connection_id: id, conn_type: 'docker' })),
      });
    });
    afterEach(() => airflow.stop());

    for (const { pattern, filter, found } of [
      { pattern: 'team_*', filter: 'team_%', found: ['Team_b', 'my_team_c', 'teamXa', 'team_a', 'team_d.x'] },
      { pattern: '*team?c', filter: '%team_c', found: ['my_team_c'] },
      { pattern: 'team_d.x', filter: 'team_d.x', found: ['team_d.x'] },
      { pattern: 'dö?ker_*', filter: 'dö_ker_%', found: [] },
      { pattern: '?*', filter: '_%', found: [...IDS].toSorted() },
      { pattern: '*', filter: undefined, found: [...IDS].toSorted() },
      { pattern: '**', filter: undefined, found: [...IDS].toSorted() },
    ] as const) {
      it(`sends Airflow ${filter ?? 'no filter'} for the pattern ${pattern}`, async () => {
        const range = { pattern, offset: 0, limit: 100 };
        const { connections, total, isComplete } = await connect(airflow.url).readPage(range, anySignal());
        assert.equal(airflow.requests.at(-1)?.query.get('connection_id_pattern') ?? undefined, filter);
        assert.deepEqual(
          connections.map(({ id }) => id),
          found,
        );
        assert.deepEqual([total, isComplete], [found.length, true]);
      });
    }

    it('sends no filter for patterns that have a special meaning in Airflow', async () => {
      for (const pattern of ['~', 'a|b', 'a\\*', '']) {
        await connect(airflow.url).readPage({ pattern, offset: 0, limit: 1 }, anySignal());
        assert.equal(airflow.requests.at(-1)?.query.has('connection_id_pattern'), false);
      }
    });
  });

  it('sends Airflow 2 no filter, which it would reject, and marks its records as incomplete', async () => {
    const airflow = await startAirflowStandIn({
      version: '2.10.5',
      users: [{ username: 'op', password: PASSWORD, role: 'op' }],
      connections: [{ connection_id: 'a', conn_type: 'docker', extra: '{}' }],
    });
    const range = { pattern: 'team_*', offset: 0, limit: 100 };
    const page = await connect(airflow.url).readPage(range, anySignal());
    assert.deepEqual([page.connections.length, page.connections[0]?.extra], [1, null]);
    assert.equal(page.isComplete, false);
    await airflow.stop();
  });

  describe('with an unexpected list', () => {
    let server: LocalServer;
    let body: unknown;
    let status: number;

    beforeEach(async () => {
      status = 200;
      server = await startServer((_request, response) => answerJson(response, status, body));
    });
    afterEach(() => server.close());

    function readPage(pattern = ANY, offset = 100): Promise<ConnectionPage> {
      const auth = { kind: 'token', readToken: () => new Secret(HIDDEN) } as const;
      return connect(server.url, { auth, version: 3 }).readPage({ pattern, offset, limit: 100 }, anySignal());
    }

    it('returns the positions of rows that are not valid connections, and the other rows', async () => {
      body = {
        total_entries: 7,
        connections: [
          { connection_id: 'good', conn_type: 'docker' },
          { connection_id: 'no_type' },
          { connection_id: `${HIDDEN} with blanks`, conn_type: 1 },
          { conn_type: 'docker' },
          HIDDEN,
          null,
          { connection_id: 'port', conn_type: 'docker', port: '443' },
        ],
      };
      const page = await readPage();
      assert.deepEqual(
        page.connections.map(({ id }) => id),
        ['good'],
      );
      assert.deepEqual(page.malformed, [
        { position: 101, id: 'no_type' },
        { position: 102 },
        { position: 103 },
        { position: 104 },
        { position: 105 },
        { position: 106, id: 'port' },
      ]);
      assertHides(page, [HIDDEN]);
    });

    for (const total of [0, 1_000_000_000]) {
      it(`returns a total of ${total}, and sends no further request`, async () => {
        body = { total_entries: total, connections: [{ connection_id: 'a', conn_type: 'docker' }] };
        const page = await readPage();
        assert.deepEqual([page.connections.length, page.total], [1, total]);
        assert.equal(server.requests.length, 1);
      });
    }

    it('names the range and the pattern in failures', async () => {
      status = 500;
      const { message } = await expectFailure(readPage('team_*'), 'StoreUnavailable', [HIDDEN]);
      assert.equal(
        message,
        'Airflow main: 500 on GET connections 101 to 200 matching "team_*": server error from Airflow or a proxy in front of it',
      );
      const all = await expectFailure(readPage(ANY, 0), 'StoreUnavailable', [HIDDEN]);
      assert.match(all.message, /^Airflow main: 500 on GET connections 1 to 100: /);
    });

    it('names the range of a response that is too large', async () => {
      body = { total_entries: 1, connections: [HIDDEN.repeat(300_000)] };
      const { message } = await expectFailure(readPage(), 'StoreResponseTooLarge', [HIDDEN]);
      assert.equal(message, 'Airflow main: GET connections 101 to 200: the response is larger than 6 MB');
    });

    for (const wrong of [
      { connections: [] },
      { connections: {}, total_entries: 1 },
      { total_entries: -1, connections: [] },
    ]) {
      it(`reports StoreUnavailable for ${JSON.stringify(wrong)}`, async () => {
        body = wrong;
        await expectFailure(readPage(), 'StoreUnavailable', [HIDDEN]);
      });
    }
  });
});

import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import type { InspectInput, Inspection } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { throws, typesOf } from '../fakes/failing-calls.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
} from '../fakes/fake-ports.js';
import { EU_REGISTRY, GROUP, REGISTRY } from '../fakes/fake-steps.js';

const NOTHING: Inspection = { writable: [], refused: [], toRetry: [], warnings: [] };
const INPUT: InspectInput = {
  configHash: CONFIG_HASH,
  store: 'main',
  target: { named: { offset: 0, limit: 20 } },
  attemptsBefore: 0,
};

function activitiesOver(airflow: FakeAirflow, connections: readonly string[]): RefreshActivities {
  return fakeActivities(fakeSource({ airflow, connections }));
}

function inspect(
  stored: readonly ConnectionRecord[],
  configured: readonly string[],
  target: InspectInput['target'] = INPUT.target,
): Promise<Inspection> {
  const activities = activitiesOver(new FakeAirflow(stored), configured);
  return activities.inspectConnections(attemptOf(), { ...INPUT, target });
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id_${index}`);
}

describe('inspectConnections', () => {
  it('returns the registry and token group of the connections', async () => {
    const found = await inspect(
      [
        dockerConnection({ id: 'a' }),
        dockerConnection({ id: 'b', host: EU_REGISTRY }),
        dockerConnection({ id: 'c', host: `https://${REGISTRY}/` }),
      ],
      ['a', 'b', 'c'],
    );
    assert.deepEqual(found, {
      ...NOTHING,
      writable: [
        { registry: REGISTRY, group: GROUP, connections: ['a', 'c'] },
        { registry: EU_REGISTRY, group: 'default/eu-west-1', connections: ['b'] },
      ],
    });
  });

  it('reads the configured connections and writes nothing', async () => {
    const airflow = new FakeAirflow([dockerConnection({ id: 'a' }), dockerConnection({ id: 'other' })]);
    await activitiesOver(airflow, ['a']).inspectConnections(attemptOf(), INPUT);
    assert.deepEqual([airflow.calls, airflow.passwords.size], [['read a'], 0]);
  });

  it('reports a missing connection, and one that must not be written, next to a valid one', async () => {
    const found = await inspect(
      [dockerConnection({ id: 'good' }), dockerConnection({ id: 'bad', login: 'root' })],
      ['gone', 'bad', 'good'],
    );
    assert.deepEqual(found.writable, [{ registry: REGISTRY, group: GROUP, connections: ['good'] }]);
    assert.deepEqual(typesOf(found.refused), [
      ['gone', 'ConnectionMissing'],
      ['bad', 'ConnectionLoginMismatch'],
    ]);
    assert.match(found.refused[1]?.message ?? '', /^Connection bad was not changed: its login is "root"/);
  });

  it('warns of upper-case letters with the names of connection and store', async () => {
    const found = await inspect([dockerConnection({ id: 'a', host: REGISTRY.toUpperCase() })], ['a']);
    assert.equal(found.writable.length, 1);
    assert.match(found.warnings[0] ?? '', /^Connection a of main: .*upper-case letters.*\.$/);
  });

  it('reads a range of the named connections', async () => {
    const reads = await Promise.all(
      [0, 20, 40].map((offset) => inspect([], ids(21), { named: { offset, limit: 20 } })),
    );
    assert.deepEqual(
      reads.map(({ refused }) => refused.map(({ connection }) => connection)),
      [ids(20), ['id_20'], []],
    );
  });

  it('reads connections that an earlier inspection could not read', async () => {
    const { writable } = await inspect([dockerConnection({ id: 'b' })], ['a', 'b'], { connections: ['b'] });
    assert.deepEqual(writable[0]?.connections, ['b']);
  });

  for (const id of ['other', '../x', '*']) {
    it(`rejects the id ${id}, which the configuration does not allow`, async () => {
      await expectFailure(
        'InputNotAllowed',
        inspect([dockerConnection({ id })], ['a'], { connections: [id] }),
      );
    });
  }

  it('returns nothing for a store without connections', async () =>
    assert.deepEqual(await inspect([], []), NOTHING));

  describe('when Airflow fails', () => {
    function failing(at: string, react: () => void | Promise<void>) {
      const airflow = new FakeAirflow(ids(8).map((id) => dockerConnection({ id })));
      airflow.onCall = (_call, id) => (id === at || at === 'all' ? react() : undefined);
      const activities = activitiesOver(airflow, ids(8));
      return {
        airflow,
        inspect: (attempt: Partial<Attempt> = {}) => activities.inspectConnections(attemptOf(attempt), INPUT),
      };
    }

    it('returns a connection with a server error for a retry, and inspects the others', async () => {
      const found = await failing('id_3', throws('StoreUnavailable')).inspect();
      assert.deepEqual(
        found.writable[0]?.connections,
        ids(8).filter((id) => id !== 'id_3'),
      );
      assert.deepEqual(
        found.toRetry.map(({ connection, type, scope, message }) => [connection, type, scope, message]),
        [['id_3', 'StoreUnavailable', 'connection', 'HTTP error: StoreUnavailable']],
      );
    });

    it('repeats a request with a server error immediately when other requests succeed', async () => {
      let failures = 0;
      const found = await failing('id_7', () => {
        failures += 1;
        if (failures < 3) throws('StoreUnavailable')();
      }).inspect();
      assert.equal(found.writable[0]?.connections.length, 8);
    });

    it('refuses a connection whose request is rejected, and inspects the others', async () => {
      const found = await failing('id_3', throws('StoreRequestRejected')).inspect();
      assert.equal(found.writable[0]?.connections.length, 7);
      assert.deepEqual(typesOf(found.refused), [['id_3', 'StoreRequestRejected']]);
    });

    it('returns a connection whose request hangs for a retry, and inspects the others', async () => {
      const { inspect: attempt } = failing('id_3', () => new Promise<void>(() => undefined));
      const found = await attempt({ limitMs: 600 });
      assert.equal(found.writable[0]?.connections.length, 7);
      assert.deepEqual(typesOf(found.toRetry), [['id_3', 'StoreUnreachable']]);
    });

    describe('in the fourth attempt', () => {
      function inspectAgain(listFails: boolean): Promise<Inspection> {
        const airflow = new FakeAirflow([dockerConnection({ id: 'a' })]);
        airflow.onCall = (call) => (call === 'list' && !listFails ? undefined : throws('StoreUnavailable')());
        const retry = { ...INPUT, target: { connections: ['a'] }, attemptsBefore: 3 };
        return activitiesOver(airflow, ['a']).inspectConnections(attemptOf(), retry);
      }

      it('refuses a connection that cannot be read while the list can', async () => {
        const { refused } = await inspectAgain(false);
        assert.deepEqual(typesOf(refused), [['a', 'ConnectionUnavailable']]);
      });

      it('still fails with the failure of the store when the list cannot be read either', async () => {
        const { scope } = await expectFailure('StoreUnavailable', inspectAgain(true));
        assert.equal(scope, 'store');
      });
    });

    it('in a retry, inspects connections that five failing ones blocked in the first attempt', async () => {
      const airflow = new FakeAirflow(ids(8).map((id) => dockerConnection({ id })));
      airflow.onCall = (_call, id) => (id < 'id_5' ? throws('StoreUnavailable')() : undefined);
      const activities = activitiesOver(airflow, ids(8));
      await expectFailure('StoreUnavailable', activities.inspectConnections(attemptOf(), INPUT));
      const retry = { ...INPUT, attemptsBefore: 1 };
      const { writable, toRetry } = await activities.inspectConnections(attemptOf(), retry);
      assert.deepEqual(writable[0]?.connections, ['id_5', 'id_6', 'id_7']);
      assert.equal(toRetry.length, 5);
    });

    for (const type of [
      'StoreUnavailable',
      'StoreUnreachable',
      'StoreUnauthorized',
      'StoreForbidden',
    ] as const) {
      it(`fails with ${type} when every request does, after at most five of them`, async () => {
        const { airflow, inspect: attempt } = failing('all', throws(type));
        const { connections, scope } = await expectFailure(type, attempt());
        assert.deepEqual([connections?.toSorted(), scope], [ids(8), 'store']);
        assert.ok(airflow.calls.length <= 5);
      });
    }
  });
});

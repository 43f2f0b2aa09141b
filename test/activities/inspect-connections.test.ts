import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { InspectInput, Inspection } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
} from '../fakes/fake-ports.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const EU_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const INPUT: InspectInput = { configHash: CONFIG_HASH, store: 'main', page: 0 };

function activitiesOver(airflow: FakeAirflow, connections: readonly string[]): RefreshActivities {
  return fakeActivities(fakeSource({ airflow, connections }));
}

function inspect(
  stored: readonly ConnectionRecord[],
  configured: readonly string[],
  input: Partial<InspectInput> = {},
): Promise<Inspection> {
  return activitiesOver(new FakeAirflow(stored), configured).inspectConnections(attemptOf(), {
    ...INPUT,
    ...input,
  });
}

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id_${index}`);
}

describe('inspectConnections', () => {
  it('says which registry and token group the connections belong to', async () => {
    const found = await inspect(
      [
        dockerConnection({ id: 'a' }),
        dockerConnection({ id: 'b', host: EU_REGISTRY }),
        dockerConnection({ id: 'c', host: `https://${REGISTRY}/` }),
      ],
      ['a', 'b', 'c'],
    );
    assert.deepEqual(found, {
      writable: [
        { registry: REGISTRY, group: GROUP, connections: ['a', 'c'] },
        { registry: EU_REGISTRY, group: 'default/eu-west-1', connections: ['b'] },
      ],
      refused: [],
      warnings: [],
      nextPage: null,
    });
  });

  it('reads what is configured and writes nothing', async () => {
    const airflow = new FakeAirflow([dockerConnection({ id: 'a' }), dockerConnection({ id: 'other' })]);
    await activitiesOver(airflow, ['a']).inspectConnections(attemptOf(), INPUT);
    assert.deepEqual(airflow.calls, ['read a']);
  });

  it('reports a missing connection, and one that must not be written, beside a good one', async () => {
    const found = await inspect(
      [dockerConnection({ id: 'good' }), dockerConnection({ id: 'bad', login: 'root' })],
      ['gone', 'bad', 'good'],
    );
    assert.deepEqual(found.writable, [{ registry: REGISTRY, group: GROUP, connections: ['good'] }]);
    assert.deepEqual(
      found.refused.map(({ connection, type }) => [connection, type]),
      [
        ['gone', 'ConnectionMissing'],
        ['bad', 'ConnectionLoginMismatch'],
      ],
    );
    assert.match(found.refused[1]?.message ?? '', /^Connection bad is not written: its login is "root"/);
  });

  it('warns of capital letters with the names of connection and airflow', async () => {
    const found = await inspect([dockerConnection({ id: 'a', host: REGISTRY.toUpperCase() })], ['a']);
    assert.equal(found.writable.length, 1);
    assert.match(found.warnings[0] ?? '', /^Connection a of main: .*capital letters.*\.$/);
  });

  it('shows 20 connections on one page and the 21st on the next', async () => {
    const pages = await Promise.all([
      inspect([], ids(20)),
      inspect([], ids(21)),
      inspect([], ids(21), { page: 1 }),
      inspect([], ids(21), { page: 2 }),
    ]);
    assert.deepEqual(
      pages.map(({ refused, nextPage }) => [refused.length, nextPage]),
      [
        [20, null],
        [20, 1],
        [1, null],
        [0, null],
      ],
    );
  });

  it('has nothing to say of an airflow without connections', async () =>
    assert.deepEqual(await inspect([], []), { writable: [], refused: [], warnings: [], nextPage: null }));

  describe('when Airflow fails', () => {
    function failing(type: 'StoreUnavailable' | 'StoreUnauthorized' | 'StoreUnreachable', sick: string) {
      const airflow = new FakeAirflow(['a', 'b', 'c'].map((id) => dockerConnection({ id })));
      airflow.onCall = (_call, id) => {
        if (id === sick || sick === 'all') throw new RefreshFailure(type, `HTTP trouble at ${id}`);
      };
      const activities = activitiesOver(airflow, ['a', 'b', 'c']);
      return {
        airflow,
        inspect: (number: number) => activities.inspectConnections(attemptOf({ number }), INPUT),
      };
    }

    it('fails the first three attempts for a server error at one connection among others', async () => {
      const { inspect: attempt } = failing('StoreUnavailable', 'b');
      for (const number of [1, 2, 3]) await expectFailure('StoreUnavailable', attempt(number));
    });

    it('takes it for a problem of that connection from the fourth attempt on', async () => {
      const found = await failing('StoreUnavailable', 'b').inspect(4);
      assert.deepEqual(found.writable[0]?.connections, ['a', 'c']);
      assert.deepEqual(
        found.refused.map(({ connection, type, message }) => [connection, type, message]),
        [['b', 'StoreUnavailable', 'HTTP trouble at b']],
      );
    });

    it('goes on failing when every connection has a server error', async () => {
      await expectFailure('StoreUnavailable', failing('StoreUnavailable', 'all').inspect(50));
    });

    for (const type of ['StoreUnauthorized', 'StoreUnreachable'] as const) {
      it(`stops at the first ${type}, however often it was tried`, async () => {
        const { airflow, inspect: attempt } = failing(type, 'all');
        await expectFailure(type, attempt(50));
        assert.deepEqual(airflow.calls, ['read a']);
      });
    }
  });
});

import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Range } from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { FakeContext } from '../fakes/fake-context.js';
import { EU_GROUP, EU_REGISTRY, fakeSteps, listedStore, plannedStores } from '../fakes/fake-steps.js';
import {
  ids,
  inspectList,
  inspection,
  listed,
  listFailures,
  listPart,
  meter,
  NEIGHBOUR,
  noteUpdates,
  part,
  planned,
  problem,
  refreshWith,
  toListed,
} from '../fakes/flow-fixture.js';

const good = fakeSteps();

describe('StoreRun: updates', () => {
  it('writes a page while the next one is being read', async () => {
    const gate = deferred();
    const { updates, updateConnections } = noteUpdates();
    const rows = ids(150);
    const run = refreshWith({
      planRefresh: listed,
      inspectConnections: async (input) => {
        const range = toListed(input);
        if (range.offset > 0) await gate.promise;
        return listPart(rows, range);
      },
      updateConnections,
    });
    await settle();
    assert.deepEqual(
      updates.map(({ connections }) => connections),
      [rows.slice(0, 100)],
    );
    gate.resolve();
    assert.equal((await run).stores[0]?.refreshed, 150);
    assert.deepEqual(updates[1]?.connections, rows.slice(100));
  });

  for (const { count, sizes } of [
    { count: 100, sizes: [100] },
    { count: 101, sizes: [100, 1] },
    { count: 250, sizes: [100, 100, 50] },
  ] as const) {
    it(`writes ${count} connections in chunks of ${sizes.join(', ')}, each once`, async () => {
      const { updates, updateConnections } = noteUpdates();
      const report = await refreshWith({
        inspectConnections: async () => inspection(part({ connections: ids(count) })),
        updateConnections,
      });
      assert.deepEqual(
        updates.map(({ connections }) => connections.length),
        sizes,
      );
      assert.deepEqual(
        updates.flatMap(({ connections }) => connections),
        ids(count),
      );
      assert.equal(report.stores[0]?.refreshed, count);
    });
  }

  it('writes ten connections per update, without a position, when lists omit fields', async () => {
    const { updates, updateConnections } = noteUpdates();
    await refreshWith({
      planRefresh: listed,
      inspectConnections: async (input) => listPart(ids(25), toListed(input), { isComplete: false }),
      updateConnections,
    });
    assert.deepEqual(
      updates.map(({ connections, listed: position }) => [connections.length, position]),
      [
        [10, undefined],
        [10, undefined],
        [5, undefined],
      ],
    );
  });

  it('also writes ten connections per update when such a list returned them only in a retry', async () => {
    const { updates, updateConnections } = noteUpdates();
    await refreshWith({
      planRefresh: listed,
      inspectConnections: async ({ target }) =>
        'connections' in target
          ? inspection(part({ connections: target.connections }))
          : {
              ...inspection(),
              list: { rows: 25, total: 25, isComplete: false },
              toRetry: ids(25).map((id) => problem(id, 'AttemptTimedOut')),
            },
      updateConnections,
    });
    assert.deepEqual(
      updates.map(({ connections }) => connections.length),
      [10, 10, 5],
    );
  });

  it('passes the position of listed connections, and none for named ones', async () => {
    const { updates, updateConnections } = noteUpdates();
    await refreshWith({
      planRefresh: planned({ stores: [{ ...listedStore(), named: 1 }] }),
      inspectConnections: async ({ target }) =>
        'listed' in target
          ? listPart(ids(150), target.listed)
          : inspection(part({ connections: ['by_name'] })),
      updateConnections,
    });
    const positions = new Map(
      updates.map(({ connections, listed: range }): [string | undefined, Range | undefined] => [
        connections[0],
        range,
      ]),
    );
    assert.deepEqual(
      positions,
      new Map([
        ['by_name', undefined],
        ['id_0', { offset: 0, limit: 100 }],
        ['id_100', { offset: 100, limit: 100 }],
      ]),
    );
  });

  it('writes a connection that is on two pages once', async () => {
    const { updates, updateConnections } = noteUpdates();
    const rows = [...ids(99), 'moved', 'moved', 'last'];
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: inspectList(rows),
      updateConnections,
    });
    assert.deepEqual(
      updates.flatMap(({ connections }) => connections),
      [...ids(99), 'moved', 'last'],
    );
    assert.equal(report.stores[0]?.refreshed, 101);
  });

  it('makes at most 2 first attempts to write at once in each store, across all its registries', async () => {
    const meters = { one: meter(), two: meter() };
    await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async () =>
        inspection(
          part({ connections: ids(500) }),
          part({ registry: NEIGHBOUR, connections: ids(300, 'other') }),
          part({ registry: EU_REGISTRY, group: EU_GROUP, connections: ids(300, 'eu') }),
        ),
      updateConnections: (input, how) =>
        meters[input.store as 'one' | 'two'].during(() => good.updateConnections(input, how)),
    });
    assert.deepEqual([meters.one.peak, meters.two.peak], [2, 2]);
  });

  it('writes other chunks while two updates wait for their retries', async () => {
    const context = new FakeContext();
    context.isHeld = true;
    const written: number[] = [];
    const run = refreshWith(
      {
        inspectConnections: async () => inspection(part({ connections: ids(250) })),
        updateConnections: async (input, how) => {
          if (input.connections.length === 100 && how.attemptsBefore === 0)
            throw new RefreshFailure('StoreUnavailable', '503');
          written.push(input.connections.length);
          return good.updateConnections(input, how);
        },
      },
      context,
    );
    await settle();
    assert.deepEqual(written, [50]);
    context.release();
    assert.equal((await run).stores[0]?.refreshed, 250);
  });

  it('passes the number of earlier attempts, and the position again', async () => {
    const inputs: unknown[] = [];
    await refreshWith({
      planRefresh: listed,
      inspectConnections: inspectList(['a']),
      updateConnections: async (input, how) => {
        inputs.push([input.attemptsBefore, how.attemptsBefore, input.listed?.offset]);
        if (input.attemptsBefore === 0) throw new RefreshFailure('StoreUnavailable', '503');
        return good.updateConnections(input, how);
      },
    });
    assert.deepEqual(inputs, [
      [0, 0, 0],
      [1, 1, 0],
    ]);
  });

  it('counts connections that were written before the rest failed permanently, and tests once', async () => {
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'b', 'c'] })),
      updateConnections: async (input, how) => {
        if (how.attemptsBefore > 0) throw new RefreshFailure('StoreForbidden', '403');
        return {
          ...(await good.updateConnections(input, how)),
          written: ['a', 'c'],
          toRetry: [problem('b', 'AttemptTimedOut')],
        };
      },
    });
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [2, 1]);
    assert.deepEqual(
      report.failures.map(({ stage, type, connections }) => [stage, type, connections]),
      [['update', 'StoreForbidden', ['b']]],
    );
    assert.equal(report.docker.length, 1);
  });

  it('writes the other chunks, and those of another store, when one chunk fails permanently', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async () => inspection(part({ connections: ids(300) })),
      updateConnections: async (input, how) => {
        if (input.store === 'one' && input.connections.includes('id_0'))
          throw new RefreshFailure('StoreRequestRejected', '400').with({ scope: 'connection' });
        return good.updateConnections(input, how);
      },
    });
    assert.deepEqual(listFailures(report), [['update', 'one', part().registry, 'StoreRequestRejected', 100]]);
    assert.deepEqual(
      report.stores.map(({ refreshed, failed }) => [refreshed, failed]),
      [
        [200, 100],
        [300, 0],
      ],
    );
  });

  it('reports one failure for a store that denies all updates', async () => {
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ids(1000) })),
      updateConnections: () => Promise.reject(new RefreshFailure('StoreForbidden', '403')),
    });
    assert.deepEqual(listFailures(report), [['update', 'main', part().registry, 'StoreForbidden', 1000]]);
    assert.equal(report.stores[0]?.failed, 1000);
  });

  it('reports single connections that could not be written, and counts those that were', async () => {
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'b'] })),
      updateConnections: async (input, how) => ({
        ...(await good.updateConnections(input, how)),
        written: ['a'],
        refused: [problem('b', 'ConnectionMissing', 'gone')],
      }),
    });
    assert.deepEqual(listFailures(report), [['update', 'main', part().registry, 'ConnectionMissing', 1]]);
    assert.deepEqual(report.failures[0]?.connections, ['b']);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [1, 1]);
  });
});

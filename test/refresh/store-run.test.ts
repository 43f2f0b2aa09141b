import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type {
  InspectInput,
  InspectTarget,
  PlannedStore,
  Range,
  RefreshSteps,
} from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { FakeContext, STARTED_AT } from '../fakes/fake-context.js';
import { fakeSteps, listedStore, plannedStores } from '../fakes/fake-steps.js';
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

function named(count: number, ...names: readonly string[]): ReturnType<typeof planned> {
  const stores = plannedStores(...(names.length === 0 ? ['main'] : names));
  return planned({ stores: stores.map((store): PlannedStore => ({ ...store, named: count })) });
}

/** Every requested connection is writable. */
function inspectNamed({ target }: InspectInput): ReturnType<RefreshSteps['inspectConnections']> {
  if (!('named' in target)) throw new TypeError('expected a read by name');
  const { offset, limit } = target.named;
  return Promise.resolve(inspection(part({ connections: ids(limit, `at_${offset}`) })));
}

describe('StoreRun: reads', () => {
  it('reads named connections in slices of 20', async () => {
    const targets: InspectTarget[] = [];
    await refreshWith({
      planRefresh: named(41),
      inspectConnections: async (input) => (targets.push(input.target), inspectNamed(input)),
    });
    assert.deepEqual(targets, [
      { named: { offset: 0, limit: 20 } },
      { named: { offset: 20, limit: 20 } },
      { named: { offset: 40, limit: 20 } },
    ]);
  });

  it('reads no names and no list that the configuration does not contain', async () => {
    const targets: InspectTarget[] = [];
    const note: RefreshSteps['inspectConnections'] = async (input) => (
      targets.push(input.target),
      inspection()
    );
    await refreshWith({ planRefresh: named(0), inspectConnections: note });
    assert.deepEqual(targets, []);
    await refreshWith({ planRefresh: listed, inspectConnections: note });
    assert.deepEqual(targets, [{ listed: { offset: 0, limit: 100 } }]);
  });

  it('reads the list while named connections are being read', async () => {
    const gate = deferred();
    const { updates, updateConnections } = noteUpdates();
    const run = refreshWith({
      planRefresh: planned({ stores: [{ ...listedStore(), named: 100 }] }),
      inspectConnections: async (input) => {
        if ('listed' in input.target) return listPart(['from_list'], input.target.listed);
        await gate.promise;
        const { offset } = (input.target as { named: Range }).named;
        return inspection(part({ connections: [`by_name_${offset}`] }));
      },
      updateConnections,
    });
    await settle();
    assert.deepEqual(
      updates.map(({ connections }) => connections),
      [['from_list']],
    );
    gate.resolve();
    assert.equal((await run).stores[0]?.refreshed, 6);
  });

  it('makes at most 2 first attempts to read at once in each store', async () => {
    const meters = { one: meter(), two: meter() };
    await refreshWith({
      planRefresh: named(100, 'one', 'two'),
      inspectConnections: (input) => meters[input.store as 'one' | 'two'].during(() => inspectNamed(input)),
    });
    assert.deepEqual([meters.one.peak, meters.two.peak], [2, 2]);
  });

  it('reads other named connections while two reads wait for their retries', async () => {
    const context = new FakeContext();
    context.isHeld = true;
    const { updates, updateConnections } = noteUpdates();
    const run = refreshWith(
      {
        planRefresh: named(60),
        inspectConnections: async (input) => {
          const isLast = 'named' in input.target && input.target.named.offset === 40;
          if (!isLast && input.attemptsBefore === 0) throw new RefreshFailure('StoreUnavailable', '503');
          return inspectNamed(input);
        },
        updateConnections,
      },
      context,
    );
    await settle();
    assert.deepEqual(
      updates.map(({ connections }) => connections),
      [ids(20, 'at_40')],
    );
    context.release();
    assert.equal((await run).stores[0]?.refreshed, 60);
  });

  it('passes the number of earlier attempts', async () => {
    const before: number[] = [];
    await refreshWith({
      inspectConnections: async (input, how) => {
        before.push(input.attemptsBefore, how.attemptsBefore);
        if (input.attemptsBefore === 0) throw new RefreshFailure('StoreUnavailable', '503');
        return good.inspectConnections(input, how);
      },
    });
    assert.deepEqual(before, [0, 0, 1, 1]);
  });

  it('writes the connections it read when the rest cannot be read, and keeps the rows of earlier runs', async () => {
    const rows = ids(150);
    const previous = await refreshWith({
      inspectConnections: async () =>
        inspection(part(), part({ registry: NEIGHBOUR, connections: ['hidden'] })),
    });
    const report = await refreshWith(
      {
        planRefresh: listed,
        inspectConnections: async (input) => {
          const range = toListed(input);
          if (range.offset > 0) throw new RefreshFailure('StoreUnavailable', 'Connections 101 to 200: 500.');
          return listPart(rows, range);
        },
      },
      new FakeContext({ previous, leftMs: 60_000 }),
    );
    const lost = report.failures.filter(({ message }) => message.startsWith('Connections 101 to 200'));
    assert.deepEqual(
      lost.map(({ stage, type, count }) => [stage, type, count]),
      [['inspect', 'StoreUnavailable', 0]],
    );
    assert.deepEqual(
      report.stores.map(({ registry, refreshed, lastRefreshedAt }) => [registry, refreshed, lastRefreshedAt]),
      [
        [part().registry, 100, STARTED_AT],
        [NEIGHBOUR, 0, STARTED_AT],
      ],
    );
  });

  it('reports each connection that an inspection rejects, and refreshes the others', async () => {
    const report = await refreshWith({
      inspectConnections: async () => ({
        ...inspection(part()),
        refused: [problem('gone', 'ConnectionMissing'), problem('gone_2', 'ConnectionMissing')],
      }),
    });
    assert.deepEqual(listFailures(report), [['inspect', 'main', undefined, 'ConnectionMissing', 2]]);
    assert.deepEqual(report.failures[0]?.connections, ['gone', 'gone_2']);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [1, 0]);
  });
});

describe('StoreRun: a page that is read again', () => {
  const row = problem('row 3 of the list', 'ConnectionUnavailable', 'HTTP 500.');

  /** A list whose third row cannot be read before this many attempts. */
  function inspectWithRow(attemptsOfRow: number, attempts: number[]): RefreshSteps['inspectConnections'] {
    return async (input) => {
      if (toListed(input).offset > 0) return listPart(ids(4), toListed(input));
      attempts.push(input.attemptsBefore + 1);
      if (attempts.length === 1) throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
      const isRead = input.attemptsBefore >= attemptsOfRow;
      const rows = isRead ? ids(4) : ids(4).filter((id) => id !== 'id_2');
      const read = listPart(rows, toListed(input), { rows: 4, total: 4, isSplit: true });
      if (isRead || !read.list) return read;
      if (input.attemptsBefore >= 3) return { ...read, refused: [row] };
      return { ...read, list: { ...read.list, toRetry: [row] } };
    };
  }

  it('retries a row that could not be read, and writes it when it can be read', async () => {
    const attempts: number[] = [];
    const { updates, updateConnections } = noteUpdates();
    const report = await refreshWith(
      { planRefresh: listed, inspectConnections: inspectWithRow(2, attempts), updateConnections },
      new FakeContext(),
    );
    assert.deepEqual([report.outcome, report.failures, attempts], ['refreshed', [], [1, 2, 3]]);
    assert.deepEqual(
      updates.map(({ connections }) => connections),
      [['id_0', 'id_1', 'id_3'], ['id_2']],
    );
  });

  it('reports a row once, after its fourth attempt', async () => {
    const attempts: number[] = [];
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: inspectWithRow(Infinity, attempts),
    });
    assert.deepEqual(attempts, [1, 2, 3, 4]);
    assert.deepEqual(listFailures(report), [['inspect', 'main', undefined, 'ConnectionUnavailable', 1]]);
    assert.deepEqual([report.failures[0]?.connections, report.stores[0]?.refreshed], [[row.connection], 3]);
  });

  it('reports a row for which no time is left', async () => {
    const report = await refreshWith(
      { planRefresh: listed, inspectConnections: inspectWithRow(Infinity, []) },
      new FakeContext({ leftMs: 7_000 }),
    );
    assert.deepEqual(report.failures[0]?.connections, [row.connection]);
    assert.equal(report.failures[0]?.message, 'HTTP 500.');
  });

  it('reads the second page when the first fails, and reports and retries the results of both reads once', async () => {
    const rows = ids(150);
    const offsets: number[] = [];
    let retries = 0;
    const report = await refreshWith(
      {
        planRefresh: listed,
        inspectConnections: async (input) => {
          if ('connections' in input.target) {
            retries += 1;
            return { ...inspection(), refused: [problem('slow', 'ConnectionUnavailable')] };
          }
          const range = toListed(input);
          offsets.push(range.offset);
          if (range.offset === 0) throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
          return {
            ...listPart(rows, range),
            refused: [problem('invalid', 'ConnectionLoginMismatch')],
            toRetry: [problem('slow', 'StoreUnreachable')],
            skipped: { count: 1, first: ['quay'] },
          };
        },
      },
      new FakeContext({ leftMs: 60_000 }),
    );
    assert.deepEqual(offsets.slice(0, 3), [0, 100, 100]);
    assert.deepEqual(report.failures.map(({ type, count }) => `${type} ${count}`).toSorted(), [
      'ConnectionLoginMismatch 1',
      'ConnectionUnavailable 1',
      'StoreUnavailable 0',
    ]);
    assert.deepEqual([retries, report.stores[0]?.refreshed], [1, 50]);
    assert.match(report.warnings[0] ?? '', /^Skipped 1 docker connection of main /);
  });

  it('stops when the first two pages fail, and reports one failure', async () => {
    const offsets = new Set<number>();
    const report = await refreshWith(
      {
        planRefresh: listed,
        inspectConnections: async (input) => {
          offsets.add(toListed(input).offset);
          throw new RefreshFailure('StoreUnreachable', 'refused');
        },
      },
      new FakeContext({ leftMs: 60_000 }),
    );
    assert.deepEqual([...offsets], [0, 100]);
    assert.deepEqual(listFailures(report), [['inspect', 'main', undefined, 'StoreUnreachable', 0]]);
  });
});

describe('StoreRun: warnings', () => {
  it('warns once per store of all skipped connections, and names the first few', async () => {
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: async (input) => {
        const range = toListed(input);
        const skipped = { count: 50, first: ['a', 'b', 'c'].map((name) => `${name}_${range.offset}`) };
        return { ...listPart(ids(250), range), skipped };
      },
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.warnings, [
      'Skipped 150 docker connections of main matched by a pattern (a_0, b_0, c_0, a_100, b_100, …), ' +
        'because their hosts are not known registries. Add the registries under `registries`, or use a narrower ' +
        'pattern.',
    ]);
  });

  it('counts skipped connections that were read in a retry', async () => {
    const report = await refreshWith({
      inspectConnections: async ({ target }) =>
        'connections' in target
          ? { ...inspection(), skipped: { count: 1, first: ['quay'] } }
          : { ...inspection(part()), toRetry: [problem('quay', 'StoreUnreachable')] },
    });
    assert.match(
      report.warnings[0] ?? '',
      /^Skipped 1 docker connection of main matched by a pattern \(quay\), because its host/,
    );
  });

  const NO_MATCH = 'Airflow main has no matching connection to refresh.';

  it('warns when a store has no connection to refresh', async () => {
    const report = await refreshWith({ planRefresh: listed, inspectConnections: inspectList([]) });
    assert.deepEqual(report.warnings, [NO_MATCH]);
    assert.equal(report.outcome, 'refreshed');
  });

  it('does not warn of a missing match when a store could not be read or its connections were rejected', async () => {
    const down = await refreshWith({
      planRefresh: listed,
      inspectConnections: () => Promise.reject(new RefreshFailure('StoreUnreachable', 'refused')),
    });
    assert.deepEqual(down.warnings, []);
    const refused = await refreshWith({
      inspectConnections: async () => ({ ...inspection(), refused: [problem('gone', 'ConnectionMissing')] }),
    });
    assert.deepEqual(refused.warnings, []);
  });

  it('warns of a wrong total of the list and shows its results', async () => {
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: async (input) => listPart(ids(250), toListed(input), { total: 900 }),
    });
    assert.deepEqual(report.warnings, [
      'Airflow main listed 250 connections but returned a total of 900. Some may be missing; the next run reads the ' +
        'list again.',
    ]);
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 250]);
  });

  it('fails the run when the list repeats itself, and writes the connections it found', async () => {
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: async () => listPart(ids(100), { offset: 0, limit: 100 }),
    });
    assert.deepEqual(listFailures(report), [['inspect', 'main', undefined, 'StoreListInvalid', 0]]);
    assert.equal(report.stores[0]?.refreshed, 100);
  });
});

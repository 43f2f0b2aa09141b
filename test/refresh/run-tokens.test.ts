import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { ExtractInput } from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { EU_GROUP, EU_REGISTRY, fakeSteps, GROUP, plannedStores, REGISTRY } from '../fakes/fake-steps.js';
import {
  ids,
  inspection,
  listed,
  listFailures,
  listPart,
  meter,
  part,
  planned,
  refreshWith,
  toListed,
} from '../fakes/flow-fixture.js';

const good = fakeSteps();

describe('refresh: tokens', () => {
  const inspectBothRegions = async () =>
    inspection(part(), part({ registry: EU_REGISTRY, group: EU_GROUP, connections: ['docker_eu'] }));

  it('writes the token of one region without waiting for that of another', async () => {
    const gate = deferred();
    const updated: string[] = [];
    const run = refreshWith({
      inspectConnections: inspectBothRegions,
      extractToken: async (input, how) => {
        if (input.group === GROUP) await gate.promise;
        return good.extractToken(input, how);
      },
      updateConnections: async (input, how) => (
        updated.push(input.registry),
        good.updateConnections(input, how)
      ),
    });
    await settle();
    assert.deepEqual(updated, [EU_REGISTRY]);
    gate.resolve();
    assert.equal((await run).outcome, 'refreshed');
  });

  it('reports a region whose token is denied for each store, and refreshes the other region', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: inspectBothRegions,
      extractToken: async (input, how) => {
        if (input.group === EU_GROUP) throw new RefreshFailure('AwsAccessDenied', 'denied');
        return good.extractToken(input, how);
      },
    });
    assert.deepEqual(listFailures(report), [
      ['extract', 'one', EU_REGISTRY, 'AwsAccessDenied', 1],
      ['extract', 'two', EU_REGISTRY, 'AwsAccessDenied', 1],
    ]);
    assert.deepEqual(
      report.stores.map(({ store, registry, refreshed, failed }) => [store, registry, refreshed, failed]),
      [
        ['one', REGISTRY, 1, 0],
        ['one', EU_REGISTRY, 0, 1],
        ['two', REGISTRY, 1, 0],
        ['two', EU_REGISTRY, 0, 1],
      ],
    );
  });

  it('extracts a token once for two stores with the same registry', async () => {
    const extracted: unknown[] = [];
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      extractToken: async (input, how) => (extracted.push(input), good.extractToken(input, how)),
    });
    assert.deepEqual(extracted, [{ configHash: 'abc', group: GROUP, registries: [REGISTRY] }]);
    assert.deepEqual(
      report.stores.map(({ refreshed }) => refreshed),
      [1, 1],
    );
  });

  it('extracts a token once for all pages of a list', async () => {
    const extracted: (readonly string[])[] = [];
    const report = await refreshWith({
      planRefresh: listed,
      inspectConnections: async (input) => listPart(ids(450), toListed(input)),
      extractToken: async (input, how) => (extracted.push(input.registries), good.extractToken(input, how)),
    });
    assert.deepEqual(extracted, [[REGISTRY]]);
    assert.equal(report.stores[0]?.refreshed, 450);
  });

  it('makes at most 20 extractions at once, over all stores', async () => {
    const extractions = meter();
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two'), engines: [] }),
      inspectConnections: async ({ store }) =>
        inspection(
          ...ids(15, 'region').map((region) =>
            part({
              registry: `${region}.${store}`,
              group: `default/${region}.${store}`,
              connections: [`of_${region}`],
            }),
          ),
        ),
      extractToken: (input, how) => extractions.during(() => good.extractToken(input, how)),
    });
    assert.equal(extractions.peak, 20);
    assert.equal(report.stores.length, 30);
  });

  describe('with many registries', () => {
    const accounts = Array.from({ length: 20 }, (_, index) => String(100_000_000_000 + index));
    const regions = Array.from({ length: 15 }, (_, index) => `xx-test-${index}`);
    const parts = accounts.flatMap((account) =>
      regions.map((region) =>
        part({
          registry: `${account}.dkr.ecr.${region}.amazonaws.com`,
          group: `default/${region}`,
          connections: [`${account}_${region}`],
        }),
      ),
    );

    for (const stores of [['one'], ['one', 'two']]) {
      it(`extracts 15 tokens for 300 registries of 20 accounts in ${stores.length} stores`, async () => {
        const extracted: ExtractInput[] = [];
        const report = await refreshWith({
          planRefresh: planned({ stores: plannedStores(...stores), engines: [] }),
          inspectConnections: async () => inspection(...parts),
          extractToken: async (input, how) => (extracted.push(input), good.extractToken(input, how)),
        });
        assert.deepEqual(
          extracted.map(({ group, registries }) => [group, registries]),
          regions.map((region) => [
            `default/${region}`,
            accounts.map((account) => `${account}.dkr.ecr.${region}.amazonaws.com`),
          ]),
        );
        assert.equal(report.stores.length, 300 * stores.length);
        assert.ok(report.stores.every(({ refreshed }) => refreshed === 1));
      });
    }
  });

  describe('with one registry and two principals', () => {
    const OTHER_GROUP = 'profile:other/us-east-1';
    const both = async () =>
      inspection(part({ connections: ['a'] }), part({ group: OTHER_GROUP, connections: ['b'] }));

    it('extracts, updates and tests for each principal, and reports one row', async () => {
      const calls: unknown[] = [];
      const report = await refreshWith({
        inspectConnections: both,
        extractToken: async (input, how) => (
          calls.push(['extract', input.group, input.registries]),
          good.extractToken(input, how)
        ),
        updateConnections: async (input, how) => (
          calls.push(['update', input.group, input.connections]),
          good.updateConnections(input, how)
        ),
        testDocker: async (input, how) => (
          calls.push(['test', input.group, input.registry]),
          good.testDocker(input, how)
        ),
      });
      assert.deepEqual(
        calls.map((call) => JSON.stringify(call)).toSorted(),
        [
          ['extract', GROUP, [REGISTRY]],
          ['extract', OTHER_GROUP, [REGISTRY]],
          ['update', GROUP, ['a']],
          ['update', OTHER_GROUP, ['b']],
          ['test', GROUP, REGISTRY],
          ['test', OTHER_GROUP, REGISTRY],
        ]
          .map((call) => JSON.stringify(call))
          .toSorted(),
      );
      assert.deepEqual(
        report.stores.map(({ registry, refreshed }) => [registry, refreshed]),
        [[REGISTRY, 2]],
      );
      assert.equal(report.docker.length, 2);
    });

    it('skips the connections of a principal that gets no token, and refreshes those of the other', async () => {
      const updated: (readonly string[])[] = [];
      const report = await refreshWith({
        inspectConnections: both,
        extractToken: async (input, how) => {
          if (input.group === OTHER_GROUP) throw new RefreshFailure('AwsAccessDenied', 'denied');
          return good.extractToken(input, how);
        },
        updateConnections: async (input, how) => (
          updated.push(input.connections),
          good.updateConnections(input, how)
        ),
      });
      assert.deepEqual(updated, [['a']]);
      assert.deepEqual(listFailures(report), [['extract', 'main', REGISTRY, 'AwsAccessDenied', 1]]);
      assert.deepEqual(report.failures[0]?.connections, ['b']);
    });
  });
});

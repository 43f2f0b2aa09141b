import assert from 'node:assert/strict';
import { FAILURES, RefreshFailure } from '../../src/refresh/failures.js';
import { refresh, type RunContext } from '../../src/refresh/flow.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type {
  ExtractInput,
  Inspection,
  PullProbe,
  RefreshPlan,
  RefreshSteps,
  TokenInfo,
  WritableConnections,
} from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { ENGINE, fakeSteps, FINGERPRINT, GROUP, REGISTRY, plannedStores } from '../fakes/fake-steps.js';

const EU_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const EU_GROUP = 'default/eu-west-1';
const NEIGHBOUR = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const STARTED_AT = '2026-01-01T00:00:00.000Z';

class Cancelled extends Error {}

function context(previous?: RefreshReport): RunContext {
  return {
    runId: 'run-1',
    previous,
    now: () => new Date(STARTED_AT),
    describe(error) {
      if (!(error instanceof RefreshFailure)) throw error;
      const { type, scope, message, remedy, progress } = error;
      return { type, scope, message, remedy, progress };
    },
  };
}

function refreshWith(overrides: Partial<RefreshSteps>, previous?: RefreshReport): Promise<RefreshReport> {
  return refresh(fakeSteps(overrides), context(previous));
}

function planned(changes: Partial<RefreshPlan>): () => Promise<RefreshPlan> {
  return async () => ({ configHash: 'abc', stores: plannedStores('main'), engines: [ENGINE], ...changes });
}

function part(changes: Partial<WritableConnections> = {}): WritableConnections {
  return { registry: REGISTRY, group: GROUP, connections: ['docker_default'], ...changes };
}

function inspection(...writable: WritableConnections[]): Inspection {
  return { writable, refused: [], warnings: [], nextPage: null };
}

function ids(count: number, prefix = 'id'): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}_${index}`);
}

/** Counts what is under way at once, each call as long as a turn of the event loop. */
function meter(): { peak: number; during<T>(work: () => Promise<T>): Promise<T> } {
  let running = 0;
  const measured = {
    peak: 0,
    async during<T>(work: () => Promise<T>): Promise<T> {
      running += 1;
      measured.peak = Math.max(measured.peak, running);
      await settle();
      running -= 1;
      return work();
    },
  };
  return measured;
}

function failures(report: RefreshReport): unknown[] {
  return report.failures.map(({ stage, store, registry, type, count }) => [
    stage,
    store,
    registry,
    type,
    count,
  ]);
}

describe('refresh', () => {
  const good = fakeSteps();

  it('passes the hash of the plan to every step', async () => {
    const hashes: string[] = [];
    await refreshWith({
      planRefresh: planned({ configHash: 'this one' }),
      inspectConnections: async (input) => (hashes.push(input.configHash), good.inspectConnections(input)),
      extractToken: async (input) => (hashes.push(input.configHash), good.extractToken(input)),
      updateConnections: async (input) => (hashes.push(input.configHash), good.updateConnections(input)),
      testDocker: async (input) => (hashes.push(input.configHash), good.testDocker(input)),
    });
    assert.deepEqual(hashes, ['this one', 'this one', 'this one', 'this one']);
  });

  it('ends with a report when there is no plan, and keeps what earlier runs said', async () => {
    const previous = await refreshWith({});
    const report = await refreshWith(
      { planRefresh: () => Promise.reject(new RefreshFailure('ConfigInvalid', 'no good one')) },
      previous,
    );
    assert.deepEqual(failures(report), [['plan', undefined, undefined, 'ConfigInvalid', 0]]);
    assert.deepEqual(
      report.stores.map(({ store, refreshed, lastRefreshedAt }) => [store, refreshed, lastRefreshedAt]),
      [['main', 0, STARTED_AT]],
    );
  });

  it('refreshes one airflow while another does not answer', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('down', 'up') }),
      inspectConnections: async (input) => {
        if (input.store === 'down') throw new RefreshFailure('StoreUnreachable', 'refused');
        return good.inspectConnections(input);
      },
    });
    assert.deepEqual(failures(report), [['inspect', 'down', undefined, 'StoreUnreachable', 0]]);
    assert.deepEqual(
      report.stores.map(({ store, refreshed }) => [store, refreshed]),
      [['up', 1]],
    );
  });

  it('does not wait for a slow airflow before it refreshes another', async () => {
    const slow = deferred<Inspection>();
    const updated: string[] = [];
    const run = refreshWith({
      planRefresh: planned({ stores: plannedStores('slow', 'quick') }),
      inspectConnections: (input) => (input.store === 'slow' ? slow.promise : good.inspectConnections(input)),
      updateConnections: async (input) => (updated.push(input.store), good.updateConnections(input)),
    });
    await settle();
    assert.deepEqual(updated, ['quick']);
    slow.resolve(inspection(part()));
    await run;
    assert.deepEqual(updated, ['quick', 'slow']);
  });

  it('does not wait for the token of one region before it writes that of another', async () => {
    const gate = deferred();
    const updated: string[] = [];
    const run = refreshWith({
      inspectConnections: async () => inspection(part(), part({ registry: EU_REGISTRY, group: EU_GROUP })),
      extractToken: async (input) => {
        if (input.group === GROUP) await gate.promise;
        return good.extractToken(input);
      },
      updateConnections: async (input) => (updated.push(input.registry), good.updateConnections(input)),
    });
    await settle();
    assert.deepEqual(updated, [EU_REGISTRY]);
    gate.resolve();
    assert.equal((await run).outcome, 'refreshed');
  });

  it('reports a region whose token is denied for each airflow, and refreshes the other region', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async () => inspection(part(), part({ registry: EU_REGISTRY, group: EU_GROUP })),
      extractToken: async (input) => {
        if (input.group === EU_GROUP) throw new RefreshFailure('AwsAccessDenied', 'denied');
        return good.extractToken(input);
      },
    });
    assert.deepEqual(failures(report), [
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

  it('extracts a token once for two airflows with the same registry', async () => {
    const extracted: unknown[] = [];
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      extractToken: async (input) => (extracted.push(input), good.extractToken(input)),
    });
    assert.deepEqual(extracted, [{ configHash: 'abc', group: GROUP, registries: [REGISTRY] }]);
    assert.deepEqual(
      report.stores.map(({ refreshed }) => refreshed),
      [1, 1],
    );
  });

  it('extracts a token once for two registries of a group', async () => {
    const extracted: (readonly string[])[] = [];
    await refreshWith({
      inspectConnections: async () => inspection(part(), part({ registry: NEIGHBOUR })),
      extractToken: async (input) => (extracted.push(input.registries), good.extractToken(input)),
    });
    assert.deepEqual(extracted, [[REGISTRY, NEIGHBOUR]]);
  });

  it('leaves a registry alone that refuses the token, and refreshes its neighbour of the same group', async () => {
    const updated: string[] = [];
    const report = await refreshWith({
      inspectConnections: async () => inspection(part(), part({ registry: NEIGHBOUR })),
      extractToken: async (input) => ({
        ...(await good.extractToken(input)),
        probes: [
          { registry: REGISTRY, outcome: 'rejected', message: '403 DENIED' },
          { registry: NEIGHBOUR, outcome: 'accepted' },
        ],
      }),
      updateConnections: async (input) => (updated.push(input.registry), good.updateConnections(input)),
    });
    assert.deepEqual(updated, [NEIGHBOUR]);
    assert.deepEqual(failures(report), [['extract', 'main', REGISTRY, 'TokenRejected', 1]]);
    assert.equal(report.failures[0]?.message, `${REGISTRY}: 403 DENIED`);
    assert.equal(report.tokens[0]?.check, 'rejected');
  });

  for (const { title, probes } of [
    {
      title: 'could not be shown to the registry',
      probes: [{ registry: REGISTRY, outcome: 'unreachable', message: 'no route' }],
    },
    { title: 'was not shown to it at all', probes: [] },
  ] as const) {
    it(`writes a token with a warning that ${title}`, async () => {
      const report = await refreshWith({
        extractToken: async (input) => ({ ...(await good.extractToken(input)), probes }),
      });
      assert.equal(report.outcome, 'refreshed');
      assert.equal(report.stores[0]?.refreshed, 1);
      const why = probes.length === 0 ? 'it was not probed' : 'no route';
      assert.deepEqual(report.warnings, [
        `Registry ${REGISTRY} could not be asked whether it accepts the token: ${why}.`,
      ]);
    });
  }

  it('writes a token that a registry accepts like any other, with a warning that this proves nothing', async () => {
    const message = 'it accepts a wrong password, too';
    const report = await refreshWith({
      extractToken: async (input) => ({
        ...(await good.extractToken(input)),
        probes: [{ registry: REGISTRY, outcome: 'inconclusive', message }],
      }),
    });
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 1]);
    assert.equal(report.tokens[0]?.check, 'inconclusive');
    assert.deepEqual(report.warnings, [
      `The test of the token at ${REGISTRY} is inconclusive: it accepts a wrong password, too.`,
    ]);
  });

  for (const { title, more, remedy } of [
    { title: 'the remedy of the catalogue', more: {}, remedy: FAILURES.RegistryRealmForeign.remedy },
    { title: 'a remedy of its own', more: { remedy: 'Look at the proxy.' }, remedy: 'Look at the proxy.' },
  ] as const) {
    it(`writes nothing where a registry asks for the sign-in at another host, and tells ${title}`, async () => {
      let updates = 0;
      const report = await refreshWith({
        extractToken: async (input) => ({
          ...(await good.extractToken(input)),
          probes: [
            {
              registry: REGISTRY,
              outcome: 'rejected',
              type: 'RegistryRealmForeign',
              message: 'realm evil.example',
              ...more,
            },
          ],
        }),
        updateConnections: async (input) => ((updates += 1), good.updateConnections(input)),
      });
      assert.equal(updates, 0);
      assert.deepEqual(failures(report), [['extract', 'main', REGISTRY, 'RegistryRealmForeign', 1]]);
      assert.deepEqual(
        report.failures.map((failure) => [failure.message, failure.remedy]),
        [[`${REGISTRY}: realm evil.example`, remedy]],
      );
      assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [0, 1]);
      assert.deepEqual(report.docker, []);
    });
  }

  describe('of images that may not be pulled', () => {
    async function refreshWithPulls(...pulls: PullProbe[]): Promise<RefreshReport> {
      return refreshWith({
        planRefresh: planned({ stores: plannedStores('one', 'two') }),
        extractToken: async (input) => ({
          ...(await good.extractToken(input)),
          probes: [{ registry: REGISTRY, outcome: 'accepted', pulls }],
        }),
      });
    }
    const denied = (image: string): PullProbe => ({ image, outcome: 'denied', message: '403 DENIED' });

    it('refreshes the connections and reports one failure of the test, however many airflows there are', async () => {
      const report = await refreshWithPulls({ image: 'ok:1', outcome: 'allowed' }, denied('team/app:1.0'));
      assert.deepEqual(failures(report), [['test', undefined, REGISTRY, 'RegistryPullDenied', 0]]);
      assert.deepEqual(
        report.failures.map(({ message, remedy }) => [message, remedy]),
        [[`${REGISTRY}/team/app:1.0: 403 DENIED`, FAILURES.RegistryPullDenied.remedy]],
      );
      assert.deepEqual(
        report.stores.map(({ refreshed, failed }) => [refreshed, failed]),
        [
          [1, 0],
          [1, 0],
        ],
      );
      assert.deepEqual(report.warnings, []);
    });

    it('names all of them in the one failure', async () => {
      const report = await refreshWithPulls(
        denied('a:1'),
        { image: 'b:1', outcome: 'allowed' },
        denied('c:1'),
        denied('d:1'),
      );
      assert.deepEqual(
        report.failures.map(({ message }) => message),
        [`${REGISTRY}/a:1: 403 DENIED; also denied: c:1, d:1`],
      );
    });

    it('warns of images that are missing, and of those that could not be asked for', async () => {
      const report = await refreshWithPulls(
        { image: 'a:1', outcome: 'missing', message: 'the registry has no such tag' },
        { image: 'b:1', outcome: 'unknown', message: 'HTTP 500' },
        { image: 'c:1', outcome: 'allowed' },
      );
      assert.equal(report.outcome, 'refreshed');
      assert.deepEqual(report.warnings, [
        `Whether images may be pulled is not proven by ${REGISTRY}/a:1: the registry has no such tag.`,
        `Whether images may be pulled is not proven by ${REGISTRY}/b:1: HTTP 500.`,
      ]);
    });
  });

  it('tells the warnings of a token once, and until when it can be relied on', async () => {
    const facts = async (input: ExtractInput): Promise<TokenInfo> => ({
      ...(await good.extractToken(input)),
      warnings: ['The clock is wrong.'],
      usableUntil: '2026-01-01T01:00:00.000Z',
    });
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      extractToken: facts,
      updateConnections: async (input) => ({
        ...(await good.updateConnections(input)),
        token: await facts({ configHash: 'abc', group: GROUP, registries: [REGISTRY] }),
      }),
    });
    assert.deepEqual(report.warnings, ['The clock is wrong.']);
    assert.deepEqual(
      [...report.tokens, ...report.stores].map(({ usableUntil }) => usableUntil),
      ['2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.000Z'],
    );
  });

  describe('of many registries', () => {
    const accounts = Array.from({ length: 20 }, (_, index) => String(100_000_000_000 + index));
    const regions = Array.from({ length: 15 }, (_, index) => `xx-test-${index}`);
    const parts = accounts.flatMap((account) =>
      regions.map((region) =>
        part({ registry: `${account}.dkr.ecr.${region}.amazonaws.com`, group: `default/${region}` }),
      ),
    );

    for (const airflows of [['one'], ['one', 'two']]) {
      it(`asks for 15 tokens for 300 registries of 20 accounts in ${airflows.length} airflows`, async () => {
        const extracted: ExtractInput[] = [];
        const report = await refreshWith({
          planRefresh: planned({ stores: plannedStores(...airflows), engines: [] }),
          inspectConnections: async () => inspection(...parts),
          extractToken: async (input) => (extracted.push(input), good.extractToken(input)),
        });
        assert.deepEqual(
          extracted.map(({ group, registries }) => [group, registries]),
          regions.map((region) => [
            `default/${region}`,
            accounts.map((account) => `${account}.dkr.ecr.${region}.amazonaws.com`),
          ]),
        );
        assert.equal(report.stores.length, 300 * airflows.length);
        assert.ok(report.stores.every(({ refreshed }) => refreshed === 1));
      });
    }

    it('asks again for the registries alone that a second airflow adds to a group', async () => {
      const extracted: (readonly string[])[] = [];
      await refreshWith({
        planRefresh: planned({ stores: plannedStores('one', 'two'), engines: [] }),
        inspectConnections: async ({ store }) =>
          store === 'one' ? inspection(part()) : inspection(part(), part({ registry: NEIGHBOUR })),
        extractToken: async (input) => (extracted.push(input.registries), good.extractToken(input)),
      });
      assert.deepEqual(extracted, [[REGISTRY], [NEIGHBOUR]]);
    });
  });

  describe('of one registry as two principals', () => {
    const OTHER_GROUP = 'profile:other/us-east-1';
    const both = async () =>
      inspection(part({ connections: ['a'] }), part({ group: OTHER_GROUP, connections: ['b'] }));

    it('extracts, updates and tests for each of them, and says for whom', async () => {
      const calls: unknown[] = [];
      const report = await refreshWith({
        inspectConnections: both,
        extractToken: async (input) => (
          calls.push(['extract', input.group, input.registries]),
          good.extractToken(input)
        ),
        updateConnections: async (input) => (
          calls.push(['update', input.group, input.connections]),
          good.updateConnections(input)
        ),
        testDocker: async (input) => (
          calls.push(['test', input.group, input.registry]),
          good.testDocker(input)
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

    it('leaves the connections of the one alone that gets no token, and refreshes those of the other', async () => {
      const updated: (readonly string[])[] = [];
      const report = await refreshWith({
        inspectConnections: both,
        extractToken: async (input) => {
          if (input.group === OTHER_GROUP) throw new RefreshFailure('AwsAccessDenied', 'denied');
          return good.extractToken(input);
        },
        updateConnections: async (input) => (updated.push(input.connections), good.updateConnections(input)),
      });
      assert.deepEqual(updated, [['a']]);
      assert.deepEqual(failures(report), [['extract', 'main', REGISTRY, 'AwsAccessDenied', 1]]);
      assert.deepEqual(report.failures[0]?.connections, ['b']);
    });
  });

  it('writes 250 connections in chunks of 100, 100 and 50, each connection once', async () => {
    const chunks: (readonly string[])[] = [];
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ids(250) })),
      updateConnections: async (input) => (chunks.push(input.connections), good.updateConnections(input)),
    });
    assert.deepEqual(
      chunks.map((chunk) => chunk.length),
      [100, 100, 50],
    );
    assert.deepEqual(chunks.flat(), ids(250));
    assert.equal(report.stores[0]?.refreshed, 250);
  });

  it('writes 100 connections at once and 101 in two chunks', async () => {
    for (const { count, sizes } of [
      { count: 100, sizes: [100] },
      { count: 101, sizes: [100, 1] },
    ] as const) {
      const chunks: number[] = [];
      await refreshWith({
        inspectConnections: async () => inspection(part({ connections: ids(count) })),
        updateConnections: async (input) => (
          chunks.push(input.connections.length),
          good.updateConnections(input)
        ),
      });
      assert.deepEqual(chunks, sizes);
    }
  });

  it('has at most 2 updates per airflow under way, over all its registries', async () => {
    const meters = { one: meter(), two: meter() };
    await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async () =>
        inspection(
          part({ connections: ids(500) }),
          part({ registry: NEIGHBOUR, connections: ids(300, 'other') }),
          part({ registry: EU_REGISTRY, group: EU_GROUP, connections: ids(300, 'eu') }),
        ),
      updateConnections: (input) =>
        meters[input.store as 'one' | 'two'].during(() => good.updateConnections(input)),
    });
    assert.deepEqual([meters.one.peak, meters.two.peak], [2, 2]);
  });

  it('has at most 10 extractions under way, over all airflows', async () => {
    const extractions = meter();
    const regions = ids(12, 'region');
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two'), engines: [] }),
      inspectConnections: async ({ store }) =>
        inspection(
          ...regions.map((region) =>
            part({ registry: `${region}.${store}`, group: `default/${region}.${store}` }),
          ),
        ),
      extractToken: (input) => extractions.during(() => good.extractToken(input)),
    });
    assert.equal(extractions.peak, 10);
    assert.equal(report.stores.length, 24);
  });

  it('follows the pages of an inspection and merges their connections by registry', async () => {
    const pages: number[] = [];
    const updated: (readonly string[])[] = [];
    await refreshWith({
      inspectConnections: async ({ page }) => {
        pages.push(page);
        return {
          ...inspection(part({ connections: [`page_${page}`] })),
          nextPage: page < 2 ? page + 1 : null,
        };
      },
      updateConnections: async (input) => (updated.push(input.connections), good.updateConnections(input)),
    });
    assert.deepEqual(pages, [0, 1, 2]);
    assert.deepEqual(updated, [['page_0', 'page_1', 'page_2']]);
  });

  it('writes what the first page showed when the second cannot be read', async () => {
    const report = await refreshWith({
      inspectConnections: async ({ page }) => {
        if (page > 0) throw new RefreshFailure('StoreUnavailable', '503');
        return { ...inspection(part()), nextPage: 1 };
      },
    });
    assert.deepEqual(failures(report), [['inspect', 'main', undefined, 'StoreUnavailable', 0]]);
    assert.equal(report.stores[0]?.refreshed, 1);
  });

  it('writes a connection once that two pages of the list show', async () => {
    const updated: string[] = [];
    await refreshWith({
      inspectConnections: async ({ page }) => ({
        ...inspection(part({ connections: [`own_${page}`, 'moved'] })),
        nextPage: page < 1 ? page + 1 : null,
      }),
      updateConnections: async (input) => (updated.push(...input.connections), good.updateConnections(input)),
    });
    assert.deepEqual(updated, ['own_0', 'moved', 'own_1']);
  });

  it('warns once of an airflow for all that its pages passed over, and names the first few', async () => {
    const report = await refreshWith({
      inspectConnections: async ({ page }) => ({
        ...inspection(part()),
        skipped: { count: 50, first: [`a_${page}`, `b_${page}`, `c_${page}`] },
        nextPage: page < 2 ? page + 1 : null,
      }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.warnings, [
      '150 docker connections of main match a pattern and were passed over, their hosts being no known registries: ' +
        'a_0, b_0, c_0, a_1, b_1, ….',
    ]);
  });

  it('goes on behind a page that cannot be read, and keeps what earlier runs said of it', async () => {
    const previous = await refreshWith({
      inspectConnections: async () =>
        inspection(part(), part({ registry: NEIGHBOUR, connections: ['hidden'] })),
    });
    const { type, scope, message, remedy } = new RefreshFailure(
      'StoreUnavailable',
      'Connections 1 to 100: 500.',
    );
    const report = await refreshWith(
      {
        inspectConnections: async ({ page }) =>
          page === 0
            ? { ...inspection(), unreadable: { type, scope, message, remedy }, nextPage: 1 }
            : inspection(part()),
      },
      previous,
    );
    assert.deepEqual(failures(report), [['inspect', 'main', undefined, 'StoreUnavailable', 0]]);
    assert.deepEqual(
      report.stores.map(({ registry, refreshed }) => [registry, refreshed]),
      [
        [REGISTRY, 1],
        [NEIGHBOUR, 0],
      ],
    );
  });

  it('does not try the other chunks of an airflow whose update ended in its middle as unreachable', async () => {
    let calls = 0;
    const facts = await good.extractToken({ configHash: 'abc', group: GROUP, registries: [REGISTRY] });
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ids(500) })),
      updateConnections: async () => {
        calls += 1;
        await settle();
        const progress = { refreshed: [0], failed: [], tokens: [facts] };
        throw new RefreshFailure('StoreUnreachable', 'refused', undefined, { progress });
      },
    });
    assert.equal(calls, 2);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [2, 498]);
  });

  it('counts as refreshed what an update had written before it failed for good', async () => {
    const facts = await good.extractToken({ configHash: 'abc', group: GROUP, registries: [REGISTRY] });
    const progress = { refreshed: [0, 2], failed: [], tokens: [facts] };
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'b', 'c'] })),
      updateConnections: async () => {
        throw new RefreshFailure('AttemptTimedOut', 'no answer', undefined, { progress });
      },
    });
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [2, 1]);
    assert.deepEqual(
      report.failures.map(({ type, connections }) => [type, connections]),
      [['AttemptTimedOut', ['b']]],
    );
    assert.equal(report.docker.length, 1);
  });

  it('counts all of an update as failed when what it had done makes no sense', async () => {
    const report = await refreshWith({
      updateConnections: async () => {
        throw new RefreshFailure('AttemptTimedOut', 'no answer', undefined, { progress: { refreshed: [7] } });
      },
    });
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [0, 1]);
  });

  it('does not try the other chunks of an airflow that is unreachable at the end', async () => {
    let calls = 0;
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ids(1000) })),
      updateConnections: async () => {
        calls += 1;
        await settle();
        throw new RefreshFailure('StoreUnreachable', 'refused');
      },
    });
    assert.equal(calls, 2);
    assert.deepEqual(failures(report), [['update', 'main', REGISTRY, 'StoreUnreachable', 1000]]);
    assert.equal(report.stores[0]?.failed, 1000);
  });

  it('tries the other chunks when only one of them fails, and those of another airflow', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async () => inspection(part({ connections: ids(300) })),
      updateConnections: async (input) => {
        if (input.store === 'one' && input.connections.includes('id_0')) {
          throw new RefreshFailure('StoreUnavailable', '500').with({ scope: 'connection' });
        }
        return good.updateConnections(input);
      },
    });
    assert.deepEqual(failures(report), [['update', 'one', REGISTRY, 'StoreUnavailable', 100]]);
    assert.deepEqual(
      report.stores.map(({ refreshed, failed }) => [refreshed, failed]),
      [
        [200, 100],
        [300, 0],
      ],
    );
  });

  it('reports single connections that could not be written beside those that were', async () => {
    const problem = {
      connection: 'b',
      type: 'ConnectionMissing',
      scope: 'connection',
      message: 'gone',
      remedy: 'create',
    } as const;
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'b'] })),
      updateConnections: async (input) => ({
        ...(await good.updateConnections(input)),
        refreshed: ['a'],
        failed: [problem],
      }),
    });
    assert.deepEqual(failures(report), [['update', 'main', REGISTRY, 'ConnectionMissing', 1]]);
    assert.deepEqual(report.failures[0]?.connections, ['b']);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [1, 1]);
  });

  it('tests each engine and registry once, after the first update, however many there are', async () => {
    const order: string[] = [];
    await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two'), engines: ['engine-1', 'engine-2'] }),
      inspectConnections: async () =>
        inspection(part({ connections: ids(30) }), part({ registry: NEIGHBOUR, connections: ids(30, 'n') })),
      updateConnections: async (input) => (order.push('update'), good.updateConnections(input)),
      testDocker: async (input) => (order.push(`${input.engine} ${input.registry}`), good.testDocker(input)),
    });
    assert.equal(order[0], 'update');
    assert.deepEqual(
      order.filter((entry) => entry !== 'update').toSorted(),
      [
        `engine-1 ${REGISTRY}`,
        `engine-1 ${NEIGHBOUR}`,
        `engine-2 ${REGISTRY}`,
        `engine-2 ${NEIGHBOUR}`,
      ].toSorted(),
    );
  });

  it('does not test a registry into whose connections nothing was written', async () => {
    let tests = 0;
    await refreshWith({
      updateConnections: async (input) => ({ ...(await good.updateConnections(input)), refreshed: [] }),
      testDocker: async (input) => ((tests += 1), good.testDocker(input)),
    });
    assert.equal(tests, 0);
  });

  it('waits for the Docker tests before it reports', async () => {
    const gate = deferred();
    let isDone = false;
    const run = refreshWith({
      testDocker: async (input) => {
        await gate.promise;
        return good.testDocker(input);
      },
    }).then((report) => {
      isDone = true;
      return report;
    });
    await settle();
    assert.equal(isDone, false);
    gate.resolve();
    assert.equal((await run).docker.length, 1);
  });

  it('tells of each failing engine by itself, in its own words', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['engine-1', 'engine-2'] }),
      testDocker: async ({ engine }) => {
        throw new RefreshFailure('DockerEngineUnreachable', `${engine} is away`, `Start ${engine}.`);
      },
    });
    assert.deepEqual(
      report.failures.map(({ engine, message, remedy }) => [engine, message, remedy]),
      ['engine-1', 'engine-2'].map((engine) => [engine, `${engine} is away`, `Start ${engine}.`]),
    );
  });

  it('warns where DOCKER_HOST names no engine that can be tested', async () => {
    const report = await refreshWith({
      planRefresh: planned({
        engines: [],
        engineProblem: '`docker.engines` is left out: DOCKER_HOST is ssh://',
      }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.warnings, ['`docker.engines` is left out: DOCKER_HOST is ssh://.']);
  });

  it('notes an engine that refused the sign-in, and one that is not there', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['refuses', 'absent'] }),
      testDocker: async ({ engine, registry }) => {
        if (engine === 'refuses') throw new RefreshFailure('DockerLoginRejected', '401');
        return { engine, version: null, registry, login: 'none', reason: 'no socket', fingerprint: null };
      },
    });
    const row = { version: null, registry: REGISTRY, fingerprint: null };
    assert.deepEqual(report.docker, [
      { engine: 'refuses', ...row, login: 'rejected' },
      { engine: 'absent', ...row, login: 'none' },
    ]);
    assert.deepEqual(failures(report), [['test', undefined, REGISTRY, 'DockerLoginRejected', 0]]);
    assert.deepEqual(report.warnings, [
      'No Docker Engine at absent (no socket): the sign-in from Docker was not tested.',
    ]);
  });

  it('notes a sign-in that a wrong password passes, too, and warns of it', async () => {
    const report = await refreshWith({
      testDocker: async (input) => ({ ...(await good.testDocker(input)), login: 'inconclusive' }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.docker, [
      {
        engine: ENGINE,
        version: '28.0.0',
        registry: REGISTRY,
        login: 'inconclusive',
        fingerprint: FINGERPRINT,
      },
    ]);
    assert.deepEqual(report.warnings, [
      `The test of the sign-in from ${ENGINE} to ${REGISTRY} is inconclusive: a wrong password signs in, too.`,
    ]);
  });

  it('shows the warnings of an inspection', async () => {
    const report = await refreshWith({
      inspectConnections: async (input) => ({
        ...(await good.inspectConnections(input)),
        warnings: ['capitals'],
      }),
    });
    assert.deepEqual(report.warnings, ['capitals']);
  });

  it('has nothing to say of a plan without airflows', async () => {
    const report = await refreshWith({ planRefresh: planned({ stores: [] }) });
    assert.deepEqual([report.outcome, report.stores, report.tokens], ['refreshed', [], []]);
  });

  describe('when it is cancelled', () => {
    for (const step of [
      'planRefresh',
      'inspectConnections',
      'extractToken',
      'updateConnections',
      'testDocker',
    ] as const) {
      it(`ends with the cancellation of ${step}, not with a report`, () =>
        assert.rejects(refreshWith({ [step]: () => Promise.reject(new Cancelled()) }), Cancelled));
    }

    it('leaves no rejection unhandled when tests and updates are cancelled together', async () => {
      const unhandled: unknown[] = [];
      const note = (error: unknown): void => void unhandled.push(error);
      const listeners = process.listeners('unhandledRejection');
      process.removeAllListeners('unhandledRejection');
      process.on('unhandledRejection', note);
      try {
        const gate = deferred<never>();
        const run = refreshWith({
          planRefresh: planned({ stores: plannedStores('one', 'two'), engines: ['engine-1', 'engine-2'] }),
          updateConnections: (input) =>
            input.store === 'one' ? good.updateConnections(input) : gate.promise,
          testDocker: () => gate.promise,
        });
        await settle();
        gate.reject(new Cancelled());
        await assert.rejects(run, Cancelled);
        await settle();
        assert.deepEqual(unhandled, []);
      } finally {
        process.off('unhandledRejection', note);
        for (const listener of listeners) process.on('unhandledRejection', listener);
      }
    });
  });
});

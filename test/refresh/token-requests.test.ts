import assert from 'node:assert/strict';
import { FAILURES, RefreshFailure } from '../../src/refresh/failures.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { StepRunner } from '../../src/refresh/step-runner.js';
import { TokenRequests } from '../../src/refresh/token-requests.js';
import type {
  ExtractedToken,
  ExtractInput,
  PullProbe,
  RefreshSteps,
  RegistryProbe,
  StepCall,
  TokenInfo,
} from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { Cancelled, FakeContext } from '../fakes/fake-context.js';
import {
  fakeSteps,
  fakeTokenInfo,
  GROUP,
  listedStore,
  plannedStores,
  REGISTRY,
} from '../fakes/fake-steps.js';
import {
  collectUnhandled,
  EU_GROUP,
  EU_REGISTRY,
  ids,
  inspection,
  listFailures,
  listPart,
  meter,
  NEIGHBOUR,
  part,
  planned,
  refreshWith,
  toListed,
} from '../fakes/flow-fixture.js';

const good = fakeSteps();

/** Extracts with these probes in place of those of the good steps. */
function extractWith(...probes: readonly RegistryProbe[]): RefreshSteps['extractToken'] {
  return async ({ group }) => ({ token: fakeTokenInfo({ group, probes }), toRetry: [] });
}

describe('TokenRequests', () => {
  let context: FakeContext;

  beforeEach(() => {
    context = new FakeContext();
  });

  function start(extractToken: RefreshSteps['extractToken']): TokenRequests {
    const record = new ReportBuilder('run-1', context.now(), undefined);
    return new TokenRequests(fakeSteps({ extractToken }), 'abc', new StepRunner(context), record);
  }

  /** Extracts without an end, and notes what for. */
  function hang(): { asked: ExtractInput[]; extractToken: RefreshSteps['extractToken'] } {
    const asked: ExtractInput[] = [];
    return { asked, extractToken: (input) => (asked.push(input), deferred<never>().promise) };
  }

  it('makes one extraction per group for all registries of a page', async () => {
    const { asked, extractToken } = hang();
    start(extractToken).request([
      part(),
      part({ registry: EU_REGISTRY, group: EU_GROUP }),
      part({ registry: NEIGHBOUR }),
      part(),
    ]);
    await settle();
    assert.deepEqual(asked, [
      { configHash: 'abc', group: GROUP, registries: [REGISTRY, NEIGHBOUR] },
      { configHash: 'abc', group: EU_GROUP, registries: [EU_REGISTRY] },
    ]);
  });

  it('asks only for the registries that a later page adds to a group', async () => {
    const { asked, extractToken } = hang();
    const tokens = start(extractToken);
    tokens.request([part()]);
    tokens.request([part(), part({ registry: NEIGHBOUR })]);
    tokens.request([part()]);
    await settle();
    assert.deepEqual(
      asked.map(({ registries }) => registries),
      [[REGISTRY], [NEIGHBOUR]],
    );
  });

  it('does not wait for what was not requested', () =>
    assert.rejects(start(good.extractToken).wait(GROUP, REGISTRY), TypeError));

  it('makes 20 extractions at once', async () => {
    const { asked, extractToken } = hang();
    start(extractToken).request(ids(25).map((id) => part({ registry: id, group: `default/${id}` })));
    await settle();
    assert.equal(asked.length, 20);
  });

  it('extracts the token of an eleventh group at once where ten are denied', async () => {
    context.isHeld = true;
    const groups = ids(11, 'group');
    const tokens = start(async (input, how) => {
      if (input.group !== 'group_10') throw new RefreshFailure('AwsAccessDenied', 'denied');
      return good.extractToken(input, how);
    });
    tokens.request(groups.map((group) => part({ registry: `of.${group}`, group })));
    assert.deepEqual(await tokens.wait('group_10', 'of.group_10'), {
      registry: 'of.group_10',
      outcome: 'accepted',
    });
    await settle();
    assert.deepEqual(
      context.waits.map(({ target, ms }) => [target, ms]),
      groups.slice(0, 10).map((group) => [group, 600_000]),
    );
  });

  it('gives every registry of a group the failure of its extraction', async () => {
    const tokens = start(() => Promise.reject(new RefreshFailure('EcrResponseInvalid', 'no token')));
    tokens.request([part(), part({ registry: NEIGHBOUR })]);
    for (const registry of [REGISTRY, NEIGHBOUR]) {
      const result = await tokens.wait(GROUP, registry);
      assert.ok('type' in result);
      assert.deepEqual([result.type, result.message], ['EcrResponseInvalid', 'no token']);
    }
  });

  it('ends with the cancellation for everyone who waits, and leaves no rejection unhandled', async () => {
    const tokens = start(() => Promise.reject(new Cancelled()));
    const unhandled = await collectUnhandled(async () => {
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      await assert.rejects(tokens.wait(GROUP, REGISTRY), Cancelled);
      await settle();
      await assert.rejects(tokens.wait(GROUP, NEIGHBOUR), Cancelled);
    });
    assert.deepEqual(unhandled, []);
  });

  describe('of a registry that is late', () => {
    let calls: { registries: readonly string[]; how: StepCall }[];

    beforeEach(() => {
      calls = [];
    });

    /** The neighbour responds in the call of this number. */
    function lateUntil(number: number): RefreshSteps['extractToken'] {
      return async ({ group, registries }, how): Promise<ExtractedToken> => {
        calls.push({ registries, how });
        const toRetry = calls.length < number ? [NEIGHBOUR] : [];
        const probes = registries
          .filter((registry) => !toRetry.includes(registry))
          .map((registry) => ({ registry, outcome: 'accepted' }) as const);
        return { token: fakeTokenInfo({ group, probes }), toRetry };
      };
    }

    it('does not let the others of its group wait', async () => {
      context.isHeld = true;
      const tokens = start(lateUntil(2));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      assert.deepEqual(await tokens.wait(GROUP, REGISTRY), { registry: REGISTRY, outcome: 'accepted' });
      let isThere = false;
      void tokens.wait(GROUP, NEIGHBOUR).then(() => (isThere = true));
      await settle();
      assert.equal(isThere, false);
      context.isHeld = false;
      context.advance();
      assert.deepEqual(await tokens.wait(GROUP, NEIGHBOUR), { registry: NEIGHBOUR, outcome: 'accepted' });
    });

    it('retries it as a step of its own, with a longer back-off each time', async () => {
      const tokens = start(lateUntil(4));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      await tokens.wait(GROUP, NEIGHBOUR);
      assert.deepEqual(calls, [
        { registries: [REGISTRY, NEIGHBOUR], how: { attemptsBefore: 0 } },
        { registries: [NEIGHBOUR], how: { attemptsBefore: 1 } },
        { registries: [NEIGHBOUR], how: { attemptsBefore: 2 } },
        { registries: [NEIGHBOUR], how: { attemptsBefore: 3 } },
      ]);
      assert.deepEqual(
        context.waits.map(({ step, target, ms, failure }) => [step, target, ms, failure.scope]),
        [2000, 4000, 8000].map((ms) => ['extractToken', GROUP, ms, 'registry']),
      );
    });

    it('takes it for unreachable when no time is left to retry', async () => {
      context = new FakeContext({ leftMs: 10_000 });
      const tokens = start(lateUntil(Infinity));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      assert.deepEqual(await tokens.wait(GROUP, NEIGHBOUR), {
        registry: NEIGHBOUR,
        outcome: 'unreachable',
        message: 'the registry did not respond in time',
      });
      assert.equal(calls.length, 3);
    });

    it('gives it the failure of its retry, and keeps what the others have', async () => {
      const tokens = start(async (input, how) => {
        if (how.attemptsBefore > 0) throw new RefreshFailure('AwsAccessDenied', 'denied');
        return lateUntil(2)(input, how);
      });
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      const late = await tokens.wait(GROUP, NEIGHBOUR);
      assert.equal('type' in late && late.type, 'AwsAccessDenied');
      assert.deepEqual(await tokens.wait(GROUP, REGISTRY), { registry: REGISTRY, outcome: 'accepted' });
    });
  });
});

describe('refresh: tokens', () => {
  const inspectBothRegions = async () =>
    inspection(part(), part({ registry: EU_REGISTRY, group: EU_GROUP, connections: ['docker_eu'] }));

  it('does not wait for the token of one region before it writes that of another', async () => {
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

  it('extracts a token once for all parts of a list', async () => {
    const extracted: (readonly string[])[] = [];
    const report = await refreshWith({
      planRefresh: planned({ stores: [listedStore()] }),
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

  describe('of many registries', () => {
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
      it(`asks for 15 tokens for 300 registries of 20 accounts in ${stores.length} stores`, async () => {
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

  describe('of one registry as two principals', () => {
    const OTHER_GROUP = 'profile:other/us-east-1';
    const both = async () =>
      inspection(part({ connections: ['a'] }), part({ group: OTHER_GROUP, connections: ['b'] }));

    it('extracts, updates and tests for each of them, and reports for whom', async () => {
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

    it('skips the connections of the one that gets no token, and refreshes those of the other', async () => {
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

describe('refresh: what registries respond to a token', () => {
  it('skips a registry that rejects the token, and refreshes its neighbour of the same group', async () => {
    const updated: string[] = [];
    const report = await refreshWith({
      inspectConnections: async () =>
        inspection(part(), part({ registry: NEIGHBOUR, connections: ['neighbour'] })),
      extractToken: extractWith(
        { registry: REGISTRY, outcome: 'rejected', message: '403 DENIED' },
        { registry: NEIGHBOUR, outcome: 'accepted' },
      ),
      updateConnections: async (input, how) => (
        updated.push(input.registry),
        good.updateConnections(input, how)
      ),
    });
    assert.deepEqual(updated, [NEIGHBOUR]);
    assert.deepEqual(listFailures(report), [['extract', 'main', REGISTRY, 'TokenRejected', 1]]);
    assert.equal(report.failures[0]?.message, `${REGISTRY}: 403 DENIED`);
    assert.equal(report.tokens[0]?.check, 'rejected');
  });

  it('writes a token with a warning when its registry did not respond before the deadline', async () => {
    const report = await refreshWith(
      { extractToken: async () => ({ token: fakeTokenInfo({ probes: [] }), toRetry: [REGISTRY] }) },
      new FakeContext({ leftMs: 1000 }),
    );
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 1]);
    assert.deepEqual(report.warnings, [
      `Registry ${REGISTRY} could not be asked whether it accepts the token: the registry did not respond in time.`,
    ]);
  });

  for (const { title, probes } of [
    {
      title: 'could not be verified with the registry',
      probes: [{ registry: REGISTRY, outcome: 'unreachable', message: 'no route' }],
    },
    { title: 'was not verified with it at all', probes: [] },
  ] as const) {
    it(`writes a token with a warning that it ${title}`, async () => {
      const report = await refreshWith({ extractToken: extractWith(...probes) });
      assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 1]);
      const why = probes.length === 0 ? 'it was not probed' : 'no route';
      assert.deepEqual(report.warnings, [
        `Registry ${REGISTRY} could not be asked whether it accepts the token: ${why}.`,
      ]);
    });
  }

  it('writes a token that a registry accepts like any other, with a warning that this proves nothing', async () => {
    const message = 'it accepts a wrong password, too';
    const report = await refreshWith({
      extractToken: extractWith({ registry: REGISTRY, outcome: 'inconclusive', message }),
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
    it(`writes nothing where a registry asks for the login at another host, and reports ${title}`, async () => {
      let updates = 0;
      const report = await refreshWith({
        extractToken: extractWith({
          registry: REGISTRY,
          outcome: 'rejected',
          type: 'RegistryRealmForeign',
          message: 'realm evil.example',
          ...more,
        }),
        updateConnections: async (input, how) => ((updates += 1), good.updateConnections(input, how)),
      });
      assert.equal(updates, 0);
      assert.deepEqual(listFailures(report), [['extract', 'main', REGISTRY, 'RegistryRealmForeign', 1]]);
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
        extractToken: extractWith({ registry: REGISTRY, outcome: 'accepted', pulls }),
      });
    }
    const denied = (image: string): PullProbe => ({ image, outcome: 'denied', message: '403 DENIED' });

    it('refreshes the connections and reports one failure of the test, however many stores there are', async () => {
      const report = await refreshWithPulls({ image: 'ok:1', outcome: 'allowed' }, denied('team/app:1.0'));
      assert.deepEqual(listFailures(report), [['test', undefined, REGISTRY, 'RegistryPullDenied', 0]]);
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

  it('shows the warnings of a token once, and until when it can be relied on', async () => {
    const token: TokenInfo = fakeTokenInfo({
      warnings: ['The clock is wrong.'],
      usableUntil: '2026-01-01T01:00:00.000Z',
    });
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      extractToken: async () => ({ token, toRetry: [] }),
      updateConnections: async (input, how) => ({ ...(await good.updateConnections(input, how)), token }),
    });
    assert.deepEqual(report.warnings, ['The clock is wrong.']);
    assert.deepEqual(
      [...report.tokens, ...report.stores].map(({ usableUntil }) => usableUntil),
      ['2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.000Z', '2026-01-01T01:00:00.000Z'],
    );
  });
});

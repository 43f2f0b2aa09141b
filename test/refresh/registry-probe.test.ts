import assert from 'node:assert/strict';
import { FAILURES, getRemedy } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { PullProbe, RefreshSteps, RegistryProbe, TokenInfo } from '../../src/refresh/activity-types.js';
import { FakeContext } from '../fakes/fake-context.js';
import { fakeSteps, fakeTokenInfo, plannedStores, REGISTRY } from '../fakes/fake-steps.js';
import { inspection, listFailures, NEIGHBOUR, part, planned, refreshWith } from '../fakes/flow-fixture.js';
import { REGISTRY_REMEDIES } from '../../src/refresh/remedies/registry.js';

const good = fakeSteps();

/** Extracts a token with these probes. */
function extractWith(...probes: readonly RegistryProbe[]): RefreshSteps['extractToken'] {
  return async ({ group }) => ({ token: fakeTokenInfo({ group, probes }), toRetry: [] });
}

describe('refresh: verification of tokens with registries', () => {
  it('skips a registry that rejects the token, and refreshes another registry of the same group', async () => {
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
      `The token could not be verified with registry ${REGISTRY}: the registry did not respond in time. This does not ` +
        'stop the refresh.',
    ]);
  });

  for (const { title, probes } of [
    {
      title: 'could not be verified with the registry',
      probes: [{ registry: REGISTRY, outcome: 'unreachable', message: 'no route' }],
    },
    { title: 'was not checked with the registry', probes: [] },
  ] as const) {
    it(`writes a token with a warning that it ${title}`, async () => {
      const report = await refreshWith({ extractToken: extractWith(...probes) });
      assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 1]);
      const why = probes.length === 0 ? 'the registry was not checked' : 'no route';
      assert.deepEqual(report.warnings, [
        `The token could not be verified with registry ${REGISTRY}: ${why}. This does not stop the refresh.`,
      ]);
    });
  }

  it('writes a token when its registry accepts any password, with a warning', async () => {
    const message = 'the registry also accepts a wrong password';
    const report = await refreshWith({
      extractToken: extractWith({ registry: REGISTRY, outcome: 'inconclusive', message }),
    });
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 1]);
    assert.equal(report.tokens[0]?.check, 'inconclusive');
    assert.deepEqual(report.warnings, [
      `The check of the token with registry ${REGISTRY} is inconclusive: the registry also accepts a wrong password.`,
    ]);
  });

  for (const { title, more, remedy } of [
    { title: 'the remedy of the catalogue', more: {}, remedy: getRemedy('RegistryRealmForeign') },
    {
      title: 'a specific remedy',
      more: { remedy: REGISTRY_REMEDIES.checkPublicProxy },
      remedy: REGISTRY_REMEDIES.checkPublicProxy,
    },
  ] as const) {
    it(`writes nothing when the auth realm of a registry is on another host, and reports ${title}`, async () => {
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

  describe('with pull checks', () => {
    async function refreshWithPulls(...pulls: PullProbe[]): Promise<RefreshReport> {
      return refreshWith({
        planRefresh: planned({ stores: plannedStores('one', 'two') }),
        extractToken: extractWith({ registry: REGISTRY, outcome: 'accepted', pulls }),
      });
    }
    const denied = (image: string): PullProbe => ({ image, outcome: 'denied', message: '403 DENIED' });

    it('refreshes the connections of all stores and reports one failure for a denied pull', async () => {
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

    it('names all denied images in one failure', async () => {
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

    it('warns of missing images and of images that could not be checked', async () => {
      const report = await refreshWithPulls(
        { image: 'a:1', outcome: 'missing', message: 'the registry has no such tag' },
        { image: 'b:1', outcome: 'unknown', message: 'HTTP 500' },
        { image: 'c:1', outcome: 'allowed' },
      );
      assert.equal(report.outcome, 'refreshed');
      assert.deepEqual(report.warnings, [
        `Pull access was not verified for ${REGISTRY}/a:1: the registry has no such tag.`,
        `Pull access was not verified for ${REGISTRY}/b:1: HTTP 500.`,
      ]);
    });
  });

  it('shows the warnings of a token once, and its usableUntil', async () => {
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

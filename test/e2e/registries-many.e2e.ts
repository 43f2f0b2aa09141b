// Three hundred registries of twenty accounts in fifteen regions, all with one principal: one token per region serves
// them all, and each connection holds the token of its own region.
import assert from 'node:assert/strict';
import type { RefreshReport } from '../../src/refresh/report.js';
import { assertSameRows } from './registries/assert-same-rows.js';
import { startRegistryFixture, type RegistryFixture } from './registries/fixture.js';

const ACCOUNTS = Array.from({ length: 20 }, (_, index) => String(100_000_000_001 + index * 11_111));
const REGIONS =
  'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 ' +
  'ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 sa-east-1';
const HOSTS: Readonly<Record<string, string>> = Object.fromEntries(
  REGIONS.split(' ').flatMap((region) =>
    ACCOUNTS.map((account) => [`ecr_${account}_${region}`, `${account}.dkr.ecr.${region}.amazonaws.com`]),
  ),
);
const IDS = Object.keys(HOSTS);

describe('300 registries of 20 accounts in 15 regions', function () {
  this.timeout(300_000);
  let fixture: RegistryFixture;

  before(async function () {
    fixture = await startRegistryFixture(this);
    // Docker resolves each name before it uses its proxy: hundreds of logins would test the DNS server of this machine.
    fixture.writeConfig({ main: ['{match: "ecr_*"}'] }, 'docker: {engines: []}');
  });

  after(() => fixture?.stop());

  beforeEach(() => {
    fixture.reset();
    fixture.seed(HOSTS);
  });

  function assertAllRefreshed(report: RefreshReport): void {
    assert.deepEqual([report.failures, report.warnings], [[], []]);
    const rows = report.stores.map(({ registry, refreshed, failed }) => [registry, refreshed, failed]);
    assertSameRows(
      rows,
      Object.values(HOSTS).map((host) => [host, 1, 0]),
    );
    const held = IDS.map((id) => fixture.findToken(id));
    assert.deepEqual(
      held.map((token) => token?.region),
      IDS.map((id) => id.split('_')[2]),
      'a connection holds a token of another region',
    );
    assert.equal(new Set(held).size, 15);
    const calls = fixture.aws.calls.filter(({ action }) => action === 'GetAuthorizationToken');
    assertSameRows(
      calls.map(({ host }) => host),
      REGIONS.split(' ').map((region) => `api.ecr.${region}.amazonaws.com`),
    );
    for (const { input } of calls) assert.deepEqual(input, {}, 'the request has registryIds');
  }

  /** @param maximum of requests to each registry */
  function assertFewRequests(maximum: number): void {
    const counts = new Map<string, number>();
    for (const { host } of fixture.registry.requests) counts.set(host, (counts.get(host) ?? 0) + 1);
    assert.equal(counts.size, IDS.length);
    assert.ok(Math.max(...counts.values()) <= maximum, `${Math.max(...counts.values())} requests`);
  }

  it('refreshes all of them in refresh-once with 15 tokens', async () => {
    const startedAt = performance.now();
    const { report, code } = await fixture.refreshOnce();
    process.stderr.write(`    refresh-once: ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
    assert.equal(code, 0);
    assertAllRefreshed(report);
    assertFewRequests(3);
  });

  it('refreshes all of them in runs of the schedule with 15 tokens each', async () => {
    await fixture.startScheduled();
    fixture.reset();
    fixture.seed(HOSTS);
    const { report, code } = await fixture.trigger();
    const seconds = (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1000;
    process.stderr.write(`    Temporal: ${seconds.toFixed(1)} s\n`);
    assert.equal(code, 0);
    assertAllRefreshed(report);
    // The second run gets the challenge and verifies the token, without another negative login check.
    assertFewRequests(2);
  });

  it('leaks no secret', () => fixture.assertNoSecretOut());
});

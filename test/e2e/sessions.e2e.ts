// The default session of one hour, through a worker and the commands, with a registry that accepts tokens after the end
// of their session and then with one that rejects them. AWS's clock is put forward instead of waiting.
import assert from 'node:assert/strict';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { startPrincipalsFixture, type PrincipalsFixture } from './principals-fixture.js';

const HOUR_MS = 3_600_000;

describe('tokens of a session of one hour', function () {
  this.timeout(180_000);
  let fixture: PrincipalsFixture;
  let config: string;

  before(async () => {
    fixture = await startPrincipalsFixture();
    config = fixture.writeConfig({ name: 'sessions', registries: ['pod'] });
    await fixture.startWorker(config);
    await runJson(0, ['schedule', 'apply']);
  });
  after(() => fixture?.stop());

  async function runJson<T>(code: number, args: readonly string[]): Promise<T> {
    const result = await fixture.command(config, [...args, '--json']);
    assert.equal(result.code, code, result.stdout + result.stderr);
    return JSON.parse(result.stdout) as T;
  }

  /** A run at a time by AWS's clock. */
  async function runAt(hours: number): Promise<RefreshReport> {
    fixture.aws.setClockOffset(hours * HOUR_MS);
    const before = fixture.aws.issued.length;
    const report = await runJson<RefreshReport>(0, ['schedule', 'trigger', '--wait']);
    assert.equal(fixture.aws.issued.length, before + 1, 'one call of ECR');
    return report;
  }

  function valuesOf({ tokens, stores }: RefreshReport): unknown[] {
    return [...tokens, ...stores].map(({ outlivesSession }) => outlivesSession);
  }

  it('cause no warning and no exit code while nothing is known', async () => {
    // `apply` has started a run, which this one follows or comes after.
    const report = await runJson<RefreshReport>(0, ['schedule', 'trigger', '--wait']);
    assert.deepEqual([valuesOf(report), report.warnings], [[null, null], []]);
    assert.ok((report.tokens[0]?.usableUntil ?? '') < (report.tokens[0]?.expiresAt ?? ''));
    const status = await runJson<RefreshStatus>(0, ['status']);
    assert.deepEqual([status.problems, status.warnings], [[], []]);
    const { stdout, code } = await fixture.command(config, ['doctor']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /; AWS session ends .*, and AWS does not document whether the token outlives it$/m);
  });

  it('are known to outlive it when the registry accepts one after its end', async () => {
    assert.deepEqual(valuesOf(await runAt(2)), [true, true]);
    await runJson(0, ['status', '--expires-within', '2h']);
  });

  it('are known to end with it when the registry rejects one after its end', async () => {
    fixture.aws.endTokensWithSession(true);
    assert.deepEqual(valuesOf(await runAt(4)), [false, false]);
  });

  it('fail status then, with the fix, and so do later runs that do not find out', async () => {
    const report = await runAt(0);
    assert.deepEqual(valuesOf(report), [false, false]);
    assert.match(report.warnings.join('\n'), /^Tokens of .* end with their AWS session, this one at /);
    // The next run may be due within the hour.
    const soon = ['status', '--expires-within', '2h'];
    const status = await runJson<RefreshStatus>(1, soon);
    assert.deepEqual(
      status.problems.map(({ id }) => id),
      ['expires-soon'],
    );
    const { stdout } = await fixture.command(config, soon);
    assert.match(stdout, /ends with its AWS session in (59|60) min/);
    assert.match(stdout, /Fix: Give the role a longer session/);
  });
});

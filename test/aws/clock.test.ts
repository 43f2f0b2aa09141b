// The SDK corrects a wrong clock, and the offset is reported. The SDK reads the variable that turns the correction off
// only once per process: see ../e2e/principals.e2e.ts.
import assert from 'node:assert/strict';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import { role, sessionArn, startAwsFixture, WORKER_ARN, type AwsFixture } from './aws-fixture.js';

const HOUR_MS = 3_600_000;

describe('a worker with a wrong clock', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  for (const hours of [1, -1, 13, -13]) {
    const side = hours > 0 ? 'behind' : 'ahead of';
    const offset = `${Math.abs(hours)} h ${side} AWS`;

    it(`gets a token and reports the offset: ${offset}`, async () => {
      fixture.aws.setClockOffset(hours * HOUR_MS);
      const token = await fixture.issue();
      assert.equal(token.principalArn, WORKER_ARN);
      assert.ok(Math.abs(token.clockOffsetMs - hours * HOUR_MS) <= 2_000, `${token.clockOffsetMs} ms`);
      // Times from AWS are compared with the clock of AWS.
      const lifeMs = (token.expiresAt?.getTime() ?? 0) - (Date.now() + token.clockOffsetMs);
      assert.ok(Math.abs(lifeMs - 12 * HOUR_MS) < 5_000, `${lifeMs} ms`);
    });

    it(`assumes a role with one session for all regions: ${offset}`, async () => {
      fixture.aws.setClockOffset(hours * HOUR_MS);
      const first = await fixture.issue(role('pull'));
      assert.equal(first.principalArn, sessionArn('pull'));
      const leftMs = (first.sessionEndsAt?.getTime() ?? 0) - (Date.now() + first.clockOffsetMs);
      assert.ok(Math.abs(leftMs - HOUR_MS) < 5_000, `${leftMs} ms`);
      const regions = ['us-east-1', 'eu-west-1', 'eu-west-2', 'eu-west-3'];
      await Promise.all(regions.map((region) => fixture.issue(role('pull'), region)));
      fixture.startRun();
      await Promise.all(regions.map((region) => fixture.issue(role('pull'), region)));
      // Only the first call to each service is rejected because of its time.
      assert.deepEqual(
        ['AssumeRole', 'GetAuthorizationToken', 'GetCallerIdentity'].map((action) => fixture.count(action)),
        [3, 10, 3],
      );
    });
  }

  it('does not report an offset of seconds', async () => {
    fixture.aws.setClockOffset(90_000);
    assert.equal((await fixture.issue()).clockOffsetMs, 0);
  });

  for (const principal of [DEFAULT_PRINCIPAL, role('pull')]) {
    it(`reports no offset after the clock was corrected: ${principal.kind}`, async () => {
      fixture.aws.setClockOffset(HOUR_MS);
      assert.notEqual((await fixture.issue(principal)).clockOffsetMs, 0);
      fixture.aws.setClockOffset(0);
      fixture.startRun();
      assert.equal((await fixture.issue(principal)).clockOffsetMs, 0);
    });
  }
});

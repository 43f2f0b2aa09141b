import assert from 'node:assert/strict';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import { throttleFirst, type AwsFault } from '../support/aws.js';
import { expectFailure } from '../support/local-server.js';
import {
  ACCOUNT,
  groupOf,
  keys,
  profile,
  role,
  roleArn,
  SECRET_KEY,
  sessionArn,
  startAwsFixture,
  WORKER_ARN,
  type AwsFixture,
} from './aws-fixture.js';
import { withFastTimers } from './fast-timers.js';

const MINUTE_MS = 60_000;
const REGIONS =
  'us-east-1 us-east-2 us-west-1 us-west-2 eu-west-1 eu-west-2 eu-west-3 eu-central-1 eu-north-1 eu-south-1 ' +
  'ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 sa-east-1';
const FIFTEEN = REGIONS.split(' ');
const TEN = FIFTEEN.slice(0, 10);
const SECRETS = [SECRET_KEY];

describe('AwsSessions', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  const pull = role('pull');

  /** Ends the session that the latest call to ECR was made with. */
  function endSession(): void {
    fixture.aws.endSession(fixture.calls('GetAuthorizationToken').at(-1)?.accessKeyId ?? '');
  }

  it('calls AssumeRole and GetCallerIdentity once per run, for any number of regions', async () => {
    for (let run = 0; run < 5; run += 1) {
      await Promise.all(FIFTEEN.map((region) => fixture.issue(pull, region)));
      fixture.startRun();
    }
    assert.equal(fixture.count('GetAuthorizationToken'), 75);
    assert.equal(fixture.count('AssumeRole'), 5);
    assert.equal(fixture.count('GetCallerIdentity'), 5);
  });

  it('calls AssumeRole once per run for a role that several chains share', async () => {
    const via = [roleArn('hub'), roleArn('spoke')];
    const chains = [role('one', { via }), role('two', { via }), role('three', { via: via.slice(0, 1) })];
    await Promise.all(
      chains.flatMap((chain) =>
        TEN.map((region) => fixture.issue({ ...chain, name: chain.roleArn }, region)),
      ),
    );
    const assumed = fixture.calls('AssumeRole').map(({ input }) => input['RoleArn']);
    assert.deepEqual(
      assumed.map(String).toSorted((a, b) => a.localeCompare(b)),
      ['hub', 'one', 'spoke', 'three', 'two'].map((name) => roleArn(name)),
    );
  });

  it('loads credentials again for each run, even if those of the previous run are still valid', async () => {
    fixture.withoutKeys();
    fixture.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    await fixture.issue();
    fixture.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    await fixture.issue();
    fixture.startRun();
    await fixture.issue();
    assert.deepEqual(
      fixture.calls('GetAuthorizationToken').map(({ accessKeyId }) => accessKeyId),
      ['AKIDOLD', 'AKIDOLD', 'AKIDNEW'],
    );
  });

  it("drops sessions when the last attempt before the run's deadline has ended", async () => {
    const sessions = new AwsSessions();
    const { tookMs } = await withFastTimers(async () => {
      const session = sessions.of(pull, { runId: 'run', deadlineMs: Date.now() + 30_000 });
      while (sessions.of(pull) === session) await new Promise((resolve) => setTimeout(resolve, 500));
    });
    assert.ok(tookMs >= 149_000 && tookMs <= 152_000, `${tookMs} ms`);
  });

  it('keeps sessions of a run without a deadline', async () => {
    const sessions = new AwsSessions();
    const session = sessions.of(pull, { runId: 'run', deadlineMs: Infinity });
    await delay(20);
    assert.equal(sessions.of(pull, { runId: 'run' }), session);
  });

  it('replaces a session five minutes before it expires', async () => {
    const ends = [];
    for (const minutes of [0, 54, 2]) {
      fixture.advance(minutes * MINUTE_MS);
      ends.push((await fixture.issue(pull)).sessionEndsAt?.getTime());
    }
    assert.equal(ends[0], ends[1]);
    assert.equal((ends[2] ?? 0) - (ends[0] ?? 0) >= 56 * MINUTE_MS, true);
    assert.equal(fixture.count('AssumeRole'), 2);
  });

  it('shares one session between 50 concurrent calls of ten token groups', async () => {
    const tokens = await Promise.all(
      [...TEN, ...TEN, ...TEN, ...TEN, ...TEN].map((region) => fixture.issue(pull, region)),
    );
    assert.equal(fixture.count('AssumeRole'), 1);
    assert.equal(fixture.count('GetCallerIdentity'), 1);
    assert.equal(new Set(tokens.map(({ authorizationToken }) => authorizationToken?.reveal())).size, 50);
  });

  it('replaces a session within the attempt if AWS ended it early', async () => {
    const first = await fixture.issue(pull);
    endSession();
    const { principalArn, sessionEndsAt } = await fixture.issue(pull);
    assert.equal(principalArn, sessionArn('pull'));
    assert.ok((sessionEndsAt ?? 0) >= (first.sessionEndsAt ?? 0));
    assert.deepEqual([fixture.count('AssumeRole'), fixture.count('GetAuthorizationToken')], [2, 3]);
  });

  it('replaces a session only once if AWS ended it early and ten token groups use it', async () => {
    await Promise.all(TEN.map((region) => fixture.issue(pull, region)));
    endSession();
    await Promise.all(TEN.map((region) => fixture.issue(pull, region)));
    assert.equal(fixture.count('AssumeRole'), 2);
  });

  for (const error of [
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
  ] as const) {
    it(`replaces the session exactly once if ECR always returns ${error}`, async () => {
      fixture.aws.setFault(({ service }) => (service === 'ecr' ? { error } : undefined));
      await expectFailure(fixture.issue(pull), 'AwsCredentialsRejected', SECRETS);
      assert.deepEqual([fixture.count('AssumeRole'), fixture.count('GetAuthorizationToken')], [2, 2]);
    });
  }

  it('calls AssumeRole twice, not 20 times, if AWS rejects the source credentials of a role for ten token groups', async () => {
    fixture.aws.setFault(({ action }) =>
      action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    await Promise.all(
      TEN.map((region) => expectFailure(fixture.issue(pull, region), 'AwsCredentialsRejected', SECRETS)),
    );
    assert.equal(fixture.count('AssumeRole'), 2);
  });

  it('uses the rotated source credentials of a role without a restart', async () => {
    fixture.withoutKeys();
    const rejected = new Set<string>();
    fixture.aws.setFault(({ accessKeyId, action }) =>
      rejected.has(accessKeyId) && action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    fixture.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    await fixture.issue(pull);
    rejected.add('AKIDOLD');
    fixture.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    fixture.advance(56 * MINUTE_MS);
    await fixture.issue(pull);
    assert.deepEqual(
      fixture.calls('AssumeRole').map(({ accessKeyId }) => accessKeyId),
      ['AKIDOLD', 'AKIDOLD', 'AKIDNEW'],
    );
  });

  it('reports the new principal after the keys were replaced by those of someone else', async () => {
    fixture.withoutKeys();
    const arn = `arn:aws:iam::${ACCOUNT}:user/other`;
    fixture.aws.setPrincipal('AKIDNEW', { account: ACCOUNT, arn });
    fixture.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    assert.equal((await fixture.issue()).principalArn, WORKER_ARN);
    fixture.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    fixture.aws.setFault(({ accessKeyId, action }) =>
      accessKeyId === 'AKIDOLD' && action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    await fixture.issue(pull);
    assert.equal((await fixture.issue()).principalArn, arn);
  });

  describe('during an outage of STS', () => {
    const outages: readonly { title: string; fault: AwsFault }[] = [
      { title: 'returns 503', fault: { status: 503, body: '' } },
      { title: 'throttles', fault: { error: 'Throttling' } },
      { title: 'closes connections', fault: { drop: true } },
      { title: 'denies', fault: { error: 'AccessDenied' } },
      { title: 'does not respond', fault: { hang: true } },
    ];
    for (const { title, fault } of outages) {
      it(`keeps using an unexpired session if STS ${title}`, async () => {
        const before = await fixture.issue(pull);
        fixture.aws.setFault(({ service }) => (service === 'sts' ? fault : undefined));
        fixture.advance(30 * MINUTE_MS);
        const { value: token } = await withFastTimers(() => fixture.issue(pull));
        assert.ok(token.authorizationToken);
        assert.deepEqual(
          [token.principalArn, token.sessionEndsAt],
          [sessionArn('pull'), before.sessionEndsAt],
        );
      });
    }

    it('does not use an expired session', async () => {
      await fixture.issue(pull);
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { drop: true } : undefined));
      fixture.advance(61 * MINUTE_MS);
      const { message } = await expectFailure(fixture.issue(pull), 'AwsUnavailable', SECRETS);
      assert.match(message, /^AWS credentials: role \S+: connection reset \(127\.0\.0\.1:\d+\)$/);
      assert.equal(fixture.count('GetAuthorizationToken'), 1);
    });

    it('reports the outage if there is no session yet', async () => {
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { status: 503, body: '' } : undefined));
      const { message } = await expectFailure(fixture.issue(pull), 'AwsUnavailable', SECRETS);
      assert.equal(
        message,
        `AWS credentials: role ${roleArn('pull')}: AWS, or a proxy in front of it, returned a server error (503)`,
      );
    });

    it('issues a token with static keys, without an ARN', async () => {
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { hang: true } : undefined));
      const { value: token, tookMs } = await withFastTimers(() => fixture.issue());
      assert.deepEqual([token.authorizationToken !== undefined, token.principalArn], [true, null]);
      assert.ok(tookMs <= 15_000, `${tookMs} ms`);
    });
  });

  it('isolates principals from each other: one denied, one throttled, one that hangs', async () => {
    const [denied, throttled, hanging] = [role('denied'), profile('throttled'), role('hanging')];
    fixture.write('credentials', `[throttled]\n${keys('AKIDTHROTTLED')}`);
    fixture.aws.setRole(roleArn('denied'), { trusts: () => false });
    fixture.aws.setFault(({ accessKeyId, service, input }) => {
      if (accessKeyId === 'AKIDTHROTTLED' && service === 'ecr') return { error: 'ThrottlingException' };
      return input['RoleArn'] === roleArn('hanging') ? { hang: true } : undefined;
    });
    const end = new AbortController();
    let hasEnded = false;
    const hung = expectFailure(
      fixture.issuer.issueToken(groupOf(hanging, 'us-east-1'), { runId: 'run-1' }, end.signal),
      'AwsUnavailable',
      SECRETS,
    );
    void hung.then(() => (hasEnded = true));
    const [first, , , second] = await Promise.all([
      fixture.issue(),
      expectFailure(fixture.issue(denied), 'AwsAccessDenied', SECRETS),
      expectFailure(fixture.issue(throttled), 'AwsThrottled', SECRETS),
      fixture.issue(pull),
    ]);
    assert.deepEqual([first.principalArn, second.principalArn], [WORKER_ARN, sessionArn('pull')]);
    await nextTurn();
    assert.equal(hasEnded, false);
    end.abort();
    await hung;
    assert.equal((await fixture.issue(DEFAULT_PRINCIPAL, 'eu-west-1')).principalArn, WORKER_ARN);
  });

  it('tolerates two throttled calls', async () => {
    fixture.aws.setFault(throttleFirst(1));
    assert.ok((await fixture.issue(pull)).authorizationToken);
  });
});

// What a run keeps for a principal, how few requests AWS receives, and what ends a session.
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

describe('the sessions of a worker', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  const pull = role('pull');

  /** Ends the session that the latest call to ECR was made with. */
  function endSession(): void {
    fixture.aws.endSession(fixture.calls('GetAuthorizationToken').at(-1)?.accessKeyId ?? '');
  }

  it('make one AssumeRole and one GetCallerIdentity per run, for any number of regions', async () => {
    for (let run = 0; run < 5; run += 1) {
      await Promise.all(FIFTEEN.map((region) => fixture.issue(pull, region)));
      fixture.startRun();
    }
    assert.equal(fixture.count('GetAuthorizationToken'), 75);
    assert.equal(fixture.count('AssumeRole'), 5);
    assert.equal(fixture.count('GetCallerIdentity'), 5);
  });

  it('make one AssumeRole per run for a role that two chains have in common', async () => {
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

  it('are new for each run, even when the credentials of the earlier one are still valid', async () => {
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

  it("are dropped when the last attempt before the run's deadline has ended", async () => {
    const sessions = new AwsSessions();
    const { tookMs } = await withFastTimers(async () => {
      const session = sessions.of(pull, { runId: 'run', deadlineMs: Date.now() + 30_000 });
      while (sessions.of(pull) === session) await new Promise((resolve) => setTimeout(resolve, 500));
    });
    assert.ok(tookMs >= 149_000 && tookMs <= 152_000, `${tookMs} ms`);
  });

  it('are kept if the run has no deadline', async () => {
    const sessions = new AwsSessions();
    const session = sessions.of(pull, { runId: 'run', deadlineMs: Infinity });
    await delay(20);
    assert.equal(sessions.of(pull, { runId: 'run' }), session);
  });

  it('are used until five minutes before they expire, and then replaced', async () => {
    const ends = [];
    for (const minutes of [0, 54, 2]) {
      fixture.advance(minutes * MINUTE_MS);
      ends.push((await fixture.issue(pull)).sessionEndsAt?.getTime());
    }
    assert.equal(ends[0], ends[1]);
    assert.equal((ends[2] ?? 0) - (ends[0] ?? 0) >= 56 * MINUTE_MS, true);
    assert.equal(fixture.count('AssumeRole'), 2);
  });

  it('are shared by fifty calls at once of ten token groups', async () => {
    const tokens = await Promise.all(
      [...TEN, ...TEN, ...TEN, ...TEN, ...TEN].map((region) => fixture.issue(pull, region)),
    );
    assert.equal(fixture.count('AssumeRole'), 1);
    assert.equal(fixture.count('GetCallerIdentity'), 1);
    assert.equal(new Set(tokens.map(({ authorizationToken }) => authorizationToken?.reveal())).size, 50);
  });

  it('are refreshed within the attempt when AWS ended one early', async () => {
    const first = await fixture.issue(pull);
    endSession();
    const { principalArn, sessionEndsAt } = await fixture.issue(pull);
    assert.equal(principalArn, sessionArn('pull'));
    assert.ok((sessionEndsAt ?? 0) >= (first.sessionEndsAt ?? 0));
    assert.deepEqual([fixture.count('AssumeRole'), fixture.count('GetAuthorizationToken')], [2, 3]);
  });

  it('are refreshed once for all when AWS ended one that ten token groups use', async () => {
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
    it(`are refreshed exactly once when ECR always answers ${error}`, async () => {
      fixture.aws.setFault(({ service }) => (service === 'ecr' ? { error } : undefined));
      await expectFailure(fixture.issue(pull), 'AwsCredentialsRejected', SECRETS);
      assert.deepEqual([fixture.count('AssumeRole'), fixture.count('GetAuthorizationToken')], [2, 2]);
    });
  }

  it('are asked for twice, not twenty times, when ten token groups find the keys below a role refused', async () => {
    fixture.aws.setFault(({ action }) =>
      action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    await Promise.all(
      TEN.map((region) => expectFailure(fixture.issue(pull, region), 'AwsCredentialsRejected', SECRETS)),
    );
    assert.equal(fixture.count('AssumeRole'), 2);
  });

  it('go on when the keys below a role are rotated, without a restart', async () => {
    fixture.withoutKeys();
    const refused = new Set<string>();
    fixture.aws.setFault(({ accessKeyId, action }) =>
      refused.has(accessKeyId) && action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    fixture.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    await fixture.issue(pull);
    refused.add('AKIDOLD');
    fixture.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    fixture.advance(56 * MINUTE_MS);
    await fixture.issue(pull);
    assert.deepEqual(
      fixture.calls('AssumeRole').map(({ accessKeyId }) => accessKeyId),
      ['AKIDOLD', 'AKIDOLD', 'AKIDNEW'],
    );
  });

  it('tell who the worker is by then, when its keys are those of somebody else', async () => {
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

  describe('while STS is away', () => {
    const outages: readonly { title: string; fault: AwsFault }[] = [
      { title: 'fails on its side', fault: { status: 503, body: '' } },
      { title: 'throttles', fault: { error: 'Throttling' } },
      { title: 'breaks connections off', fault: { drop: true } },
      { title: 'denies', fault: { error: 'AccessDenied' } },
      { title: 'does not answer', fault: { hang: true } },
    ];
    for (const { title, fault } of outages) {
      it(`are used on as long as they are good: STS ${title}`, async () => {
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

    it('are not used beyond their end', async () => {
      await fixture.issue(pull);
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { drop: true } : undefined));
      fixture.advance(61 * MINUTE_MS);
      const { message } = await expectFailure(fixture.issue(pull), 'AwsUnavailable', SECRETS);
      assert.equal(message, `AWS credentials: role ${roleArn('pull')}: the connection was broken off`);
      assert.equal(fixture.count('GetAuthorizationToken'), 1);
    });

    it('are told not to be had the first time', async () => {
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { status: 503, body: '' } : undefined));
      const { message } = await expectFailure(fixture.issue(pull), 'AwsUnavailable', SECRETS);
      assert.equal(message, `AWS credentials: role ${roleArn('pull')}: AWS returned a server error (503)`);
    });

    it('need none when the keys are the worker’s own', async () => {
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { hang: true } : undefined));
      const { value: token, tookMs } = await withFastTimers(() => fixture.issue());
      assert.deepEqual([token.authorizationToken !== undefined, token.principalArn], [true, null]);
      assert.ok(tookMs <= 15_000, `${tookMs} ms`);
    });
  });

  it('do not stand in each other’s way: one denied, one throttled, one that hangs', async () => {
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

  it('bear two throttled calls', async () => {
    fixture.aws.setFault(throttleFirst(1));
    assert.ok((await fixture.issue(pull)).authorizationToken);
  });
});

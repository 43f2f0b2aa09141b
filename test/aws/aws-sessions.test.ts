// What is kept of a principal for the life of the worker, how rarely AWS is asked, and what ends a session.
import assert from 'node:assert/strict';
import diagnosticsChannel from 'node:diagnostics_channel';
import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
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

  it('take one AssumeRole a run, one GetCallerIdentity and one connection a client, however many regions', async () => {
    let sockets = 0;
    const count = (): void => void (sockets += 1);
    diagnosticsChannel.subscribe('net.client.socket', count);
    try {
      for (let run = 0; run < 5; run += 1) {
        await Promise.all(FIFTEEN.map((region) => fixture.issue(pull, region)));
        fixture.advance(4 * 60 * MINUTE_MS);
      }
    } finally {
      diagnosticsChannel.unsubscribe('net.client.socket', count);
    }
    assert.equal(fixture.count('GetAuthorizationToken'), 75);
    assert.equal(fixture.count('AssumeRole'), 5);
    assert.equal(fixture.count('GetCallerIdentity'), 1);
    // A client of ECR for each region, one of STS, and one for each AssumeRole, which the SDK makes anew.
    assert.equal(sockets, 15 + 1 + 5);
  });

  it('are used on for a tenth of their life, and renewed then', async () => {
    const ends = [];
    for (const minutes of [0, 5, 2]) {
      fixture.advance(minutes * MINUTE_MS);
      ends.push((await fixture.issue(pull)).sessionEndsAt?.getTime());
    }
    assert.equal(ends[0], ends[1]);
    assert.equal((ends[2] ?? 0) - (ends[0] ?? 0) >= 7 * MINUTE_MS, true);
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
    fixture.advance(4 * 60 * MINUTE_MS);
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
      assert.equal(message, `AWS credentials: role ${roleArn('pull')}: AWS failed on its side (503)`);
    });

    it('need none when the keys are the worker’s own', async () => {
      fixture.aws.setFault(({ service }) => (service === 'sts' ? { hang: true } : undefined));
      const { value: token, tookMs } = await withFastTimers(() => fixture.issue());
      assert.deepEqual([token.authorizationToken !== undefined, token.principalArn], [true, null]);
      assert.ok(tookMs <= 5_500, `${tookMs} ms`);
    });
  });

  it('do not wait for ever for a process that hangs, nor for the one before', async () => {
    fixture.withoutKeys();
    // The AWS SDK starts these processes and never ends them: they would outlive the test, and keep mocha alive. They end
    // with this file, and so with the folder of the fixture, too.
    const held = `${fixture.folder}/held`;
    fixture.write('held', '');
    fixture.write(
      'config',
      `[default]\ncredential_process = sh -c "while [ -e '${held}' ]; do sleep 0.05; done"\n`,
    );
    try {
      const { value: failure, tookMs } = await withFastTimers(() =>
        expectFailure(fixture.issue(), 'AwsUnavailable', SECRETS),
      );
      assert.match(failure.message, /^AWS credentials: no answer within \d+ s$/);
      assert.ok(tookMs <= 21_000, `${tookMs} ms`);
      fixture.write('config', `[default]\n${keys('AKIDNEW')}`);
      assert.ok((await fixture.issue()).authorizationToken);
    } finally {
      rmSync(held);
    }
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
      fixture.issuer.issueToken(groupOf(hanging, 'us-east-1'), end.signal),
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

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
  let rig: AwsFixture;

  beforeEach(async () => void (rig = await startAwsFixture()));
  afterEach(() => rig.stop());

  const pull = role('pull');

  /** Ends the session that the latest call to ECR was made with. */
  function endSession(): void {
    rig.aws.endSession(rig.calls('GetAuthorizationToken').at(-1)?.accessKeyId ?? '');
  }

  it('take one AssumeRole a run, one GetCallerIdentity and one connection a client, however many regions', async () => {
    let sockets = 0;
    const count = (): void => void (sockets += 1);
    diagnosticsChannel.subscribe('net.client.socket', count);
    try {
      for (let run = 0; run < 5; run += 1) {
        await Promise.all(FIFTEEN.map((region) => rig.issue(pull, region)));
        rig.advance(4 * 60 * MINUTE_MS);
      }
    } finally {
      diagnosticsChannel.unsubscribe('net.client.socket', count);
    }
    assert.equal(rig.count('GetAuthorizationToken'), 75);
    assert.equal(rig.count('AssumeRole'), 5);
    assert.equal(rig.count('GetCallerIdentity'), 1);
    // A client of ECR for each region, one of STS, and one for each AssumeRole, which the SDK makes anew.
    assert.equal(sockets, 15 + 1 + 5);
  });

  it('are used on for a tenth of their life, and renewed then', async () => {
    const ends = [];
    for (const minutes of [0, 5, 2]) {
      rig.advance(minutes * MINUTE_MS);
      ends.push((await rig.issue(pull)).sessionEndsAt?.getTime());
    }
    assert.equal(ends[0], ends[1]);
    assert.equal((ends[2] ?? 0) - (ends[0] ?? 0) >= 7 * MINUTE_MS, true);
    assert.equal(rig.count('AssumeRole'), 2);
  });

  it('are shared by fifty calls at once of ten token groups', async () => {
    const tokens = await Promise.all(
      [...TEN, ...TEN, ...TEN, ...TEN, ...TEN].map((region) => rig.issue(pull, region)),
    );
    assert.equal(rig.count('AssumeRole'), 1);
    assert.equal(rig.count('GetCallerIdentity'), 1);
    assert.equal(new Set(tokens.map(({ authorizationToken }) => authorizationToken?.reveal())).size, 50);
  });

  it('are refreshed within the attempt when AWS ended one early', async () => {
    const first = await rig.issue(pull);
    endSession();
    const { principalArn, sessionEndsAt } = await rig.issue(pull);
    assert.equal(principalArn, sessionArn('pull'));
    assert.ok((sessionEndsAt ?? 0) >= (first.sessionEndsAt ?? 0));
    assert.deepEqual([rig.count('AssumeRole'), rig.count('GetAuthorizationToken')], [2, 3]);
  });

  it('are refreshed once for all when AWS ended one that ten token groups use', async () => {
    await Promise.all(TEN.map((region) => rig.issue(pull, region)));
    endSession();
    await Promise.all(TEN.map((region) => rig.issue(pull, region)));
    assert.equal(rig.count('AssumeRole'), 2);
  });

  for (const error of [
    'ExpiredTokenException',
    'InvalidClientTokenId',
    'UnrecognizedClientException',
  ] as const) {
    it(`are refreshed exactly once when ECR always answers ${error}`, async () => {
      rig.aws.setFault(({ service }) => (service === 'ecr' ? { error } : undefined));
      await expectFailure(rig.issue(pull), 'AwsCredentialsRejected', SECRETS);
      assert.deepEqual([rig.count('AssumeRole'), rig.count('GetAuthorizationToken')], [2, 2]);
    });
  }

  it('are asked for twice, not twenty times, when ten token groups find the keys below a role refused', async () => {
    rig.aws.setFault(({ action }) =>
      action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    await Promise.all(
      TEN.map((region) => expectFailure(rig.issue(pull, region), 'AwsCredentialsRejected', SECRETS)),
    );
    assert.equal(rig.count('AssumeRole'), 2);
  });

  it('go on when the keys below a role are rotated, without a restart', async () => {
    rig.withoutKeys();
    const refused = new Set<string>();
    rig.aws.setFault(({ accessKeyId, action }) =>
      refused.has(accessKeyId) && action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    rig.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    await rig.issue(pull);
    refused.add('AKIDOLD');
    rig.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    rig.advance(4 * 60 * MINUTE_MS);
    await rig.issue(pull);
    assert.deepEqual(
      rig.calls('AssumeRole').map(({ accessKeyId }) => accessKeyId),
      ['AKIDOLD', 'AKIDOLD', 'AKIDNEW'],
    );
  });

  it('tell who the worker is by then, when its keys are those of somebody else', async () => {
    rig.withoutKeys();
    const arn = `arn:aws:iam::${ACCOUNT}:user/other`;
    rig.aws.setPrincipal('AKIDNEW', { account: ACCOUNT, arn });
    rig.write('credentials', `[default]\n${keys('AKIDOLD')}`);
    assert.equal((await rig.issue()).principalArn, WORKER_ARN);
    rig.write('credentials', `[default]\n${keys('AKIDNEW')}`);
    rig.aws.setFault(({ accessKeyId, action }) =>
      accessKeyId === 'AKIDOLD' && action === 'AssumeRole' ? { error: 'InvalidClientTokenId' } : undefined,
    );
    await rig.issue(pull);
    assert.equal((await rig.issue()).principalArn, arn);
  });

  describe('while STS is away', () => {
    const outages: readonly (readonly [what: string, fault: AwsFault])[] = [
      ['fails on its side', { status: 503, body: '' }],
      ['throttles', { error: 'Throttling' }],
      ['breaks connections off', { drop: true }],
      ['denies', { error: 'AccessDenied' }],
      ['does not answer', { hang: true }],
    ];
    for (const [what, fault] of outages) {
      it(`are used on as long as they are good: STS ${what}`, async () => {
        const before = await rig.issue(pull);
        rig.aws.setFault(({ service }) => (service === 'sts' ? fault : undefined));
        rig.advance(30 * MINUTE_MS);
        const { value: token } = await withFastTimers(() => rig.issue(pull));
        assert.ok(token.authorizationToken);
        assert.deepEqual(
          [token.principalArn, token.sessionEndsAt],
          [sessionArn('pull'), before.sessionEndsAt],
        );
      });
    }

    it('are not used beyond their end', async () => {
      await rig.issue(pull);
      rig.aws.setFault(({ service }) => (service === 'sts' ? { drop: true } : undefined));
      rig.advance(61 * MINUTE_MS);
      const { message } = await expectFailure(rig.issue(pull), 'AwsUnavailable', SECRETS);
      assert.equal(message, `AWS credentials: role ${roleArn('pull')}: the connection was broken off`);
      assert.equal(rig.count('GetAuthorizationToken'), 1);
    });

    it('are told not to be had the first time', async () => {
      rig.aws.setFault(({ service }) => (service === 'sts' ? { status: 503, body: '' } : undefined));
      const { message } = await expectFailure(rig.issue(pull), 'AwsUnavailable', SECRETS);
      assert.equal(message, `AWS credentials: role ${roleArn('pull')}: AWS failed on its side (503)`);
    });

    it('need none when the keys are the worker’s own', async () => {
      rig.aws.setFault(({ service }) => (service === 'sts' ? { hang: true } : undefined));
      const { value: token, tookMs } = await withFastTimers(() => rig.issue());
      assert.deepEqual([token.authorizationToken !== undefined, token.principalArn], [true, null]);
      assert.ok(tookMs <= 5_500, `${tookMs} ms`);
    });
  });

  it('do not wait for ever for a process that hangs, nor for the one before', async () => {
    rig.withoutKeys();
    // The AWS SDK starts these processes and never ends them: they would outlive the test, and keep mocha alive. They end
    // with this file, and so with the folder of the rig, too.
    const held = `${rig.folder}/held`;
    rig.write('held', '');
    rig.write(
      'config',
      `[default]\ncredential_process = sh -c "while [ -e '${held}' ]; do sleep 0.05; done"\n`,
    );
    try {
      const { value: failure, tookMs } = await withFastTimers(() =>
        expectFailure(rig.issue(), 'AwsUnavailable', SECRETS),
      );
      assert.match(failure.message, /^AWS credentials: no answer within \d+ s$/);
      assert.ok(tookMs <= 21_000, `${tookMs} ms`);
      rig.write('config', `[default]\n${keys('AKIDNEW')}`);
      assert.ok((await rig.issue()).authorizationToken);
    } finally {
      rmSync(held);
    }
  });

  it('do not stand in each other’s way: one denied, one throttled, one that hangs', async () => {
    const [denied, throttled, hanging] = [role('denied'), profile('throttled'), role('hanging')];
    rig.write('credentials', `[throttled]\n${keys('AKIDTHROTTLED')}`);
    rig.aws.setRole(roleArn('denied'), { trusts: () => false });
    rig.aws.setFault(({ accessKeyId, service, input }) => {
      if (accessKeyId === 'AKIDTHROTTLED' && service === 'ecr') return { error: 'ThrottlingException' };
      return input['RoleArn'] === roleArn('hanging') ? { hang: true } : undefined;
    });
    const end = new AbortController();
    let hasEnded = false;
    const hung = expectFailure(
      rig.issuer.issueToken(groupOf(hanging, 'us-east-1'), end.signal),
      'AwsUnavailable',
      SECRETS,
    );
    void hung.then(() => (hasEnded = true));
    const [first, , , second] = await Promise.all([
      rig.issue(),
      expectFailure(rig.issue(denied), 'AwsAccessDenied', SECRETS),
      expectFailure(rig.issue(throttled), 'AwsThrottled', SECRETS),
      rig.issue(pull),
    ]);
    assert.deepEqual([first.principalArn, second.principalArn], [WORKER_ARN, sessionArn('pull')]);
    await nextTurn();
    assert.equal(hasEnded, false);
    end.abort();
    await hung;
    assert.equal((await rig.issue(DEFAULT_PRINCIPAL, 'eu-west-1')).principalArn, WORKER_ARN);
  });

  it('bear two throttled calls', async () => {
    rig.aws.setFault(throttleFirst(1));
    assert.ok((await rig.issue(pull)).authorizationToken);
  });
});

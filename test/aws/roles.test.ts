// Roles that the configuration names: with what they are asked for, who asks, and what is said when they may not be had.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expectFailure } from '../support/local-server.js';
import {
  ACCOUNT,
  keys,
  role,
  roleArn,
  SECRET_KEY,
  sessionArn,
  startAwsFixture,
  webIdentity,
  WORKER_ARN,
  type AwsFixture,
} from './aws-fixture.js';

const EXTERNAL_ID = 'external-id-that-must-not-show';
const SECRETS = [SECRET_KEY, EXTERNAL_ID];
const LONG = 'arn:aws:iam::111122223333:role/team/pull';

describe('a role', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  it('is assumed with its external id and session name, for an hour unless more is asked for', async () => {
    fixture.aws.setRole(roleArn('pull'), { externalId: EXTERNAL_ID, maxSeconds: 43_200 });
    const token = await fixture.issue(role('pull', { externalId: EXTERNAL_ID, sessionName: 'night' }));
    assert.equal(token.principalArn, sessionArn('pull', 'night'));
    assert.equal(token.proxyEndpoint, 'https://111122223333.dkr.ecr.us-east-1.amazonaws.com');
    const input = fixture.calls('AssumeRole')[0]?.input ?? {};
    assert.deepEqual([input['ExternalId'], input['RoleSessionName']], [EXTERNAL_ID, 'night']);
    // The SDK says AWS's own default itself.
    assert.equal(input['DurationSeconds'] ?? '3600', '3600');
  });

  it('is assumed for as long as it is asked for, and the end of the session is told', async () => {
    fixture.aws.setRole(roleArn('pull'), { maxSeconds: 43_200 });
    const { sessionEndsAt } = await fixture.issue(role('pull', { sessionSeconds: 43_200 }));
    assert.equal(fixture.calls('AssumeRole')[0]?.input['DurationSeconds'], '43200');
    const hours = ((sessionEndsAt?.getTime() ?? 0) - Date.now()) / 3_600_000;
    assert.ok(hours > 11.9 && hours <= 12, `${hours} h`);
  });

  it('says that its session may not last as long', async () => {
    fixture.aws.setRole(roleArn('pull'), { maxSeconds: 3_600 });
    const failure = await expectFailure(
      fixture.issue(role('pull', { sessionSeconds: 43_200 })),
      'AwsAccessDenied',
      SECRETS,
    );
    assert.match(failure.message, /role\/pull: the session duration is too long/);
    assert.match(failure.remedy, /Shorten `sessionDuration`/);
  });

  for (const { title, externalId } of [
    { title: 'no external id', externalId: undefined },
    { title: 'another external id', externalId: 'data-platform' },
  ] as const) {
    it(`says who may not assume it and what to write into which policy, with ${title}`, async () => {
      fixture.aws.setRole(roleArn('pull'), { externalId: EXTERNAL_ID });
      const principal = role('pull', externalId === undefined ? {} : { externalId });
      const failure = await expectFailure(fixture.issue(principal), 'AwsAccessDenied', [
        ...SECRETS,
        ...(externalId === undefined ? [] : [externalId]),
      ]);
      assert.equal(
        failure.message,
        `AWS credentials: ${WORKER_ARN} may not call sts:AssumeRole on ${roleArn('pull')}`,
      );
      const statement = `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"${roleArn('pull')}"}`;
      assert.ok(failure.remedy.includes(statement), failure.remedy);
      assert.match(failure.remedy, /the trust policy of the role allow it/);
      assert.match(
        failure.remedy,
        externalId === undefined
          ? /if that policy requires an external id, write it as `externalId`/
          : /with this external id/,
      );
      assert.equal(fixture.count('GetAuthorizationToken'), 0);
    });
  }

  it('names the kind of policy that stands against it', async () => {
    fixture.aws.setFault(({ action }) =>
      action === 'AssumeRole'
        ? {
            error: 'AccessDenied',
            message: `User: ${WORKER_ARN} is not authorized to perform: sts:AssumeRole on resource: ${LONG} with an explicit deny in a service control policy`,
          }
        : undefined,
    );
    const failure = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    assert.match(failure.message, /role\/pull: a service control policy denies it explicitly$/);
    assert.match(failure.remedy, /^Remove that deny/);
  });

  it('is had within the next attempt once its trust policy is mended', async () => {
    let isTrusted = false;
    fixture.aws.setRole(roleArn('pull'), { trusts: () => isTrusted });
    await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    isTrusted = true;
    assert.equal((await fixture.issue(role('pull'))).principalArn, sessionArn('pull'));
  });

  it('is had once the files of the worker are those of somebody who may, without a restart', async () => {
    fixture.withoutKeys();
    const allowed = `arn:aws:iam::${ACCOUNT}:user/allowed`;
    fixture.aws.setPrincipal('AKIDALLOWED', { account: ACCOUNT, arn: allowed });
    fixture.aws.setRole(roleArn('pull'), { trusts: (caller) => caller === allowed });
    fixture.write('credentials', `[default]\n${keys('AKIDDENIED')}`);
    await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    fixture.write('credentials', `[default]\n${keys('AKIDALLOWED')}`);
    assert.equal((await fixture.issue(role('pull'))).principalArn, sessionArn('pull'));
  });

  it('is denied to whoever the worker is by then', async () => {
    fixture.withoutKeys();
    const [first, second] = ['first', 'second'].map((name) => `arn:aws:iam::${ACCOUNT}:user/${name}`);
    fixture.aws.setPrincipal('AKIDFIRST', { account: ACCOUNT, arn: first ?? '' });
    fixture.aws.setPrincipal('AKIDSECOND', { account: ACCOUNT, arn: second ?? '' });
    fixture.aws.setRole(roleArn('pull'), { trusts: () => false });
    for (const { accessKeyId, arn } of [
      { accessKeyId: 'AKIDFIRST', arn: first },
      { accessKeyId: 'AKIDSECOND', arn: second },
    ] as const) {
      fixture.write('credentials', `[default]\n${keys(accessKeyId)}`);
      const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
      assert.ok(message.includes(`${arn} may not call`), message);
    }
  });

  it('is denied without a name where STS does not say who asks', async () => {
    fixture.aws.setFault(({ action }) =>
      action === 'GetCallerIdentity' ? { error: 'AccessDenied' } : undefined,
    );
    fixture.aws.setRole(roleArn('pull'), { trusts: () => false });
    const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    assert.match(message, /^AWS credentials: the AWS principal of the worker may not call sts:AssumeRole/);
  });

  it('says of a worker without credentials of its own that these are missing', async () => {
    fixture.withoutKeys();
    const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsCredentialsMissing', SECRETS);
    assert.equal(message, 'AWS credentials: the default chain of the AWS SDK found no credentials');
  });

  it("does not take the worker's own role for the one to be assumed, when it is the former that is denied", async () => {
    fixture.withoutKeys();
    fixture.set({
      AWS_ROLE_ARN: roleArn('pod'),
      AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token'),
    });
    fixture.aws.setRole(roleArn('pod'), { trusts: () => false });
    const failure = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    assert.equal(failure.message, 'AWS credentials: the role may not be assumed');
    assert.match(failure.remedy, /AWS_ROLE_ARN/);
  });

  it('says of a region that is none which was meant', async () => {
    fixture.set({ AWS_ENDPOINT_URL_STS: 'http://sts.us-esat-1.invalid' });
    const { message } = await expectFailure(
      fixture.issue(role('pull'), 'us-esat-1'),
      'AwsUnavailable',
      SECRETS,
    );
    // Where there is no name server at all, it is the look-up that fails.
    assert.match(message, /no AWS region us-esat-1 is known; us-east-1 was meant, perhaps$|\(DNS\)$/);
  });

  describe('behind others', () => {
    const asked: string[] = [];
    const chain = () => role('pull', { via: [roleArn('hub'), roleArn('spoke')], externalId: EXTERNAL_ID });

    beforeEach(() => {
      asked.length = 0;
      const note = (name: string) => ({
        trusts: (caller: string) => asked.push(`${caller} -> ${name}`) > 0,
      });
      fixture.aws.setRole(roleArn('hub'), note('hub'));
      fixture.aws.setRole(roleArn('spoke'), note('spoke'));
      fixture.aws.setRole(roleArn('pull'), { ...note('pull'), externalId: EXTERNAL_ID });
    });

    it('is assumed by the one before, in order, and gets the external id alone', async () => {
      assert.equal((await fixture.issue(chain())).principalArn, sessionArn('pull'));
      assert.deepEqual(asked, [
        `${WORKER_ARN} -> hub`,
        `${sessionArn('hub')} -> spoke`,
        `${sessionArn('spoke')} -> pull`,
      ]);
      assert.deepEqual(
        fixture.calls('AssumeRole').map(({ input }) => input['ExternalId']),
        [undefined, undefined, EXTERNAL_ID],
      );
    });

    it('says of the one in the middle that it is denied, and to whom', async () => {
      fixture.aws.setRole(roleArn('spoke'), { trusts: () => false });
      const failure = await expectFailure(fixture.issue(chain()), 'AwsAccessDenied', SECRETS);
      assert.equal(
        failure.message,
        `AWS credentials: ${roleArn('hub')} may not call sts:AssumeRole on ${roleArn('spoke')}`,
      );
      // It gets no external id: that is for the last alone.
      assert.doesNotMatch(failure.remedy, /with this external id|`externalId`/);
    });

    it('says of the first that it is denied to the worker', async () => {
      fixture.aws.setRole(roleArn('hub'), { trusts: () => false });
      const { message } = await expectFailure(fixture.issue(chain()), 'AwsAccessDenied', SECRETS);
      assert.equal(
        message,
        `AWS credentials: ${WORKER_ARN} may not call sts:AssumeRole on ${roleArn('hub')}`,
      );
    });

    it('may not last longer than an hour', async () => {
      const failure = await expectFailure(
        fixture.issue({ ...chain(), sessionSeconds: 7_200 }),
        'AwsAccessDenied',
        SECRETS,
      );
      assert.match(failure.remedy, /Remove `sessionDuration`/);
    });
  });

  describe('by a web identity', () => {
    let file: string;
    let identities: Map<string, string>;

    beforeEach(() => {
      fixture.withoutKeys();
      file = fixture.write('identity', 'identity-token-1');
      identities = new Map([['identity-token-1', 'system:serviceaccount:airflow:refresh']]);
      fixture.aws.setWebIdentity((token) => identities.get(token));
    });

    const SECRET = ['identity-token-1', 'identity-token-2'];

    it('is assumed with the token of the file, read anew at each time', async () => {
      const principal = webIdentity('pod', file);
      assert.equal((await fixture.issue(principal)).principalArn, sessionArn('pod', 'pod'));
      fixture.write('identity', 'identity-token-2');
      identities = new Map([['identity-token-2', 'system:serviceaccount:airflow:refresh']]);
      fixture.advance(3_600_000);
      assert.equal((await fixture.issue(principal)).principalArn, sessionArn('pod', 'pod'));
      assert.deepEqual(
        fixture.calls('AssumeRoleWithWebIdentity').map(({ input }) => input['WebIdentityToken']),
        ['identity-token-1', 'identity-token-2'],
      );
    });

    it('is said to have no file, one that is a folder, and one that may not be read', async () => {
      const principal = webIdentity('pod', path.join(fixture.folder, 'mounted'));
      const missing = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
      assert.equal(
        missing.message,
        `AWS credentials: the web identity token file ${fixture.folder}/mounted cannot be read: there is none`,
      );
      mkdirSync(path.join(fixture.folder, 'mounted'));
      const folder = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
      assert.match(folder.message, /mounted cannot be read: it is a folder$/);
      rmSync(path.join(fixture.folder, 'mounted'), { recursive: true });
      fixture.write('mounted', 'identity-token-1');
      chmodSync(path.join(fixture.folder, 'mounted'), 0);
      // The superuser reads everything.
      if (process.getuid?.() !== 0) {
        const closed = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
        assert.match(closed.message, /mounted cannot be read: its permissions/);
      }
      chmodSync(path.join(fixture.folder, 'mounted'), 0o600);
      assert.equal((await fixture.issue(principal)).principalArn, sessionArn('pod', 'pod'));
    });

    it('tells a token that is refused, and takes the next', async () => {
      fixture.write('identity', 'identity-token-2');
      const failure = await expectFailure(
        fixture.issue(webIdentity('pod', file)),
        'AwsCredentialsRejected',
        SECRET,
      );
      assert.match(failure.message, /role\/pod: the web identity token is not accepted$/);
      fixture.write('identity', 'identity-token-1');
      await fixture.issue(webIdentity('pod', file));
    });

    it('tells a trust policy that does not admit it', async () => {
      fixture.aws.setRole(roleArn('pod'), {
        trusts: (subject) => subject !== identities.get('identity-token-1'),
      });
      const failure = await expectFailure(fixture.issue(webIdentity('pod', file)), 'AwsAccessDenied', SECRET);
      assert.match(failure.message, /may not call sts:AssumeRoleWithWebIdentity on .*role\/pod$/);
      assert.match(failure.remedy, /trust policy .* subject and audience of the token/);
    });

    it('tells a file that is empty, as it is in the middle of being written', async () => {
      fixture.write('identity', '');
      fixture.aws.setFault(({ action, input }) =>
        action === 'AssumeRoleWithWebIdentity' && !input['WebIdentityToken']
          ? { error: 'ValidationError', message: 'Member must have length greater than or equal to 4' }
          : undefined,
      );
      const failure = await expectFailure(
        fixture.issue(webIdentity('pod', file)),
        'AwsCredentialsRejected',
        SECRET,
      );
      assert.match(failure.message, /the web identity token is not accepted$/);
    });

    for (const { code, type, pattern } of [
      {
        code: 'IDPRejectedClaim',
        type: 'AwsCredentialsRejected',
        pattern: /the web identity token is not accepted/,
      },
      {
        code: 'IDPCommunicationError',
        type: 'AwsUnavailable',
        pattern: /could not reach the identity provider/,
      },
      {
        code: 'RegionDisabledException',
        type: 'AwsAccessDenied',
        pattern: /has not enabled the region, or not STS in it/,
      },
      { code: 'ExpiredTokenException', type: 'AwsCredentialsRejected', pattern: /expired/ },
    ] as const) {
      it(`takes ${code} of STS for ${type}`, async () => {
        const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>identity-token-1</Message></Error></ErrorResponse>`;
        fixture.aws.setFault(() => ({ status: 403, body, headers: { 'Content-Type': 'text/xml' } }));
        const failure = await expectFailure(fixture.issue(webIdentity('pod', file)), type, SECRET);
        assert.match(failure.message, pattern);
      });
    }
  });
});

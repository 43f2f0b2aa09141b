// Configured roles: the parameters and the caller of AssumeRole, and the failure if a role cannot be assumed.
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

describe('a configured role', () => {
  let fixture: AwsFixture;

  beforeEach(async () => void (fixture = await startAwsFixture()));
  afterEach(() => fixture.stop());

  it('is assumed with its external id and session name, for one hour by default', async () => {
    fixture.aws.setRole(roleArn('pull'), { externalId: EXTERNAL_ID, maxSeconds: 43_200 });
    const token = await fixture.issue(role('pull', { externalId: EXTERNAL_ID, sessionName: 'night' }));
    assert.equal(token.principalArn, sessionArn('pull', 'night'));
    assert.equal(token.proxyEndpoint, 'https://111122223333.dkr.ecr.us-east-1.amazonaws.com');
    const input = fixture.calls('AssumeRole')[0]?.input ?? {};
    assert.deepEqual([input['ExternalId'], input['RoleSessionName']], [EXTERNAL_ID, 'night']);
    // AWS's default, which the SDK may also send explicitly.
    assert.equal(input['DurationSeconds'] ?? '3600', '3600');
  });

  it('is assumed for the configured duration, and the end of the session is reported', async () => {
    fixture.aws.setRole(roleArn('pull'), { maxSeconds: 43_200 });
    const { sessionEndsAt } = await fixture.issue(role('pull', { sessionSeconds: 43_200 }));
    assert.equal(fixture.calls('AssumeRole')[0]?.input['DurationSeconds'], '43200');
    const hours = ((sessionEndsAt?.getTime() ?? 0) - Date.now()) / 3_600_000;
    assert.ok(hours > 11.9 && hours <= 12, `${hours} h`);
  });

  it('fails if the configured duration exceeds the maximum of the role', async () => {
    fixture.aws.setRole(roleArn('pull'), { maxSeconds: 3_600 });
    const failure = await expectFailure(
      fixture.issue(role('pull', { sessionSeconds: 43_200 })),
      'AwsAccessDenied',
      SECRETS,
    );
    assert.match(failure.message, /role\/pull: the requested session duration is too long/);
    assert.match(failure.remedy, /Shorten `sessionDuration`/);
  });

  for (const { title, externalId } of [
    { title: 'no external id', externalId: undefined },
    { title: 'another external id', externalId: 'data-platform' },
  ] as const) {
    it(`reports the denied caller and what the policies must allow, with ${title}`, async () => {
      fixture.aws.setRole(roleArn('pull'), { externalId: EXTERNAL_ID });
      const principal = role('pull', externalId === undefined ? {} : { externalId });
      const failure = await expectFailure(fixture.issue(principal), 'AwsAccessDenied', [
        ...SECRETS,
        ...(externalId === undefined ? [] : [externalId]),
      ]);
      assert.equal(
        failure.message,
        `AWS credentials: ${WORKER_ARN} is not authorized to call sts:AssumeRole on ${roleArn('pull')}`,
      );
      assert.match(failure.remedy, /^Allow sts:AssumeRole on the role in a policy of the principal\./);
      assert.match(failure.remedy, /Allow the same in the role's trust policy/);
      assert.match(
        failure.remedy,
        externalId === undefined
          ? /If that policy requires an external id, set `externalId` to it/
          : /with the configured external id/,
      );
      assert.equal(fixture.count('GetAuthorizationToken'), 0);
    });
  }

  it('reports the type of the policy that denies it', async () => {
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

  it('is assumed by the next attempt after its trust policy was fixed', async () => {
    let isTrusted = false;
    fixture.aws.setRole(roleArn('pull'), { trusts: () => isTrusted });
    await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    isTrusted = true;
    assert.equal((await fixture.issue(role('pull'))).principalArn, sessionArn('pull'));
  });

  it('is assumed without a restart once the credentials file contains an authorized user', async () => {
    fixture.withoutKeys();
    const allowed = `arn:aws:iam::${ACCOUNT}:user/allowed`;
    fixture.aws.setPrincipal('AKIDALLOWED', { account: ACCOUNT, arn: allowed });
    fixture.aws.setRole(roleArn('pull'), { trusts: (caller) => caller === allowed });
    fixture.write('credentials', `[default]\n${keys('AKIDDENIED')}`);
    await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    fixture.write('credentials', `[default]\n${keys('AKIDALLOWED')}`);
    assert.equal((await fixture.issue(role('pull'))).principalArn, sessionArn('pull'));
  });

  it('is reported as denied to the current caller after the keys were replaced', async () => {
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
      assert.ok(message.includes(`${arn} is not authorized to call`), message);
    }
  });

  it('is reported as denied without an ARN if STS does not return the caller', async () => {
    fixture.aws.setFault(({ action }) =>
      action === 'GetCallerIdentity' ? { error: 'AccessDenied' } : undefined,
    );
    fixture.aws.setRole(roleArn('pull'), { trusts: () => false });
    const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    assert.match(
      message,
      /^AWS credentials: the AWS principal of the worker is not authorized to call sts:AssumeRole/,
    );
  });

  it('fails with AwsCredentialsMissing if the worker has no credentials', async () => {
    fixture.withoutKeys();
    const { message } = await expectFailure(fixture.issue(role('pull')), 'AwsCredentialsMissing', SECRETS);
    assert.match(message, /^AWS credentials: the default chain of the AWS SDK found none: /);
  });

  it("reports a denied AWS_ROLE_ARN as the worker's own role, not as the configured one", async () => {
    fixture.withoutKeys();
    fixture.set({
      AWS_ROLE_ARN: roleArn('pod'),
      AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token'),
    });
    fixture.aws.setRole(roleArn('pod'), { trusts: () => false });
    const failure = await expectFailure(fixture.issue(role('pull')), 'AwsAccessDenied', SECRETS);
    assert.equal(
      failure.message,
      `AWS credentials: role ${roleArn('pod')} (AWS_ROLE_ARN): the web identity is not authorized to call ` +
        `sts:AssumeRoleWithWebIdentity on ${roleArn('pod')}`,
    );
    assert.match(failure.remedy, /trust policy/);
  });

  it('suggests a region for an unknown one', async () => {
    fixture.set({ AWS_ENDPOINT_URL_STS: 'http://sts.us-esat-1.invalid', AWS_REGION: undefined });
    const { message } = await expectFailure(
      fixture.issue(role('pull'), 'us-esat-1'),
      'AwsUnavailable',
      SECRETS,
    );
    // Without a name server, the lookup fails instead.
    assert.match(message, /unknown AWS region us-esat-1 \(did you mean us-east-1\?\)$|DNS lookup failed$/);
  });

  describe('at the end of a chain', () => {
    const assumed: string[] = [];
    const chain = () => role('pull', { via: [roleArn('hub'), roleArn('spoke')], externalId: EXTERNAL_ID });

    beforeEach(() => {
      assumed.length = 0;
      const record = (name: string) => ({
        trusts: (caller: string) => assumed.push(`${caller} -> ${name}`) > 0,
      });
      fixture.aws.setRole(roleArn('hub'), record('hub'));
      fixture.aws.setRole(roleArn('spoke'), record('spoke'));
      fixture.aws.setRole(roleArn('pull'), { ...record('pull'), externalId: EXTERNAL_ID });
    });

    it('is assumed by the role before it, and only it gets the external id', async () => {
      assert.equal((await fixture.issue(chain())).principalArn, sessionArn('pull'));
      assert.deepEqual(assumed, [
        `${WORKER_ARN} -> hub`,
        `${sessionArn('hub')} -> spoke`,
        `${sessionArn('spoke')} -> pull`,
      ]);
      assert.deepEqual(
        fixture.calls('AssumeRole').map(({ input }) => input['ExternalId']),
        [undefined, undefined, EXTERNAL_ID],
      );
    });

    it('reports a denied role in the middle of the chain with its caller', async () => {
      fixture.aws.setRole(roleArn('spoke'), { trusts: () => false });
      const failure = await expectFailure(fixture.issue(chain()), 'AwsAccessDenied', SECRETS);
      assert.equal(
        failure.message,
        `AWS credentials: ${roleArn('hub')} is not authorized to call sts:AssumeRole on ${roleArn('spoke')}`,
      );
      // Only the last role gets the external id.
      assert.doesNotMatch(failure.remedy, /with the configured external id|`externalId`/);
    });

    it('reports a denied first role with the worker as its caller', async () => {
      fixture.aws.setRole(roleArn('hub'), { trusts: () => false });
      const { message } = await expectFailure(fixture.issue(chain()), 'AwsAccessDenied', SECRETS);
      assert.equal(
        message,
        `AWS credentials: ${WORKER_ARN} is not authorized to call sts:AssumeRole on ${roleArn('hub')}`,
      );
    });

    it('fails if its session is configured for more than one hour', async () => {
      const failure = await expectFailure(
        fixture.issue({ ...chain(), sessionSeconds: 7_200 }),
        'AwsAccessDenied',
        SECRETS,
      );
      assert.match(failure.remedy, /Remove `sessionDuration`/);
    });
  });

  describe('with a web identity', () => {
    let file: string;
    let identities: Map<string, string>;

    beforeEach(() => {
      fixture.withoutKeys();
      file = fixture.write('identity', 'identity-token-1');
      identities = new Map([['identity-token-1', 'system:serviceaccount:airflow:refresh']]);
      fixture.aws.setWebIdentity((token) => identities.get(token));
    });

    const SECRET = ['identity-token-1', 'identity-token-2'];

    it('is assumed with the token in the file, which is read each time', async () => {
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

    it('reports a token file that is missing, a directory or not readable', async () => {
      const principal = webIdentity('pod', path.join(fixture.folder, 'mounted'));
      const missing = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
      assert.equal(
        missing.message,
        `AWS credentials: the web identity token file ${fixture.folder}/mounted (\`webIdentityTokenFile\`) cannot be read: no such file`,
      );
      mkdirSync(path.join(fixture.folder, 'mounted'));
      const directory = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
      assert.match(
        directory.message,
        /mounted \(`webIdentityTokenFile`\) cannot be read: it is a directory$/,
      );
      rmSync(path.join(fixture.folder, 'mounted'), { recursive: true });
      fixture.write('mounted', 'identity-token-1');
      chmodSync(path.join(fixture.folder, 'mounted'), 0);
      // root can read every file.
      if (process.getuid?.() !== 0) {
        const unreadable = await expectFailure(fixture.issue(principal), 'AwsCredentialsMissing', SECRET);
        assert.match(
          unreadable.message,
          /mounted \(`webIdentityTokenFile`\) cannot be read: permission denied$/,
        );
      }
      chmodSync(path.join(fixture.folder, 'mounted'), 0o600);
      assert.equal((await fixture.issue(principal)).principalArn, sessionArn('pod', 'pod'));
    });

    it('reports a rejected token, and uses the next one', async () => {
      fixture.write('identity', 'identity-token-2');
      const failure = await expectFailure(
        fixture.issue(webIdentity('pod', file)),
        'AwsCredentialsRejected',
        SECRET,
      );
      assert.match(failure.message, /role\/pod: AWS rejected the web identity token in \/.*\/identity$/);
      fixture.write('identity', 'identity-token-1');
      await fixture.issue(webIdentity('pod', file));
    });

    it('reports a trust policy that does not allow it', async () => {
      fixture.aws.setRole(roleArn('pod'), {
        trusts: (subject) => subject !== identities.get('identity-token-1'),
      });
      const failure = await expectFailure(fixture.issue(webIdentity('pod', file)), 'AwsAccessDenied', SECRET);
      assert.match(
        failure.message,
        /role\/pod: the web identity is not authorized to call sts:AssumeRoleWithWebIdentity on arn:.*role\/pod$/,
      );
      assert.match(failure.remedy, /trust policy of the role, with the subject and audience of the token/);
    });

    it('reports an empty file as rejected, since it may be in the middle of being written', async () => {
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
      assert.match(failure.message, /AWS rejected the web identity token in \/.*\/identity$/);
    });

    for (const { code, type, pattern } of [
      {
        code: 'IDPRejectedClaim',
        type: 'AwsCredentialsRejected',
        pattern: /AWS rejected the web identity token/,
      },
      {
        code: 'IDPCommunicationError',
        type: 'AwsUnavailable',
        pattern: /could not reach the identity provider/,
      },
      {
        code: 'RegionDisabledException',
        type: 'AwsAccessDenied',
        pattern: /the region, or STS in it, is not enabled for the account/,
      },
      { code: 'ExpiredTokenException', type: 'AwsCredentialsRejected', pattern: /expired/ },
    ] as const) {
      it(`maps ${code} of STS to ${type}`, async () => {
        const body = `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>identity-token-1</Message></Error></ErrorResponse>`;
        const headers = { 'Content-Type': 'text/xml', 'x-amzn-RequestId': 'request-1' };
        fixture.aws.setFault(() => ({ status: 403, body, headers }));
        const failure = await expectFailure(fixture.issue(webIdentity('pod', file)), type, SECRET);
        assert.match(failure.message, pattern);
      });
    }
  });
});

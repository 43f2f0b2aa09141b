// Credential sources of the SDK's default chain and of profiles, each over HTTP to the AWS stand-in.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import {
  startContainerCredentials,
  startInstanceMetadata,
  type CredentialsSource,
} from '../support/aws-credentials.js';
import { assertHides, expectFailure } from '../support/local-server.js';
import {
  ACCOUNT,
  keys,
  profile,
  roleArn,
  SECRET_KEY,
  sessionArn,
  startAwsFixture,
  WORKER_ARN,
  type AwsFixture,
} from './aws-fixture.js';

const OTHER_ARN = `arn:aws:iam::${ACCOUNT}:user/other`;

describe('the AWS principal of a token', () => {
  let fixture: AwsFixture;
  let source: CredentialsSource | undefined;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    fixture.aws.setPrincipal('AKIDOTHER', { account: ACCOUNT, arn: OTHER_ARN });
  });
  afterEach(async () => {
    await fixture.stop();
    await source?.stop();
    source = undefined;
  });

  /** Also asserts that the issued token shows no secret. */
  async function readArn(...issued: Parameters<AwsFixture['issue']>): Promise<string | null> {
    const token = await fixture.issue(...issued);
    assert.ok(token.authorizationToken);
    assertHides(token, [SECRET_KEY, token.authorizationToken.reveal()]);
    return token.principalArn;
  }

  /** A program that prints keys. */
  function processLine(keysOfProcess: object): string {
    const output = fixture.write('process.json', JSON.stringify({ Version: 1, ...keysOfProcess }));
    return `credential_process = cat "${output}"\n`;
  }

  describe('from the default chain', () => {
    it('comes from keys in the environment', async () => {
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIDOTHER' });
      assert.equal(await readArn(), OTHER_ARN);
    });

    it('comes from the shared credentials file', async () => {
      fixture.withoutKeys();
      fixture.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(), OTHER_ARN);
    });

    it('comes from the role of the profile in AWS_PROFILE, assumed with its source profile', async () => {
      fixture.withoutKeys();
      const callers: string[] = [];
      fixture.aws.setRole(roleArn('pull'), { trusts: (caller) => callers.push(caller) > 0 });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      fixture.write(
        'config',
        `[profile pull]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`,
      );
      fixture.set({ AWS_PROFILE: 'pull' });
      assert.equal(await readArn(), sessionArn('pull', 'night'));
      assert.deepEqual(callers, [OTHER_ARN]);
    });

    it('comes from a web identity in the environment', async () => {
      fixture.withoutKeys();
      fixture.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_ROLE_SESSION_NAME: 'pod-1',
        AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await readArn(), sessionArn('pod', 'pod-1'));
    });

    it('comes from the container credentials endpoint', async () => {
      source = await startContainerCredentials({
        aws: fixture.aws,
        roleArn: roleArn('task'),
        stateFolder: fixture.folder,
      });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await readArn(), sessionArn('task', 'container'));
    });

    it('comes from the instance metadata service', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('instance') });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await readArn(), sessionArn('instance', 'i-0123456789abcdef0'));
      assert.equal(
        source.requests[0],
        'PUT /latest/api/token',
        'the metadata service was not called with version 2',
      );
    });

    it('comes from a credential_process', async () => {
      fixture.withoutKeys();
      fixture.write(
        'config',
        `[default]\n${processLine({ AccessKeyId: 'AKIDOTHER', SecretAccessKey: SECRET_KEY })}`,
      );
      assert.equal(await readArn(), OTHER_ARN);
    });

    it('comes from the next source if only one of the two keys is in the environment', async () => {
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIDHALF', AWS_SECRET_ACCESS_KEY: undefined });
      fixture.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(), OTHER_ARN);
    });

    it('comes from the next source if the profile in AWS_PROFILE does not exist', async () => {
      source = await startContainerCredentials({
        aws: fixture.aws,
        roleArn: roleArn('task'),
        stateFolder: fixture.folder,
      });
      fixture.set({ ...source.env, AWS_PROFILE: 'gone' });
      assert.equal(await readArn(), sessionArn('task', 'container'));
    });

    it('comes from the profile in AWS_PROFILE rather than keys in the environment', async () => {
      fixture.write('credentials', `[other]\n${keys('AKIDOTHER')}`);
      fixture.set({ AWS_PROFILE: 'other' });
      assert.equal(await readArn(), OTHER_ARN);
    });

    it('is missing while the AWS files cannot be read', async function () {
      // root can read every file.
      if (process.getuid?.() === 0) return this.skip();
      fixture.withoutKeys();
      chmodSync(fixture.write('config', '[default]\n'), 0);
      const { message } = await expectFailure(fixture.issue(), 'AwsCredentialsMissing', [SECRET_KEY]);
      assert.match(message, /config cannot be read: permission denied$/);
    });

    it('comes from keys in the environment rather than a web identity', async () => {
      fixture.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await readArn(), WORKER_ARN);
      assert.equal(fixture.count('AssumeRoleWithWebIdentity'), 0);
    });

    it('comes from the shared credentials file rather than the instance metadata service', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('instance') });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      fixture.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(), OTHER_ARN);
      assert.deepEqual(source.requests, []);
    });

    it('changes when the instance metadata service returns another role', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('old') });
      const { env } = source;
      const other = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('new') });
      try {
        fixture.set({ ...env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        assert.equal(await readArn(), sessionArn('old', 'i-0123456789abcdef0'));
        fixture.set(other.env);
        fixture.set({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        fixture.advance(3_600_000);
        assert.equal(await readArn(), sessionArn('new', 'i-0123456789abcdef0'));
      } finally {
        await other.stop();
      }
    });
  });

  describe('from a profile', () => {
    beforeEach(() => fixture.withoutKeys());

    it('comes from the keys of the profile, regardless of the environment', async () => {
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00', AWS_SECRET_ACCESS_KEY: SECRET_KEY });
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(profile('production')), OTHER_ARN);
    });

    it('comes from the role of the profile, assumed with its external id', async () => {
      fixture.aws.setRole(roleArn('pull'), { externalId: 'data-platform' });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const lines = `role_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`;
      fixture.write('config', `[profile production]\n${lines}external_id = data-platform\n`);
      assert.equal(await readArn(profile('production')), sessionArn('pull', 'night'));
    });

    it('comes from the credential_process of the profile, with the end of its session', async () => {
      const session = fixture.aws.openSession(roleArn('sso'), 'jane', 1_800);
      fixture.write(
        'config',
        `[profile production]\n${processLine({
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: session.expiration,
        })}`,
      );
      const { principalArn, sessionEndsAt } = await fixture.issue(profile('production'));
      assert.deepEqual(
        [principalArn, sessionEndsAt?.toISOString()],
        [sessionArn('sso', 'jane'), session.expiration],
      );
    });

    it('is missing while the profile does not exist, and found once it does', async () => {
      const failure = await expectFailure(fixture.issue(profile('production')), 'AwsCredentialsMissing', [
        SECRET_KEY,
      ]);
      assert.equal(
        failure.message,
        `AWS credentials: profile production does not exist in ${fixture.folder}/config or ` +
          `${fixture.folder}/credentials`,
      );
      assert.match(failure.remedy, /AWS_CONFIG_FILE/);
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(profile('production')), OTHER_ARN);
    });

    it('is reported as denied, not missing, if the role of the profile cannot be assumed', async () => {
      fixture.aws.setRole(roleArn('pull'), { trusts: () => false });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      fixture.write('config', `[profile production]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\n`);
      const failure = await expectFailure(fixture.issue(profile('production')), 'AwsAccessDenied', [
        SECRET_KEY,
      ]);
      assert.equal(failure.message, 'AWS credentials: profile production: not authorized to assume the role');
      assert.match(failure.remedy, /role_arn of the profile/);
    });

    it('is read again when AWS rejects the keys of the profile', async () => {
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await readArn(profile('production')), OTHER_ARN);
      fixture.aws.setFault(({ accessKeyId, service }) =>
        accessKeyId === 'AKIDOTHER' && service === 'ecr'
          ? { error: 'UnrecognizedClientException' }
          : undefined,
      );
      fixture.aws.setPrincipal('AKIDNEW', { account: ACCOUNT, arn: `${OTHER_ARN}-2` });
      fixture.write('credentials', `[production]\n${keys('AKIDNEW')}`);
      assert.equal(await readArn(profile('production')), `${OTHER_ARN}-2`);
    });

    it('changes with the role of the profile once the session has ended', async () => {
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const write = (arn: string) =>
        fixture.write(
          'config',
          `[profile production]\nrole_arn = ${arn}\nsource_profile = base\nrole_session_name = night\n`,
        );
      write(roleArn('pull'));
      assert.equal(await readArn(profile('production')), sessionArn('pull', 'night'));
      write(roleArn('pull', '444455556666'));
      fixture.advance(3_600_000);
      const token = await fixture.issue(profile('production'));
      // With the old account, the check of the token would fail until the worker is restarted.
      assert.deepEqual(
        [token.principalArn, token.proxyEndpoint],
        [sessionArn('pull', 'night', '444455556666'), 'https://444455556666.dkr.ecr.us-east-1.amazonaws.com'],
      );
    });
  });
});

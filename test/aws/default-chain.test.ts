// Where the AWS SDK finds credentials by itself, and those of a profile, each over the wire to the AWS stand-in.
import assert from 'node:assert/strict';
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

describe('the AWS principal', () => {
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

  /** The ARN that is reported, of which nothing may be secret. */
  async function arnOfToken(...issued: Parameters<AwsFixture['issue']>): Promise<string | null> {
    const token = await fixture.issue(...issued);
    assert.ok(token.authorizationToken);
    assertHides(token, [SECRET_KEY, token.authorizationToken.reveal()]);
    return token.principalArn;
  }

  /** A program that answers keys. */
  function processLine(answer: object): string {
    const output = fixture.write('process.json', JSON.stringify({ Version: 1, ...answer }));
    return `credential_process = cat "${output}"\n`;
  }

  describe('of the default chain', () => {
    it('is that of the keys of the environment', async () => {
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIDOTHER' });
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is that of the shared credentials file', async () => {
      fixture.withoutKeys();
      fixture.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is the role of the profile that AWS_PROFILE names, assumed by its source profile', async () => {
      fixture.withoutKeys();
      const callers: string[] = [];
      fixture.aws.setRole(roleArn('pull'), { trusts: (caller) => callers.push(caller) > 0 });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      fixture.write(
        'config',
        `[profile pull]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`,
      );
      fixture.set({ AWS_PROFILE: 'pull' });
      assert.equal(await arnOfToken(), sessionArn('pull', 'night'));
      assert.deepEqual(callers, [OTHER_ARN]);
    });

    it('is that of a web identity that the environment names', async () => {
      fixture.withoutKeys();
      fixture.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_ROLE_SESSION_NAME: 'pod-1',
        AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await arnOfToken(), sessionArn('pod', 'pod-1'));
    });

    it('is that of the endpoint of containers', async () => {
      source = await startContainerCredentials({
        aws: fixture.aws,
        roleArn: roleArn('task'),
        stateFolder: fixture.folder,
      });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await arnOfToken(), sessionArn('task', 'container'));
    });

    it('is that of the metadata of the instance', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('instance') });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await arnOfToken(), sessionArn('instance', 'i-0123456789abcdef0'));
      assert.equal(source.requests[0], 'PUT /latest/api/token', 'version 2 of the metadata service');
    });

    it('is that of a process', async () => {
      fixture.withoutKeys();
      fixture.write(
        'config',
        `[default]\n${processLine({ AccessKeyId: 'AKIDOTHER', SecretAccessKey: SECRET_KEY })}`,
      );
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is the first that is found: keys of the environment before a web identity', async () => {
      fixture.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_WEB_IDENTITY_TOKEN_FILE: fixture.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await arnOfToken(), WORKER_ARN);
      assert.equal(fixture.count('AssumeRoleWithWebIdentity'), 0);
    });

    it('is the first that is found: the shared file before the metadata of the instance', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('instance') });
      fixture.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      fixture.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(), OTHER_ARN);
      assert.deepEqual(source.requests, []);
    });

    it('is read again when the metadata of the instance names another role', async () => {
      source = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('old') });
      const { env } = source;
      const other = await startInstanceMetadata({ aws: fixture.aws, roleArn: roleArn('new') });
      try {
        fixture.set({ ...env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        assert.equal(await arnOfToken(), sessionArn('old', 'i-0123456789abcdef0'));
        fixture.set(other.env);
        fixture.set({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        fixture.advance(3_600_000);
        assert.equal(await arnOfToken(), sessionArn('new', 'i-0123456789abcdef0'));
      } finally {
        await other.stop();
      }
    });
  });

  describe('of a profile', () => {
    beforeEach(() => fixture.withoutKeys());

    it('is that of its keys, whatever the environment has', async () => {
      fixture.set({ AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00', AWS_SECRET_ACCESS_KEY: SECRET_KEY });
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
    });

    it('is the role that it names, with its external id', async () => {
      fixture.aws.setRole(roleArn('pull'), { externalId: 'data-platform' });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const lines = `role_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`;
      fixture.write('config', `[profile production]\n${lines}external_id = data-platform\n`);
      assert.equal(await arnOfToken(profile('production')), sessionArn('pull', 'night'));
    });

    it('is that of its process, whose session is told', async () => {
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

    it('is said to give no credentials when it is not there, and found once it is', async () => {
      const failure = await expectFailure(fixture.issue(profile('production')), 'AwsCredentialsMissing', [
        SECRET_KEY,
      ]);
      assert.equal(failure.message, 'AWS credentials: profile production returned no credentials');
      assert.match(failure.remedy, /AWS_CONFIG_FILE.*log in again if it uses SSO/);
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
    });

    it('is told apart from a role of it that may not be assumed', async () => {
      fixture.aws.setRole(roleArn('pull'), { trusts: () => false });
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      fixture.write('config', `[profile production]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\n`);
      const failure = await expectFailure(fixture.issue(profile('production')), 'AwsAccessDenied', [
        SECRET_KEY,
      ]);
      assert.equal(failure.message, 'AWS credentials: profile production: the role may not be assumed');
      assert.match(failure.remedy, /role_arn of the profile/);
    });

    it('is asked for anew when AWS no longer accepts its keys', async () => {
      fixture.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
      fixture.aws.setFault(({ accessKeyId, service }) =>
        accessKeyId === 'AKIDOTHER' && service === 'ecr'
          ? { error: 'UnrecognizedClientException' }
          : undefined,
      );
      fixture.aws.setPrincipal('AKIDNEW', { account: ACCOUNT, arn: `${OTHER_ARN}-2` });
      fixture.write('credentials', `[production]\n${keys('AKIDNEW')}`);
      assert.equal(await arnOfToken(profile('production')), `${OTHER_ARN}-2`);
    });

    it('is told anew when its role is another one by the time its session has ended', async () => {
      fixture.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const write = (arn: string) =>
        fixture.write(
          'config',
          `[profile production]\nrole_arn = ${arn}\nsource_profile = base\nrole_session_name = night\n`,
        );
      write(roleArn('pull'));
      assert.equal(await arnOfToken(profile('production')), sessionArn('pull', 'night'));
      write(roleArn('pull', '444455556666'));
      fixture.advance(3_600_000);
      const token = await fixture.issue(profile('production'));
      // An account of old would let the token be refused, as one of somebody else, until the worker is restarted.
      assert.deepEqual(
        [token.principalArn, token.proxyEndpoint],
        [sessionArn('pull', 'night', '444455556666'), 'https://444455556666.dkr.ecr.us-east-1.amazonaws.com'],
      );
    });
  });
});

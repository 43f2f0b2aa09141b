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
  let rig: AwsFixture;
  let source: CredentialsSource | undefined;

  beforeEach(async () => {
    rig = await startAwsFixture();
    rig.aws.setPrincipal('AKIDOTHER', { account: ACCOUNT, arn: OTHER_ARN });
  });
  afterEach(async () => {
    await rig.stop();
    await source?.stop();
    source = undefined;
  });

  /** The ARN that is reported, of which nothing may be secret. */
  async function arnOfToken(...issued: Parameters<AwsFixture['issue']>): Promise<string | null> {
    const token = await rig.issue(...issued);
    assert.ok(token.authorizationToken);
    assertHides(token, [SECRET_KEY, token.authorizationToken.reveal()]);
    return token.principalArn;
  }

  /** A program that answers keys. */
  function processLine(answer: object): string {
    const output = rig.write('process.json', JSON.stringify({ Version: 1, ...answer }));
    return `credential_process = cat "${output}"\n`;
  }

  describe('of the default chain', () => {
    it('is that of the keys of the environment', async () => {
      rig.set({ AWS_ACCESS_KEY_ID: 'AKIDOTHER' });
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is that of the shared credentials file', async () => {
      rig.withoutKeys();
      rig.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is the role of the profile that AWS_PROFILE names, assumed by its source profile', async () => {
      rig.withoutKeys();
      const callers: string[] = [];
      rig.aws.setRole(roleArn('pull'), { trusts: (caller) => callers.push(caller) > 0 });
      rig.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      rig.write(
        'config',
        `[profile pull]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`,
      );
      rig.set({ AWS_PROFILE: 'pull' });
      assert.equal(await arnOfToken(), sessionArn('pull', 'night'));
      assert.deepEqual(callers, [OTHER_ARN]);
    });

    it('is that of a web identity that the environment names', async () => {
      rig.withoutKeys();
      rig.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_ROLE_SESSION_NAME: 'pod-1',
        AWS_WEB_IDENTITY_TOKEN_FILE: rig.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await arnOfToken(), sessionArn('pod', 'pod-1'));
    });

    it('is that of the endpoint of containers', async () => {
      source = await startContainerCredentials({
        aws: rig.aws,
        roleArn: roleArn('task'),
        stateFolder: rig.folder,
      });
      rig.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await arnOfToken(), sessionArn('task', 'container'));
    });

    it('is that of the metadata of the instance', async () => {
      source = await startInstanceMetadata({ aws: rig.aws, roleArn: roleArn('instance') });
      rig.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      assert.equal(await arnOfToken(), sessionArn('instance', 'i-0123456789abcdef0'));
      assert.equal(source.requests[0], 'PUT /latest/api/token', 'version 2 of the metadata service');
    });

    it('is that of a process', async () => {
      rig.withoutKeys();
      rig.write(
        'config',
        `[default]\n${processLine({ AccessKeyId: 'AKIDOTHER', SecretAccessKey: SECRET_KEY })}`,
      );
      assert.equal(await arnOfToken(), OTHER_ARN);
    });

    it('is the first that is found: keys of the environment before a web identity', async () => {
      rig.set({
        AWS_ROLE_ARN: roleArn('pod'),
        AWS_WEB_IDENTITY_TOKEN_FILE: rig.write('identity', 'a token of an identity provider'),
      });
      assert.equal(await arnOfToken(), WORKER_ARN);
      assert.equal(rig.count('AssumeRoleWithWebIdentity'), 0);
    });

    it('is the first that is found: the shared file before the metadata of the instance', async () => {
      source = await startInstanceMetadata({ aws: rig.aws, roleArn: roleArn('instance') });
      rig.set({ ...source.env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
      rig.write('credentials', `[default]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(), OTHER_ARN);
      assert.deepEqual(source.requests, []);
    });

    it('is read again when the metadata of the instance names another role', async () => {
      source = await startInstanceMetadata({ aws: rig.aws, roleArn: roleArn('old') });
      const { env } = source;
      const other = await startInstanceMetadata({ aws: rig.aws, roleArn: roleArn('new') });
      try {
        rig.set({ ...env, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        assert.equal(await arnOfToken(), sessionArn('old', 'i-0123456789abcdef0'));
        rig.set(other.env);
        rig.set({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
        rig.advance(3_600_000);
        assert.equal(await arnOfToken(), sessionArn('new', 'i-0123456789abcdef0'));
      } finally {
        await other.stop();
      }
    });
  });

  describe('of a profile', () => {
    beforeEach(() => rig.withoutKeys());

    it('is that of its keys, whatever the environment has', async () => {
      rig.set({ AWS_ACCESS_KEY_ID: 'AKIASANDBOXSANDBOX00', AWS_SECRET_ACCESS_KEY: SECRET_KEY });
      rig.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
    });

    it('is the role that it names, with its external id', async () => {
      rig.aws.setRole(roleArn('pull'), { externalId: 'data-platform' });
      rig.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const lines = `role_arn = ${roleArn('pull')}\nsource_profile = base\nrole_session_name = night\n`;
      rig.write('config', `[profile production]\n${lines}external_id = data-platform\n`);
      assert.equal(await arnOfToken(profile('production')), sessionArn('pull', 'night'));
    });

    it('is that of its process, whose session is told', async () => {
      const session = rig.aws.openSession(roleArn('sso'), 'jane', 1_800);
      rig.write(
        'config',
        `[profile production]\n${processLine({
          AccessKeyId: session.accessKeyId,
          SecretAccessKey: session.secretAccessKey,
          SessionToken: session.sessionToken,
          Expiration: session.expiration,
        })}`,
      );
      const { principalArn, sessionEndsAt } = await rig.issue(profile('production'));
      assert.deepEqual(
        [principalArn, sessionEndsAt?.toISOString()],
        [sessionArn('sso', 'jane'), session.expiration],
      );
    });

    it('is said to give no credentials when it is not there, and found once it is', async () => {
      const failure = await expectFailure(rig.issue(profile('production')), 'AwsCredentialsMissing', [
        SECRET_KEY,
      ]);
      assert.equal(failure.message, 'AWS credentials: profile production gives none');
      assert.match(failure.remedy, /AWS_CONFIG_FILE.*sign in again if it is one of SSO/);
      rig.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
    });

    it('is told apart from a role of it that may not be assumed', async () => {
      rig.aws.setRole(roleArn('pull'), { trusts: () => false });
      rig.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      rig.write('config', `[profile production]\nrole_arn = ${roleArn('pull')}\nsource_profile = base\n`);
      const failure = await expectFailure(rig.issue(profile('production')), 'AwsAccessDenied', [SECRET_KEY]);
      assert.equal(failure.message, 'AWS credentials: profile production: the role may not be assumed');
      assert.match(failure.remedy, /role_arn of the profile/);
    });

    it('is asked for anew when AWS no longer accepts its keys', async () => {
      rig.write('credentials', `[production]\n${keys('AKIDOTHER')}`);
      assert.equal(await arnOfToken(profile('production')), OTHER_ARN);
      rig.aws.setFault(({ accessKeyId, service }) =>
        accessKeyId === 'AKIDOTHER' && service === 'ecr'
          ? { error: 'UnrecognizedClientException' }
          : undefined,
      );
      rig.aws.setPrincipal('AKIDNEW', { account: ACCOUNT, arn: `${OTHER_ARN}-2` });
      rig.write('credentials', `[production]\n${keys('AKIDNEW')}`);
      assert.equal(await arnOfToken(profile('production')), `${OTHER_ARN}-2`);
    });

    it('is told anew when its role is another one by the time its session has ended', async () => {
      rig.write('credentials', `[base]\n${keys('AKIDOTHER')}`);
      const write = (arn: string) =>
        rig.write(
          'config',
          `[profile production]\nrole_arn = ${arn}\nsource_profile = base\nrole_session_name = night\n`,
        );
      write(roleArn('pull'));
      assert.equal(await arnOfToken(profile('production')), sessionArn('pull', 'night'));
      write(roleArn('pull', '444455556666'));
      rig.advance(3_600_000);
      const token = await rig.issue(profile('production'));
      // An account of old would let the token be refused, as one of somebody else, until the worker is restarted.
      assert.deepEqual(
        [token.principalArn, token.proxyEndpoint],
        [sessionArn('pull', 'night', '444455556666'), 'https://444455556666.dkr.ecr.us-east-1.amazonaws.com'],
      );
    });
  });
});

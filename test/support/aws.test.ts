import assert from 'node:assert/strict';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicTokenCommand,
} from '@aws-sdk/client-ecr-public';
import { startAwsStandIn, throttleFirst, type AwsStandIn } from './aws.js';

const credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' };

describe('AWS stand-in', () => {
  let aws: AwsStandIn;
  let ecr: ECRClient;
  let sts: STSClient;

  beforeEach(async () => {
    aws = await startAwsStandIn();
    const config = { region: 'eu-west-1', endpoint: aws.url, credentials, maxAttempts: 1 };
    ecr = new ECRClient(config);
    sts = new STSClient(config);
  });

  afterEach(async () => {
    ecr.destroy();
    sts.destroy();
    await aws.stop();
  });

  async function token(): Promise<{ password: string; expiresAt: Date; proxyEndpoint: string }> {
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const data = authorizationData?.[0];
    const decoded = Buffer.from(data?.authorizationToken ?? '', 'base64').toString();
    assert.match(decoded, /^AWS:[A-Za-z0-9+/=]+$/);
    return {
      password: decoded.slice(4),
      expiresAt: data?.expiresAt ?? new Date(0),
      proxyEndpoint: data?.proxyEndpoint ?? '',
    };
  }

  it('returns a new token for each call', async () => {
    const [first, second] = [await token(), await token()];
    assert.notEqual(first.password, second.password);
    assert.equal(first.password.length, 2_700);
    assert.equal(first.proxyEndpoint, 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com');
    assert.equal(first.expiresAt.getTime(), aws.issued[0]?.expiresAt);
    assert.equal(first.expiresAt.getTime() - (aws.issued[0]?.issuedAt ?? 0), 12 * 3_600_000);
  });

  it('records service, action, region and access key of a call', async () => {
    await token();
    const [{ service, action, region, accessKeyId }] = aws.calls as [(typeof aws.calls)[number]];
    assert.deepEqual(
      { service, action, region, accessKeyId },
      { service: 'ecr', action: 'GetAuthorizationToken', region: 'eu-west-1', accessKeyId: 'AKIATEST' },
    );
  });

  it('distinguishes valid, expired and unknown tokens', async () => {
    const { password } = await token();
    assert.equal(aws.check(password), 'valid');
    assert.equal(aws.check('unknown'), 'unknown');
    aws.expireAll();
    assert.equal(aws.check(password), 'expired');
    aws.setTokenLife(0);
    assert.equal(aws.check((await token()).password), 'expired');
  });

  it('uses the account of the access key', async () => {
    aws.setPrincipal('AKIATEST', { account: '210987654321', arn: 'arn:aws:iam::210987654321:user/ops' });
    const identity = await sts.send(new GetCallerIdentityCommand({}));
    assert.equal(identity.Account, '210987654321');
    assert.equal(identity.Arn, 'arn:aws:iam::210987654321:user/ops');
    assert.equal((await token()).proxyEndpoint, 'https://210987654321.dkr.ecr.eu-west-1.amazonaws.com');
  });

  it('assumes a role and accepts its keys', async () => {
    const { Credentials: session, AssumedRoleUser: user } = await sts.send(
      new AssumeRoleCommand({ RoleArn: 'arn:aws:iam::111122223333:role/pull', RoleSessionName: 'night' }),
    );
    assert.equal(user?.Arn, 'arn:aws:sts::111122223333:assumed-role/pull/night');
    const assumed = new STSClient({
      region: 'eu-west-1',
      endpoint: aws.url,
      credentials: {
        accessKeyId: session?.AccessKeyId ?? '',
        secretAccessKey: session?.SecretAccessKey ?? '',
        sessionToken: session?.SessionToken ?? '',
      },
    });
    const identity = await assumed.send(new GetCallerIdentityCommand({}));
    assumed.destroy();
    assert.equal(identity.Account, '111122223333');
  });

  for (const error of ['ThrottlingException', 'AccessDeniedException', 'ExpiredTokenException'] as const) {
    it(`returns ${error} so that the SDK recognizes it`, async () => {
      aws.setFault(() => ({ error }));
      await assert.rejects(token(), { name: error });
      assert.equal(aws.issued.length, 0);
    });
  }

  it('returns errors of STS in its own protocol', async () => {
    aws.setFault((call) => (call.service === 'sts' ? { error: 'AccessDenied' } : undefined));
    await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: 'AccessDenied' });
    await token();
  });

  it('returns any body that a test sets', async () => {
    aws.setFault(() => ({ body: { authorizationData: [{ authorizationToken: 'bm8gY29sb24=' }] } }));
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    assert.equal(authorizationData?.[0]?.authorizationToken, 'bm8gY29sb24=');
  });

  it('drops connections on demand', async () => {
    aws.setFault(() => ({ drop: true }));
    await assert.rejects(token(), { name: /ECONNRESET|Error/ });
  });

  it('stops even if a request hangs', async () => {
    const reached = new Promise<void>((resolve) => {
      aws.setFault(() => {
        resolve();
        return { hang: true };
      });
    });
    const rejected = assert.rejects(token());
    await reached;
    await aws.stop();
    await rejected;
  });

  it('rejects an unsigned request', async () => {
    const answer = await fetch(aws.url, {
      method: 'POST',
      headers: { 'X-Amz-Target': 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken' },
      body: '{}',
    });
    assert.equal(answer.status, 403);
    assert.match(await answer.text(), /MissingAuthenticationToken/);
  });

  it('returns an ECR Public token without an endpoint, in us-east-1 only', async () => {
    const config = { endpoint: aws.url, credentials, maxAttempts: 1 };
    const command = new GetPublicTokenCommand({});
    const { authorizationData } = await new ECRPUBLICClient({ ...config, region: 'us-east-1' }).send(command);
    assert.deepEqual(Object.keys(authorizationData ?? {}), ['authorizationToken', 'expiresAt']);
    assert.equal(aws.issued[0]?.service, 'ecr-public');
    await assert.rejects(new ECRPUBLICClient({ ...config, region: 'eu-west-1' }).send(command), {
      name: 'UnsupportedCommandException',
    });
  });

  for (const { region, suffix } of [
    { region: 'cn-north-1', suffix: 'amazonaws.com.cn' },
    { region: 'eusc-de-east-1', suffix: 'amazonaws.eu' },
    { region: 'us-iso-east-1', suffix: 'c2s.ic.gov' },
    { region: 'us-isob-east-1', suffix: 'sc2s.sgov.gov' },
    { region: 'us-isof-south-1', suffix: 'csp.hci.ic.gov' },
    { region: 'eu-isoe-west-1', suffix: 'cloud.adc-e.uk' },
    { region: 'us-gov-west-1', suffix: 'amazonaws.com' },
  ] as const) {
    it(`returns the registry host of ${region} with the suffix of its partition`, async () => {
      const client = new ECRClient({ region, endpoint: aws.url, credentials, maxAttempts: 1 });
      const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
      const host = `123456789012.dkr.ecr.${region}.${suffix}`;
      assert.equal(authorizationData?.[0]?.proxyEndpoint, `https://${host}`);
    });
  }

  it('throttles only the first calls', async () => {
    aws.setFault(throttleFirst(2));
    await assert.rejects(token(), { name: 'ThrottlingException' });
    await assert.rejects(sts.send(new GetCallerIdentityCommand({})), { name: 'Throttling' });
    await token();
  });

  it('provides an environment for the real endpoints', () => {
    const {
      AWS_ENDPOINT_URL_ECR: _,
      AWS_ENDPOINT_URL_ECR_PUBLIC: __,
      AWS_ENDPOINT_URL_STS: ___,
      ...rest
    } = aws.env;
    assert.deepEqual(aws.networkEnv, { ...rest, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' });
  });
});

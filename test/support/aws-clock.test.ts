import assert from 'node:assert/strict';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startAwsStandIn, type AwsStandIn } from './aws.js';

const HOUR_MS = 3_600_000;

describe('AWS stand-in, clock', () => {
  let aws: AwsStandIn;

  beforeEach(async () => void (aws = await startAwsStandIn()));
  afterEach(() => aws.stop());

  const config = (maxAttempts: number) => ({
    region: 'eu-west-1',
    endpoint: aws.url,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts,
  });
  const token = (maxAttempts = 1) =>
    new ECRClient(config(maxAttempts)).send(new GetAuthorizationTokenCommand({}));
  const identity = () => new STSClient(config(1)).send(new GetCallerIdentityCommand({}));

  for (const { reason, offsetMs } of [
    { reason: 'Signature expired', offsetMs: HOUR_MS },
    { reason: 'Signature not yet current', offsetMs: -HOUR_MS },
  ] as const) {
    it(`rejects requests with "${reason}" when its clock differs by ${offsetMs} ms`, async () => {
      aws.setClockOffset(offsetMs);
      const message = new RegExp(
        `^${reason}: \\d{8}T\\d{6}Z is (now earlier|still later) than \\d{8}T\\d{6}Z \\(\\d{8}T\\d{6}Z [+-] 5 min\\.\\)$`,
      );
      await assert.rejects(token(), { name: 'InvalidSignatureException', message });
      await assert.rejects(identity(), { name: 'SignatureDoesNotMatch', message });
      assert.equal(aws.issued.length, 0);
    });
  }

  it('sends a Date header from which the SDK corrects its clock', async () => {
    aws.setClockOffset(HOUR_MS);
    const { authorizationData } = await token(2);
    const expiresAt = authorizationData?.[0]?.expiresAt?.getTime() ?? 0;
    assert.ok(Math.abs(expiresAt - Date.now() - 13 * HOUR_MS) < 10_000);
    assert.equal(aws.calls.length, 2);
  });

  it('tolerates differences below five minutes, and computes expiries with its own clock', async () => {
    aws.setClockOffset(290_000);
    await token();
    const assume = new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::111122223333:role/a',
      RoleSessionName: 'b',
    });
    const { Credentials: session } = await new STSClient(config(1)).send(assume);
    assert.ok((session?.Expiration?.getTime() ?? 0) > Date.now() + HOUR_MS + 280_000);
    const { password } = aws.mintToken({ lifeSeconds: 60 });
    assert.equal(aws.check(password), 'valid');
    aws.setClockOffset(360_000);
    assert.equal(aws.check(password), 'expired');
  });
});

// moto, an emulator of AWS that others wrote: what it answers to the AWS SDK, with its known oddities.
// Without a Python the suite is skipped by name; with CI=true that is a failure.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startMoto, type Moto } from '../../sandbox/moto.js';
import { findPython } from '../../sandbox/python-tools.js';
import { missing } from './missing.js';

describe('moto', function () {
  this.timeout(300_000);
  let stateFolder: string;
  let moto: Moto;

  before(async function () {
    await findPython().catch((error: Error) => missing(this, error.message));
    stateFolder = await mkdtemp(join(tmpdir(), 'ecr-moto-'));
    moto = await startMoto({ stateFolder });
  });

  after(async () => {
    await moto?.stop();
    if (stateFolder !== undefined) await rm(stateFolder, { recursive: true });
  });

  const config = (endpoint: string | undefined) => ({
    region: 'us-east-1',
    endpoint: endpoint ?? '',
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  });

  it('hands out a token that has expired long ago', async () => {
    const ecr = new ECRClient(config(moto.env['AWS_ENDPOINT_URL_ECR']));
    const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
    const data = authorizationData?.[0];
    assert.match(Buffer.from(data?.authorizationToken ?? '', 'base64').toString(), /^AWS:.+/);
    assert.ok((data?.expiresAt?.getTime() ?? Infinity) < Date.now());
  });

  it('knows whom the keys of an assumed role belong to', async () => {
    const stsConfig = config(moto.env['AWS_ENDPOINT_URL_STS']);
    const assume = new AssumeRoleCommand({
      RoleArn: 'arn:aws:iam::111122223333:role/pull',
      RoleSessionName: 'night',
    });
    const { Credentials: session } = await new STSClient(stsConfig).send(assume);
    const credentials = {
      accessKeyId: session?.AccessKeyId ?? '',
      secretAccessKey: session?.SecretAccessKey ?? '',
      sessionToken: session?.SessionToken ?? '',
    };
    const { Arn } = await new STSClient({ ...stsConfig, credentials }).send(new GetCallerIdentityCommand({}));
    assert.equal(Arn, 'arn:aws:sts::111122223333:assumed-role/pull/night');
  });

  it('is gone when it is stopped', async () => {
    await moto.stop();
    assert.throws(() => process.kill(moto.pid, 0), { code: 'ESRCH' });
    await assert.rejects(fetch(moto.url));
  });
});

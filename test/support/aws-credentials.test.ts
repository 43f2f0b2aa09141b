import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import { startAwsStandIn, type AwsStandIn } from './aws.js';
import {
  startContainerCredentials,
  startInstanceMetadata,
  type CredentialsSource,
} from './aws-credentials.js';

const ROLE = 'arn:aws:iam::111122223333:role/team/worker';

describe('credential sources of AWS machines', () => {
  const outside = { ...process.env };
  let aws: AwsStandIn;
  let source: CredentialsSource | undefined;
  let stateFolder: string;

  before(() => void (stateFolder = mkdtempSync(join(tmpdir(), 'ecr-credentials-'))));

  beforeEach(async () => void (aws = await startAwsStandIn()));

  afterEach(async () => {
    for (const name of Object.keys(process.env)) if (!(name in outside)) delete process.env[name];
    Object.assign(process.env, outside);
    await source?.stop();
    await aws.stop();
  });

  after(() => rmSync(stateFolder, { recursive: true }));

  function use(started: CredentialsSource): CredentialsSource {
    source = started;
    Object.assign(process.env, aws.env, started.env);
    return started;
  }

  const chain = () => fromNodeProviderChain({ maxRetries: 0 });

  async function arnOf(credentials: ReturnType<typeof chain>): Promise<string | undefined> {
    const client = new STSClient({ region: 'us-east-1', credentials, maxAttempts: 1 });
    return (await client.send(new GetCallerIdentityCommand({}))).Arn;
  }

  it("give the SDK's default chain credentials from the container endpoint", async () => {
    const { requests, setLife } = use(await startContainerCredentials({ aws, roleArn: ROLE, stateFolder }));
    assert.equal(await arnOf(chain()), 'arn:aws:sts::111122223333:assumed-role/worker/container');
    assert.deepEqual(requests, ['GET /v1/credentials']);
    setLife(900);
    const { expiration, accessKeyId } = await chain()();
    assert.ok(Math.abs((expiration?.getTime() ?? 0) - Date.now() - 900_000) < 5_000);
    aws.endSession(accessKeyId);
    await assert.rejects(
      arnOf(async () => ({ accessKeyId, secretAccessKey: 'x', sessionToken: 'x' })),
      {
        name: /^ExpiredToken/,
      },
    );
    assert.equal(requests.length, 2);
  });

  it('reject requests to the container endpoint with a wrong token', async () => {
    const { env } = use(await startContainerCredentials({ aws, roleArn: ROLE, stateFolder }));
    writeFileSync(env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '', 'another');
    await assert.rejects(chain()());
  });

  it("give the SDK's default chain credentials from the instance metadata service", async () => {
    const { requests, setLife } = use(await startInstanceMetadata({ aws, roleArn: ROLE }));
    setLife(1_800);
    const credentials = await chain()();
    assert.ok(Math.abs((credentials.expiration?.getTime() ?? 0) - Date.now() - 1_800_000) < 5_000);
    assert.equal(
      await arnOf(async () => credentials),
      'arn:aws:sts::111122223333:assumed-role/worker/i-0123456789abcdef0',
    );
    assert.deepEqual(requests, [
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/worker',
    ]);
  });

  it('reject requests to the instance metadata service without a token', async () => {
    const { url } = use(await startInstanceMetadata({ aws, roleArn: ROLE }));
    const answer = await fetch(`${url}/latest/meta-data/iam/security-credentials/worker`);
    assert.equal(answer.status, 401);
    assert.equal((await fetch(`${url}/latest/api/token`, { method: 'PUT' })).status, 400);
  });

  it('fail on demand', async () => {
    const { setFault } = use(await startInstanceMetadata({ aws, roleArn: ROLE }));
    setFault((request) => (request.startsWith('PUT') ? { status: 500 } : undefined));
    await assert.rejects(chain()());
  });
});

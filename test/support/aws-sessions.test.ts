import assert from 'node:assert/strict';
import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type AssumeRoleCommandInput,
  type Credentials,
} from '@aws-sdk/client-sts';
import { startAwsStandIn, type AwsStandIn } from './aws.js';

const ROLE = 'arn:aws:iam::111122223333:role/pull';
const NEXT_ROLE = 'arn:aws:iam::444455556666:role/next';
const CALLER = 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/sandbox';

describe('AWS stand-in, role sessions', () => {
  let aws: AwsStandIn;

  beforeEach(async () => void (aws = await startAwsStandIn()));
  afterEach(() => aws.stop());

  const config = (session?: Credentials) => ({
    region: 'eu-west-1',
    endpoint: aws.url,
    maxAttempts: 1,
    credentials: {
      accessKeyId: session?.AccessKeyId ?? 'AKIATEST',
      secretAccessKey: session?.SecretAccessKey ?? 'secret',
      ...(session?.SessionToken && { sessionToken: session.SessionToken }),
    },
  });
  const sts = (session?: Credentials) => new STSClient(config(session));
  const ecr = (session?: Credentials) => new ECRClient(config(session));
  const identity = (session?: Credentials) => sts(session).send(new GetCallerIdentityCommand({}));
  const token = (session?: Credentials) => ecr(session).send(new GetAuthorizationTokenCommand({}));

  async function assume(
    input: Partial<AssumeRoleCommandInput> = {},
    session?: Credentials,
  ): Promise<Credentials> {
    const command = new AssumeRoleCommand({ RoleArn: ROLE, RoleSessionName: 'night', ...input });
    const { Credentials: credentials } = await sts(session).send(command);
    assert.ok(credentials);
    return credentials;
  }

  const assumeByToken = (WebIdentityToken: string, DurationSeconds?: number) =>
    sts().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: ROLE,
        RoleSessionName: 'pod',
        WebIdentityToken,
        DurationSeconds,
      }),
    );

  const denied = {
    name: 'AccessDenied',
    message: `User: ${CALLER} is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
    $metadata: { httpStatusCode: 403 },
  };
  const matches = (expected: typeof denied) => (error: unknown) => {
    const { name, message, $metadata } = error as typeof denied;
    const httpStatusCode = $metadata.httpStatusCode;
    assert.deepEqual({ name, message, $metadata: { httpStatusCode } }, expected);
    return true;
  };

  it('requires the external id of a role that has one', async () => {
    aws.setRole(ROLE, { externalId: 'customer-7' });
    await assert.rejects(assume(), matches(denied));
    await assert.rejects(assume({ ExternalId: 'customer-8' }), matches(denied));
    await assume({ ExternalId: 'customer-7' });
    await assume({ RoleArn: NEXT_ROLE });
  });

  it('lets only trusted callers assume a role', async () => {
    const callers: string[] = [];
    aws.setRole(ROLE, { trusts: (caller) => callers.push(caller) > 1 });
    await assert.rejects(assume(), matches(denied));
    await assume();
    assert.deepEqual(callers, [CALLER, CALLER]);
  });

  it("limits a session to the role's maximum duration, one hour by default", async () => {
    aws.setRole(ROLE, { maxSeconds: 7_200 });
    const session = await assume({ DurationSeconds: 7_200 });
    assert.ok(Math.abs((session.Expiration?.getTime() ?? 0) - Date.now() - 7_200_000) < 5_000);
    const refusal = {
      name: 'ValidationError',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    };
    await assert.rejects(assume({ DurationSeconds: 7_201 }), refusal);
    await assert.rejects(assumeByToken('any', 7_201), refusal);
    aws.setRole(ROLE, {});
    await assert.rejects(assume({ DurationSeconds: 3_601 }), refusal);
  });

  it('limits role chaining to one hour', async () => {
    aws.setRole(NEXT_ROLE, { maxSeconds: 43_200 });
    const session = await assume();
    await assert.rejects(assume({ RoleArn: NEXT_ROLE, DurationSeconds: 3_601 }, session), {
      name: 'ValidationError',
      message:
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    });
    await assume({ RoleArn: NEXT_ROLE, DurationSeconds: 3_600 }, session);
    await assume({ RoleArn: NEXT_ROLE, DurationSeconds: 3_601 });
  });

  it('accepts the web identity tokens that a test declares valid', async () => {
    assert.equal((await assumeByToken('any')).AssumedRoleUser?.Arn?.split('/').at(-1), 'pod');
    aws.setWebIdentity((webToken) => (webToken === 'good' ? 'system:serviceaccount:a:b' : undefined));
    const answer = await assumeByToken('good');
    assert.equal(answer.SubjectFromWebIdentityToken, 'system:serviceaccount:a:b');
    assert.equal((await identity(answer.Credentials)).Account, '111122223333');
    await assert.rejects(assumeByToken('bad'), { name: 'InvalidIdentityTokenException' });
    aws.setRole(ROLE, { trusts: (subject) => subject !== 'system:serviceaccount:a:b' });
    await assert.rejects(assumeByToken('good'), { name: 'AccessDenied' });
  });

  it('ends a session for every service', async () => {
    const session = await assume();
    await token(session);
    aws.endSession(session.AccessKeyId ?? '');
    await assert.rejects(token(session), { name: 'ExpiredTokenException' });
    await assert.rejects(identity(session), { name: /^ExpiredToken/ });
    await assert.rejects(assume({}, session), { name: /^ExpiredToken/ });
  });

  it('rejects session keys of an earlier stand-in, but accepts every static key', async () => {
    await assert.rejects(token({ ...(await assume()), AccessKeyId: 'ASIAOTHER' }), {
      name: 'ExpiredTokenException',
    });
    await token();
  });

  it('expires sessions after the lifetime that a test sets', async () => {
    aws.setSessionLife(600);
    const session = await assume({ DurationSeconds: 3_600 });
    assert.ok((session.Expiration?.getTime() ?? 0) < Date.now() + 601_000);
    aws.setSessionLife(-1);
    await assert.rejects(token(await assume()), { name: 'ExpiredTokenException' });
    aws.setSessionLife(undefined);
    await token(await assume());
  });

  it('rejects the keys of a session without its session token', async () => {
    const { SessionToken: _, ...keys } = await assume();
    await assert.rejects(token(keys as Credentials), { name: 'UnrecognizedClientException' });
    await assert.rejects(identity(keys as Credentials), { name: 'InvalidClientTokenId' });
  });

  it('records the endpoint of a call, and whether it had a session token', async () => {
    await identity(await assume());
    const host = new URL(aws.url).host;
    assert.deepEqual(
      aws.calls.map((call) => [call.action, call.host, call.hasSessionToken]),
      [
        ['AssumeRole', host, false],
        ['GetCallerIdentity', host, true],
      ],
    );
  });
});

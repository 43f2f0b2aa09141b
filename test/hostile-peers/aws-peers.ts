import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { createTokenIssuer } from '../../src/ecr/token-issuer.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../src/refresh/token-group.js';
import { groupOf, profile, REGION, role, webIdentity, type AwsFixture } from '../aws/aws-fixture.js';
import { anySignal } from '../support/local-server.js';
import { NESTED_JSON, NESTED_XML } from './faults.js';
import type { Outcomes, Peer, PeerContext } from './peer.js';

const TEMPORARY = { slow: 'AwsUnavailable', 'cut off': 'AwsUnavailable' };
const CALL: Outcomes = { otherwise: 'EcrResponseInvalid', ...TEMPORARY };
const CREDENTIALS: Outcomes = { otherwise: 'AwsUnavailable' };
/** Without headers, it is probably not an instance; an error is not read. */
const INSTANCE: Outcomes = {
  ...CREDENTIALS,
  'too large, with an error status': 'AwsCredentialsMissing',
  'endless headers': 'AwsCredentialsMissing',
};

export const AWS_PEERS: readonly Peer[] = [
  {
    title: 'ECR',
    call: (context) => getToken(context, 'ecr', 'AWS_ENDPOINT_URL_ECR'),
    nested: `{"authorizationData":[{"authorizationToken":${NESTED_JSON}}]}`,
    outcomes: CALL,
  },
  {
    title: 'ECR Public',
    call: (context) => getToken(context, 'ecr-public', 'AWS_ENDPOINT_URL_ECR_PUBLIC'),
    nested: `{"authorizationData":{"authorizationToken":${NESTED_JSON}}}`,
    outcomes: CALL,
  },
  {
    title: 'STS: the ARN of the principal',
    async call({ url, fixture }) {
      fixture.set({ AWS_ENDPOINT_URL_STS: url });
      const session = new AwsSessions().of(DEFAULT_PRINCIPAL);
      await session.load(REGION, anySignal());
      return (await session.readArn(REGION, anySignal())) ?? 'no ARN';
    },
    nested: wrapXml('GetCallerIdentity'),
    // The ARN is informational.
    outcomes: { otherwise: 'no ARN' },
  },
  {
    title: 'STS: a role',
    call: (context) => load(context, role('pull'), { AWS_ENDPOINT_URL_STS: context.url }),
    nested: wrapXml('AssumeRole'),
    outcomes: CALL,
  },
  {
    title: 'STS: a web identity',
    call: (context) => {
      const file = context.fixture.write('token', 'identity-token');
      return load(context, webIdentity('pull', file), { AWS_ENDPOINT_URL_STS: context.url });
    },
    nested: wrapXml('AssumeRoleWithWebIdentity'),
    outcomes: CALL,
  },
  {
    title: 'STS: the role of a profile',
    call(context) {
      context.fixture.write(
        'config',
        '[profile x]\nrole_arn = arn:aws:iam::111122223333:role/pull\ncredential_source = Environment\n',
      );
      return load(context, profile('x'), { AWS_ENDPOINT_URL_STS: context.url });
    },
    nested: wrapXml('AssumeRole'),
    outcomes: CALL,
  },
  {
    title: 'SSO',
    call(context) {
      logInWithSso(context.fixture, 'corp', '2099-01-01T00:00:00Z');
      return load(context, profile('x'), { AWS_ENDPOINT_URL_SSO: context.url });
    },
    nested: `{"roleCredentials":${NESTED_JSON}}`,
    outcomes: CREDENTIALS,
  },
  {
    title: 'SSO: the renewal of the session',
    call(context) {
      // The SDK renews a session at most every 30 s: each call needs its own.
      logInWithSso(context.fixture, `corp-${context.host.replace(/\D/g, '')}`, '2020-01-01T00:00:00Z');
      return load(context, profile('x'), { AWS_ENDPOINT_URL_SSO_OIDC: context.url });
    },
    nested: `{"accessToken":${NESTED_JSON}}`,
    outcomes: CREDENTIALS,
  },
  {
    title: 'the container credentials endpoint',
    call: (context) =>
      load(context, DEFAULT_PRINCIPAL, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${context.url}/v1` }),
    outcomes: CREDENTIALS,
    waits: true,
  },
  {
    title: 'the instance metadata service',
    call: readInstance,
    before: ({ method, url = '' }, response) => {
      if (method === 'GET' && url.endsWith('/role')) return false;
      response.end(method === 'PUT' ? 'token' : 'role');
      return true;
    },
    outcomes: INSTANCE,
  },
  {
    title: 'the instance metadata service: all requests',
    call: readInstance,
    // The token of the first response is a header of the next request, which Node's server rejects.
    outcomes: { ...INSTANCE, nested: 'AwsCredentialsMissing' },
  },
];

async function getToken(
  { url, fixture }: PeerContext,
  service: 'ecr' | 'ecr-public',
  variable: string,
): Promise<string> {
  fixture.set({ [variable]: url });
  const cache = new TokenCache({
    issuer: createTokenIssuer(new AwsSessions()),
    verify: async (registry) => ({ registry, outcome: 'accepted' }),
    now: () => new Date(),
  });
  const group = groupOf(DEFAULT_PRINCIPAL, REGION, { service });
  await cache.take({ runId: 'run', signal: anySignal() }, group, 'registry.example.com', []);
  return 'a token';
}

async function load(
  { fixture }: PeerContext,
  principal: Principal,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  if (principal.kind === 'default') fixture.withoutKeys();
  fixture.set(env);
  await new AwsSessions().of(principal).load(REGION, anySignal());
  return 'credentials';
}

function readInstance(context: PeerContext): Promise<string> {
  return load(context, DEFAULT_PRINCIPAL, {
    AWS_EC2_METADATA_DISABLED: 'false',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: context.url,
  });
}

function wrapXml(action: string): string {
  const result = `<${action}Result><Arn>${NESTED_XML}</Arn><Credentials>x</Credentials></${action}Result>`;
  return `<${action}Response>${result}</${action}Response>`;
}

function logInWithSso(fixture: AwsFixture, session: string, expiresAt: string): void {
  fixture.write(
    'config',
    `[profile x]\nsso_session = ${session}\nsso_account_id = 123456789012\nsso_role_name = Pull\n` +
      `[sso-session ${session}]\nsso_start_url = https://corp.invalid/start\nsso_region = us-east-1\n`,
  );
  const folder = path.join(fixture.folder, '.aws', 'sso', 'cache');
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha1').update(session).digest('hex');
  const renewal = { clientId: 'c', clientSecret: 'secret', refreshToken: 'secret' };
  const login = { accessToken: 'secret', expiresAt, ...renewal };
  writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(login));
}

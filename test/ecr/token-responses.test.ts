// Responses of ECR, or of something that intercepts it, over HTTP through the SDK and the token cache.
import assert from 'node:assert/strict';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { toTokenInfo } from '../../src/refresh/token-info.js';
import { computeIntervals, planSchedule } from '../../src/refresh/schedule-margins.js';
import { DEFAULT_PRINCIPAL, type Principal } from '../../src/refresh/token-group.js';
import { anySignal, assertHides, expectFailure } from '../support/local-server.js';
import {
  groupOf,
  role,
  SECRET_KEY,
  sessionArn,
  startAwsFixture,
  WORKER_ARN,
  type AwsFixture,
} from '../aws/aws-fixture.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const PASSWORD = 'ecr-password-that-must-not-show';
const TOKEN = Buffer.from(`AWS:${PASSWORD}`).toString('base64');
const SECRETS = [SECRET_KEY, PASSWORD, TOKEN];
const HOUR_MS = 3_600_000;

describe('a token from ECR', () => {
  let fixture: AwsFixture;
  let cache: TokenCache;

  beforeEach(async () => {
    fixture = await startAwsFixture();
    cache = new TokenCache({
      issuer: fixture.issuer,
      verify: async (registry) => ({ registry, outcome: 'accepted' }),
      now: () => new Date(Date.now()),
    });
  });
  afterEach(() => fixture.stop());

  const schedule = planSchedule({
    id: 'x',
    cadence: { everyMs: 4 * HOUR_MS },
    times: computeIntervals(4 * HOUR_MS),
    allowNarrowMargin: false,
  });

  function respondWith(body: unknown): void {
    fixture.aws.setFault(({ action }) =>
      action === 'GetAuthorizationToken'
        ? { body, headers: { 'Content-Type': 'application/x-amz-json-1.1', 'x-amzn-RequestId': 'request-1' } }
        : undefined,
    );
  }

  async function take(principal: Principal = DEFAULT_PRINCIPAL, service: 'ecr' | 'ecr-public' = 'ecr') {
    const attempt = { runId: 'run', signal: anySignal() };
    const group = groupOf(principal, 'us-east-1', { service });
    return (await cache.take(attempt, group, HOST, [])).token;
  }

  const expiresAt = (): number => Date.now() / 1_000 + 43_200;
  const entry = (changes: object = {}) => ({
    authorizationToken: TOKEN,
    expiresAt: expiresAt(),
    proxyEndpoint: `https://${HOST}`,
    ...changes,
  });

  const unusable: readonly { title: string; data: () => unknown; problem: RegExp }[] = [
    { title: 'no list', data: () => undefined, problem: /the response has no authorization token/ },
    {
      title: 'null instead of the list',
      data: () => null,
      problem: /the response has no authorization token/,
    },
    { title: 'an empty list', data: () => [], problem: /the response has no authorization token/ },
    {
      title: 'no token',
      data: () => [entry({ authorizationToken: undefined })],
      problem: /the response has no authorization token/,
    },
    {
      title: 'an empty token',
      data: () => [entry({ authorizationToken: '' })],
      problem: /the response has no authorization token/,
    },
    {
      title: 'no expiry',
      data: () => [entry({ expiresAt: undefined })],
      problem: /the response has no expiry time/,
    },
    {
      title: 'a token that has expired',
      data: () => [entry({ expiresAt: 1_420_070_400 })],
      problem: /expired at 2015-01-01 00:00 UTC/,
    },
    {
      title: 'the proxy endpoint of another account',
      data: () => [entry({ proxyEndpoint: 'https://999988887777.dkr.ecr.us-east-1.amazonaws.com' })],
      problem: /for account 999988887777, but the principal belongs to account 123456789012/,
    },
    {
      title: 'the proxy endpoint of another region',
      data: () => [entry({ proxyEndpoint: 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com' })],
      problem: /for region eu-west-1/,
    },
    {
      title: 'a user that is not AWS',
      data: () => [entry({ authorizationToken: btoa(`root:${PASSWORD}`) })],
      problem: /user in the token is not AWS/,
    },
    {
      title: 'invalid base64',
      data: () => [entry({ authorizationToken: `${PASSWORD}!` })],
      problem: /not valid base64/,
    },
    {
      title: 'a number instead of the token',
      data: () => [entry({ authorizationToken: 7 })],
      problem: /the response has no authorization token/,
    },
    {
      title: 'a masked password',
      data: () => [entry({ authorizationToken: btoa('AWS:***') })],
      problem: /empty or masked/,
    },
  ];
  for (const { title, data, problem } of unusable) {
    it(`is rejected with ${title}`, async () => {
      respondWith({ authorizationData: data() });
      const failure = await expectFailure(take(), 'EcrResponseInvalid', SECRETS);
      assert.match(failure.message, /^ECR in us-east-1 returned no usable token: /);
      assert.match(failure.message, problem);
    });
  }

  for (const { title, data } of [
    { title: 'a number instead of a string', data: { authorizationToken: 7, expiresAt: 'soon' } },
    { title: 'a string instead of the expiry', data: { authorizationToken: TOKEN, expiresAt: 'soon' } },
    { title: 'a string instead of the list', data: 'nothing' },
  ] as const) {
    it(`is rejected with ${title}`, async () => {
      respondWith({ authorizationData: typeof data === 'string' ? data : [data] });
      await expectFailure(take(), 'EcrResponseInvalid', SECRETS);
    });
  }

  it('is read from the single object of ECR Public, which has no endpoint', async () => {
    const token = await take(DEFAULT_PRINCIPAL, 'ecr-public');
    assert.equal(token.password.reveal(), fixture.aws.issued[0]?.password);
    assert.equal(fixture.aws.issued[0]?.service, 'ecr-public');
  });

  it('is rejected from ECR Public with its name in the message', async () => {
    respondWith({ authorizationData: {} });
    const { message } = await expectFailure(
      take(DEFAULT_PRINCIPAL, 'ecr-public'),
      'EcrResponseInvalid',
      SECRETS,
    );
    assert.match(message, /^ECR Public in us-east-1 returned no usable token: /);
  });

  it('can have 16 KB and contain colons', async () => {
    const password = `${PASSWORD}:${'x'.repeat(16_384 - PASSWORD.length - 1)}`;
    respondWith({ authorizationData: [entry({ authorizationToken: btoa(`AWS:${password}`) })] });
    const token = await take();
    assert.equal(token.password.reveal(), password);
    assertHides({ ...token }, [password]);
    assertHides(toTokenInfo(token, schedule, []), [password, PASSWORD]);
  });

  it('ignores a proxy endpoint that is not text', async () => {
    respondWith({ authorizationData: [entry({ proxyEndpoint: { https: true } })] });
    assert.equal((await take()).password.reveal(), PASSWORD);
  });

  it('is the first of several', async () => {
    respondWith({ authorizationData: [entry(), entry({ authorizationToken: btoa('AWS:second') })] });
    assert.equal((await take()).password.reveal(), PASSWORD);
  });

  it('is usable until the session of its role ends, with a warning in case it ends then', async () => {
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.equal(facts.principalArn, sessionArn('pull'));
    const hours = (Date.parse(facts.usableUntil ?? '') - Date.parse(facts.issuedAt)) / HOUR_MS;
    assert.ok(hours > 0.99 && hours <= 1, `${hours} h`);
    assert.equal(facts.warnings, undefined);
    assert.match(
      facts.sessionWarning ?? '',
      /^Tokens of arn:aws:sts::111122223333:assumed-role\/pull\/airflow-ecr-refresh end with their AWS session, /,
    );
  });

  it('is usable until it expires if its session lasts as long', async () => {
    fixture.aws.setSessionLife(43_260);
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.deepEqual([facts.usableUntil, facts.sessionWarning], [undefined, undefined]);
  });

  it('causes no warning if its session of 12 hours began just before it was issued', async () => {
    fixture.aws.setSessionLife(43_200);
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.equal(facts.sessionWarning, undefined);
  });

  it('is used with a warning if it expires after ten minutes', async () => {
    fixture.aws.setTokenLife(600);
    const facts = toTokenInfo(await take(), schedule, []);
    assert.equal(facts.principalArn, WORKER_ARN);
    assert.match(
      facts.warnings?.join() ?? '',
      /^The token of default\/us-east-1 expires after (9 min 59 s|10 min) instead of 12 h, at .*; runs are/,
    );
  });

  for (const { hours, warning } of [
    {
      hours: 13,
      warning: /clock of the worker is (13 h|12 h 59 min 59 s|13 h 1 s) behind AWS: synchronize it/,
    },
    {
      hours: -13,
      warning: /clock of the worker is (13 h|12 h 59 min 59 s|13 h 1 s) ahead of AWS: synchronize it/,
    },
  ] as const) {
    it(`has its full lifetime with a local clock that is ${hours} h off`, async () => {
      fixture.aws.setClockOffset(hours * HOUR_MS);
      const first = await take(role('pull', { sessionSeconds: 43_200 }));
      const lifeMs = first.expiresAt.getTime() - first.issuedAt.getTime();
      assert.ok(Math.abs(lifeMs - 12 * HOUR_MS) < 5_000, `${lifeMs} ms`);
      assert.match(toTokenInfo(first, schedule, []).warnings?.join() ?? '', warning);
      assert.equal((await take(role('pull', { sessionSeconds: 43_200 }))).fingerprint, first.fingerprint);
    });
  }
});

// What ECR, or whatever answers in its place, hands out: over the wire, through the SDK and the cache that judges it.
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

describe('a token that AWS hands out', () => {
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

  function answer(body: unknown): void {
    fixture.aws.setFault(({ action }) =>
      action === 'GetAuthorizationToken'
        ? { body, headers: { 'Content-Type': 'application/x-amz-json-1.1' } }
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
    { title: 'no list', data: () => undefined, problem: /holds no authorization token/ },
    { title: 'null in place of the list', data: () => null, problem: /holds no authorization token/ },
    { title: 'an empty list', data: () => [], problem: /holds no authorization token/ },
    {
      title: 'no token',
      data: () => [entry({ authorizationToken: undefined })],
      problem: /holds no authorization token/,
    },
    {
      title: 'an empty token',
      data: () => [entry({ authorizationToken: '' })],
      problem: /holds no authorization token/,
    },
    {
      title: 'no time',
      data: () => [entry({ expiresAt: undefined })],
      problem: /does not say when the token expires/,
    },
    {
      title: 'a token that has expired',
      data: () => [entry({ expiresAt: 1_420_070_400 })],
      problem: /expired at 2015-01-01T00:00:00\.000Z/,
    },
    {
      title: 'the proxy endpoint of another account',
      data: () => [entry({ proxyEndpoint: 'https://999988887777.dkr.ecr.us-east-1.amazonaws.com' })],
      problem: /for account 999988887777, and the principal is of 123456789012/,
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
    { title: 'no base64', data: () => [entry({ authorizationToken: `${PASSWORD}!` })], problem: /no base64/ },
    {
      title: 'a masked password',
      data: () => [entry({ authorizationToken: btoa('AWS:***') })],
      problem: /empty or masked/,
    },
  ];
  for (const { title, data, problem } of unusable) {
    it(`is refused with ${title}`, async () => {
      answer({ authorizationData: data() });
      const failure = await expectFailure(take(), 'EcrResponseInvalid', SECRETS);
      assert.match(failure.message, /^ECR in us-east-1 returned no usable token: /);
      assert.match(failure.message, problem);
    });
  }

  for (const { title, data } of [
    { title: 'numbers for texts', data: { authorizationToken: 7, expiresAt: 'soon' } },
    { title: 'a text for the time', data: { authorizationToken: TOKEN, expiresAt: 'soon' } },
    { title: 'a text for the list', data: 'nothing' },
  ] as const) {
    it(`is refused with ${title}`, async () => {
      answer({ authorizationData: typeof data === 'string' ? data : [data] });
      await expectFailure(take(), 'EcrResponseInvalid', SECRETS);
    });
  }

  it('is taken from the single object of ECR Public, which names no endpoint', async () => {
    const token = await take(DEFAULT_PRINCIPAL, 'ecr-public');
    assert.equal(token.password.reveal(), fixture.aws.issued[0]?.password);
    assert.equal(fixture.aws.issued[0]?.service, 'ecr-public');
  });

  it('is refused from ECR Public in its own name', async () => {
    answer({ authorizationData: {} });
    const { message } = await expectFailure(
      take(DEFAULT_PRINCIPAL, 'ecr-public'),
      'EcrResponseInvalid',
      SECRETS,
    );
    assert.match(message, /^ECR Public in us-east-1 returned no usable token: /);
  });

  it('may have 16 KB, and colons', async () => {
    const password = `${PASSWORD}:${'x'.repeat(16_384 - PASSWORD.length - 1)}`;
    answer({ authorizationData: [entry({ authorizationToken: btoa(`AWS:${password}`) })] });
    const token = await take();
    assert.equal(token.password.reveal(), password);
    assertHides({ ...token }, [password]);
    assertHides(toTokenInfo(token, schedule, []), [password, PASSWORD]);
  });

  it('is the first of several', async () => {
    answer({ authorizationData: [entry(), entry({ authorizationToken: btoa('AWS:second') })] });
    assert.equal((await take()).password.reveal(), PASSWORD);
  });

  it('is said to be reliable as long as the session of its role, and what that means for the schedule', async () => {
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.equal(facts.principalArn, sessionArn('pull'));
    const hours = (Date.parse(facts.usableUntil ?? '') - Date.parse(facts.issuedAt)) / HOUR_MS;
    assert.ok(hours > 0.99 && hours <= 1, `${hours} h`);
    assert.match(
      facts.warnings?.join() ?? '',
      /^Tokens of arn:aws:sts::111122223333:assumed-role\/pull\/airflow-ecr-refresh can be relied on until .* only/,
    );
  });

  it('of a session as long as itself is said to be reliable to its end', async () => {
    fixture.aws.setSessionLife(43_260);
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.deepEqual([facts.usableUntil, facts.warnings], [undefined, undefined]);
  });

  it('of a session of twelve hours, a moment older than the token, is no cause for a warning', async () => {
    fixture.aws.setSessionLife(43_200);
    const facts = toTokenInfo(await take(role('pull')), schedule, []);
    assert.equal(facts.warnings, undefined);
  });

  it('that lives ten minutes is used, and told', async () => {
    fixture.aws.setTokenLife(600);
    const facts = toTokenInfo(await take(), schedule, []);
    assert.equal(facts.principalArn, WORKER_ARN);
    assert.match(
      facts.warnings?.join() ?? '',
      /^The token of default\/us-east-1 lives (9 min 59 s|10 min), until .* in place of 12 h; runs are/,
    );
  });

  for (const { hours, warning } of [
    {
      hours: 13,
      warning: /clock of the worker is (13 h|12 h 59 min 59 s|13 h 1 s) behind that of AWS: set it right/,
    },
    {
      hours: -13,
      warning: /clock of the worker is (13 h|12 h 59 min 59 s|13 h 1 s) ahead of that of AWS: set it right/,
    },
  ] as const) {
    it(`is neither expired nor young by a clock that is ${hours} h off`, async () => {
      fixture.aws.setClockOffset(hours * HOUR_MS);
      const first = await take(role('pull', { sessionSeconds: 43_200 }));
      const lifeMs = first.expiresAt.getTime() - first.issuedAt.getTime();
      assert.ok(Math.abs(lifeMs - 12 * HOUR_MS) < 5_000, `${lifeMs} ms`);
      assert.match(toTokenInfo(first, schedule, []).warnings?.join() ?? '', warning);
      assert.equal((await take(role('pull', { sessionSeconds: 43_200 }))).fingerprint, first.fingerprint);
    });
  }
});

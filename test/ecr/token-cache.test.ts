import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { toTokenInfo } from '../../src/refresh/token-info.js';
import type { TokenCache } from '../../src/ecr/token-cache.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { Secret } from '../../src/log/secret.js';
import { deferred, settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fakeCache, FakeIssuer, FakeRegistries, issuedToken, NOW, TOKEN_GROUP } from '../fakes/fake-ports.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { REGISTRY } from '../fakes/fake-steps.js';
import type { IssuedToken } from '../../src/ecr/port.js';

const US = 'us-east-1';
const EU = 'eu-west-1';
const NEIGHBOUR = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const HOUR_MS = 3_600_000;

describe('TokenCache', () => {
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let nowMs: number;
  let images: readonly string[];
  let cache: TokenCache;

  beforeEach(() => {
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    nowMs = NOW.getTime();
    images = [];
    cache = fakeCache({ issuer, registry: registries, now: () => new Date(nowMs) });
  });

  function take(options: { run?: string; region?: string; registry?: string; signal?: AbortSignal } = {}) {
    const {
      run = 'run-1',
      region = US,
      registry = REGISTRY,
      signal = new AbortController().signal,
    } = options;
    return cache.take({ runId: run, signal }, { ...TOKEN_GROUP, name: region, region }, registry, images);
  }

  it('calls ECR and verifies the token once for 50 concurrent callers', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => take()));
    assert.deepEqual(issuer.regions, [US]);
    assert.deepEqual(registries.shown, [{ host: REGISTRY, password: 'password-1' }]);
    assert.equal(new Set(tokens.map(({ token }) => token.fingerprint)).size, 1);
  });

  it('returns the token that ECR issued, with its details', async () => {
    const { token, probe } = await take();
    assert.equal(token.password.reveal(), 'password-1');
    assert.equal(token.fingerprint, new Secret('password-1').fingerprint());
    assert.deepEqual(
      [token.group.region, token.issuedAt.toISOString(), token.expiresAt.toISOString()],
      [US, NOW.toISOString(), '2026-01-01T12:00:00.000Z'],
    );
    assert.deepEqual(probe, { registry: REGISTRY, outcome: 'accepted' });
    assert.ok(!inspect(token, { depth: 10, showHidden: true }).includes('password-1'));
  });

  it('calls ECR once per region', async () => {
    await Promise.all([
      take(),
      take({ region: EU, registry: 'eu' }),
      take(),
      take({ region: EU, registry: 'eu' }),
    ]);
    assert.deepEqual(issuer.regions, [US, EU]);
  });

  it('verifies a token once with each registry of its region', async () => {
    for (const registry of [REGISTRY, NEIGHBOUR, REGISTRY, NEIGHBOUR]) await take({ registry });
    assert.deepEqual(registries.shown, [
      { host: REGISTRY, password: 'password-1' },
      { host: NEIGHBOUR, password: 'password-1' },
    ]);
  });

  it('returns a rejected token with the outcome rejected, for the caller to decide', async () => {
    registries.refused.add(REGISTRY);
    assert.equal((await take()).probe.outcome, 'rejected');
    assert.equal((await take({ registry: NEIGHBOUR })).probe.outcome, 'accepted');
  });

  it('fails all waiting callers, and calls ECR again for the next one', async () => {
    issuer.answer = () => {
      throw new RefreshFailure('AwsThrottled', 'ECR throttled the request.');
    };
    await Promise.all([expectFailure('AwsThrottled', take()), expectFailure('AwsThrottled', take())]);
    assert.equal(issuer.regions.length, 1);
    issuer.answer = (_region, call) => issuedToken(`password-${call}`);
    assert.equal((await take()).token.password.reveal(), 'password-2');
  });

  it('keeps the token of one region when the call of another fails', async () => {
    await take();
    issuer.answer = () => {
      throw new RefreshFailure('AwsUnavailable', 'no route');
    };
    await expectFailure('AwsUnavailable', take({ region: EU }));
    assert.equal((await take()).token.password.reveal(), 'password-1');
    assert.deepEqual(issuer.regions, [US, EU]);
  });

  it('drops the tokens of another run', async () => {
    await take({ run: 'run-1' });
    const second = await take({ run: 'run-2' });
    assert.equal(second.token.password.reveal(), 'password-2');
    assert.equal((await take({ run: 'run-2' })).token.password.reveal(), 'password-2');
    assert.equal(issuer.regions.length, 2);
    assert.equal(registries.shown.length, 2);
  });

  it('keeps the token of a new run when a call of an old run fails', async () => {
    const old = deferred<IssuedToken>();
    issuer.answer = (_region, call) => (call === 1 ? old.promise : issuedToken(`password-${call}`));
    const first = take({ run: 'run-1' });
    await settle();
    await take({ run: 'run-2' });
    old.reject(new RefreshFailure('AwsUnavailable', 'late'));
    await expectFailure('AwsUnavailable', first);
    assert.equal((await take({ run: 'run-2' })).token.password.reveal(), 'password-2');
    assert.equal(issuer.regions.length, 2);
  });

  it('keeps a token for half of its lifetime, and gets another 1 ms later', async () => {
    issuer.answer = (_region, call) =>
      issuedToken(`password-${call}`, { expiresAt: new Date(nowMs + 12 * HOUR_MS) });
    await take();
    nowMs += 6 * HOUR_MS;
    assert.equal((await take()).token.password.reveal(), 'password-1');
    nowMs += 1;
    const [one, two] = await Promise.all([take(), take()]);
    assert.deepEqual(
      [one.token.password.reveal(), two.token.password.reveal(), issuer.regions.length],
      ['password-2', 'password-2', 2],
    );
    assert.equal(registries.shown.at(-1)?.password, 'password-2');
  });

  for (const { title, changes } of [
    { title: 'no token', changes: { authorizationToken: undefined } },
    {
      title: 'a token of another user',
      changes: { authorizationToken: new Secret(base64('root:hunter2hunter2')) },
    },
    { title: 'invalid base64', changes: { authorizationToken: new Secret('AWS:hunter2hunter2') } },
    { title: 'a token without expiry', changes: { expiresAt: undefined } },
    { title: 'a token that has expired', changes: { expiresAt: NOW } },
  ] as const) {
    it(`rejects ${title} as EcrResponseInvalid without sending it to a registry or quoting it`, async () => {
      issuer.answer = () => issuedToken('hunter2hunter2', changes);
      const failure = await expectFailure('EcrResponseInvalid', take());
      assert.match(failure.message, /ECR in us-east-1 returned no usable token: /);
      const shown = inspect(failure, { depth: 10, showHidden: true });
      for (const secret of ['hunter2', base64('AWS:hunter2hunter2'), base64('root:hunter2hunter2')]) {
        assert.ok(!shown.includes(secret), shown);
      }
      assert.deepEqual(registries.shown, []);
    });
  }

  it('reports the endpoint that returned an unusable token', async () => {
    issuer.answer = () => issuedToken('x', { expiresAt: undefined });
    const group = { ...TOKEN_GROUP, api: { ...TOKEN_GROUP.api, fips: true } };
    const attempt = { runId: 'run-1', signal: new AbortController().signal };
    const { message } = await expectFailure(
      'EcrResponseInvalid',
      cache.take(attempt, group, REGISTRY, images),
    );
    assert.match(message, /^ECR in us-east-1 \(FIPS\) returned no usable token: /);
  });

  it('stops waiting for an aborted caller, and serves the others from the same call', async () => {
    const gate = deferred<IssuedToken>();
    issuer.answer = () => gate.promise;
    const impatient = new AbortController();
    const aborted = take({ signal: impatient.signal });
    const patient = take();
    await settle();
    const reason = new Error('cancelled');
    impatient.abort(reason);
    await assert.rejects(aborted, (error) => error === reason);
    gate.resolve(issuedToken('late'));
    assert.equal((await patient).token.password.reveal(), 'late');
    assert.equal((await take()).token.password.reveal(), 'late');
    assert.equal(issuer.regions.length, 1);
  });

  it('passes the run to the issuer', async () => {
    const runs: unknown[] = [];
    const recording = fakeCache({
      issuer: {
        issueToken: async (_group, { runId, deadlineMs }) => (
          runs.push([runId, deadlineMs]),
          issuedToken('x')
        ),
        describeWait: () => undefined,
      },
    });
    const attempt = { runId: 'run-1', deadlineMs: 5, signal: new AbortController().signal };
    await recording.take(attempt, TOKEN_GROUP, REGISTRY, []);
    assert.deepEqual(runs, [['run-1', 5]]);
  });

  it('passes the configured images to the registry check', async () => {
    images = ['team/app:1'];
    await take();
    assert.deepEqual(registries.images[0], ['team/app:1']);
  });

  it('uses the end of the AWS session if the token expires later', async () => {
    issuer.answer = (_group, call) =>
      issuedToken(`password-${call}`, { sessionEndsAt: new Date(nowMs + HOUR_MS) });
    const { token } = await take();
    const facts = toTokenInfo(token, schedule(), []);
    assert.equal(facts.expiresAt, '2026-01-01T12:00:00.000Z');
    assert.equal(facts.usableUntil, '2026-01-01T01:00:00.000Z');
    assert.equal(facts.warnings, undefined);
    assert.match(
      facts.sessionWarning ?? '',
      /^Tokens of arn:.* end with their AWS session, this one at 2026-01-01 01:00 UTC/,
    );
    nowMs += HOUR_MS / 2;
    assert.equal((await take()).token.password.reveal(), 'password-1');
    nowMs += 1;
    assert.equal((await take()).token.password.reveal(), 'password-2');
  });

  it('does not report a session that ends after the token', async () => {
    issuer.answer = () => issuedToken('x', { sessionEndsAt: new Date(nowMs + 13 * HOUR_MS) });
    const facts = toTokenInfo((await take()).token, schedule(), []);
    assert.deepEqual([facts.usableUntil, facts.warnings], [undefined, undefined]);
  });

  it('returns a short-lived token with a warning', async () => {
    issuer.answer = () => issuedToken('x', { expiresAt: new Date(nowMs + 600_000) });
    const facts = toTokenInfo((await take()).token, schedule(), []);
    assert.match(
      facts.warnings?.join() ?? '',
      /expires after 10 min instead of 12 h, at 2026-01-01 00:10 UTC/,
    );
  });

  it('uses the clock of AWS if the local clock is wrong', async () => {
    // By the local clock, the token expired an hour ago.
    nowMs += 13 * HOUR_MS;
    issuer.answer = () => issuedToken('x', { clockOffsetMs: -13 * HOUR_MS });
    const { token } = await take();
    assert.equal(token.issuedAt.toISOString(), NOW.toISOString());
    await take();
    assert.equal(issuer.regions.length, 1);
    assert.match(
      toTokenInfo(token, schedule(), []).warnings?.join() ?? '',
      /clock of the worker is 13 h ahead of/,
    );
  });

  for (const { title, proxyEndpoint, problem } of [
    {
      title: 'another account',
      proxyEndpoint: 'https://999999999999.dkr.ecr.us-east-1.amazonaws.com',
      problem: /for account 999999999999/,
    },
    {
      title: 'another region',
      proxyEndpoint: 'https://123456789012.dkr.ecr.eu-west-1.amazonaws.com',
      problem: /for region eu-west-1/,
    },
  ] as const) {
    it(`rejects a token whose proxy endpoint has ${title}`, async () => {
      issuer.answer = () => issuedToken('hunter2hunter2', { proxyEndpoint });
      const { message } = await expectFailure('EcrResponseInvalid', take());
      assert.match(message, problem);
      assert.deepEqual(registries.shown, []);
    });
  }

  it('rejects a caller whose signal has already fired', async () => {
    const reason = new Error('cancelled');
    await assert.rejects(take({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    assert.deepEqual(registries.shown, []);
  });

  it('does not pass the signal of the caller to ECR and the registry', async () => {
    const signals: AbortSignal[] = [];
    const recording = fakeCache({
      issuer: {
        issueToken: async (_group, _run, signal) => (signals.push(signal), issuedToken('x')),
        describeWait: () => undefined,
      },
      registry: {
        verify: async (registry, _password, _images, signal) => (
          signals.push(signal),
          { registry, outcome: 'accepted' }
        ),
      },
    });
    const caller = new AbortController();
    const attempt = { runId: 'run-1', signal: caller.signal };
    await recording.take(attempt, TOKEN_GROUP, REGISTRY, []);
    caller.abort();
    assert.deepEqual(
      signals.map((signal) => signal.aborted),
      [false, false],
    );
  });
});

function schedule() {
  return fakeConfig().schedule;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

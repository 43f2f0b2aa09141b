import assert from 'node:assert/strict';
import { TokenCache } from '../../src/ecr/token-cache.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { withFastTimers } from '../aws/fast-timers.js';
import { deferred, settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fakeCache, FakeIssuer, issuedToken, NOW, TOKEN_GROUP } from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';
import type { IssuedToken } from '../../src/ecr/port.js';

const TIMED_OUT = new RefreshFailure('AttemptTimedOut', 'extractToken timed out.');

describe('TokenCache, when a call outlasts its attempt', () => {
  let issuer: FakeIssuer;
  let cache: TokenCache;

  beforeEach(() => {
    issuer = new FakeIssuer();
    cache = fakeCache({ issuer });
  });

  function take({ run = 'run-1', signal = new AbortController().signal, from = cache } = {}) {
    return from.take({ runId: run, signal }, TOKEN_GROUP, REGISTRY, []);
  }

  /** An attempt that is aborted with this reason while its call is in progress. */
  async function takeUntil(reason: Error, from = cache): Promise<void> {
    const attempt = new AbortController();
    const ended = take({ signal: attempt.signal, from });
    await settle();
    attempt.abort(reason);
    await ended;
  }

  it('lets the call continue, and the next attempt of the run joins it', async () => {
    const token = deferred<IssuedToken>();
    issuer.answer = () => token.promise;
    await assert.rejects(takeUntil(new Error('timed out')), { message: 'timed out' });
    const second = take();
    await settle();
    token.resolve(issuedToken('late'));
    assert.equal((await second).token.password.reveal(), 'late');
    assert.equal(issuer.regions.length, 1);
  });

  it('reports to an attempt that timed out which credentials are still loading', async () => {
    issuer.answer = () => new Promise(() => undefined);
    const ended = takeUntil(TIMED_OUT);
    issuer.wait = 'AWS credentials: profile sso: credential_process';
    const { message } = await expectFailure('AwsUnavailable', ended);
    assert.match(
      message,
      /^AWS credentials: profile sso: credential_process: the credentials did not load in time/,
    );
  });

  it('reports only the timeout to an attempt that waits for no credentials', async () => {
    issuer.answer = () => new Promise(() => undefined);
    await expectFailure('AttemptTimedOut', takeUntil(TIMED_OUT));
  });

  it('keeps the result when no attempt waits for it any more', async () => {
    const token = deferred<IssuedToken>();
    issuer.answer = () => token.promise;
    await assert.rejects(takeUntil(new Error('timed out')));
    token.resolve(issuedToken('late'));
    await settle();
    assert.equal((await take()).token.password.reveal(), 'late');
    assert.equal(issuer.regions.length, 1);
  });

  it('lets a verification continue, and the next attempt joins it', async () => {
    const accepted = deferred();
    let verifications = 0;
    const slow = new TokenCache({
      issuer,
      verify: async (registry) => {
        verifications += 1;
        await accepted.promise;
        return { registry, outcome: 'accepted' };
      },
      now: () => NOW,
    });
    await assert.rejects(takeUntil(new Error('timed out'), slow), { message: 'timed out' });
    const second = take({ from: slow });
    accepted.resolve();
    assert.equal((await second).probe.outcome, 'accepted');
    assert.deepEqual([verifications, issuer.regions.length], [1, 1]);
  });

  it('does not return the late token of an earlier run to a later run', async () => {
    const old = deferred<IssuedToken>();
    issuer.answer = (_region, call) => (call === 1 ? old.promise : issuedToken(`password-${call}`));
    const first = take({ run: 'run-1' });
    await settle();
    const second = take({ run: 'run-2' });
    old.resolve(issuedToken('old'));
    assert.equal((await second).token.password.reveal(), 'password-2');
    assert.equal((await first).token.password.reveal(), 'old');
    assert.equal((await take({ run: 'run-2' })).token.password.reveal(), 'password-2');
  });

  it('ends a call for a token after 110 s', async () => {
    issuer.answer = () => new Promise(() => undefined);
    const { value: failure, tookMs } = await withFastTimers(() => expectFailure('AwsUnavailable', take()));
    assert.equal(failure.message, 'ECR in us-east-1: timed out after 110 s');
    assert.ok(tookMs >= 109_000 && tookMs <= 111_000, `${tookMs} ms`);
  });
});

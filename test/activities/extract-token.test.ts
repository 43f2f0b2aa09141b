import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { ExtractedToken } from '../../src/refresh/activity-types.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { Secret } from '../../src/log/secret.js';
import { deferred, settle, type Deferred } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  fakeActivities,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  namedRegistry,
} from '../fakes/fake-ports.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const NEIGHBOR = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const NAMED = { ...namedRegistry(), registryHost: 'localhost:5000' };

describe('extractToken', () => {
  let issuer: FakeIssuer;
  let registries: FakeRegistries;

  beforeEach(() => {
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
  });

  function extract(hosts: readonly string[] = [REGISTRY], attempt = attemptOf()): Promise<ExtractedToken> {
    const activities = fakeActivities(fakeSource({ registries: [NAMED] }), { issuer, registry: registries });
    return activities.extractToken(attempt, { configHash: CONFIG_HASH, group: GROUP, registries: hosts });
  }

  it('returns facts about the token, and never the token', async () => {
    const extracted = await extract();
    assert.deepEqual(extracted.toRetry, []);
    assert.deepEqual(extracted.token, {
      group: GROUP,
      region: 'us-east-1',
      principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
      issuedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T12:00:00.000Z',
      fingerprint: new Secret('password-1').fingerprint(),
      probes: [{ registry: REGISTRY, outcome: 'accepted' }],
    });
    const text = JSON.stringify(extracted);
    for (const secret of ['password-1', Buffer.from('AWS:password-1').toString('base64')]) {
      assert.ok(!text.includes(secret), text);
    }
  });

  it('verifies one token with all registries of the group, including a configured one', async () => {
    const { probes } = (await extract([REGISTRY, NEIGHBOR, NAMED.registryHost])).token;
    assert.deepEqual(issuer.regions, ['us-east-1']);
    assert.deepEqual(
      probes.map(({ registry }) => registry),
      [REGISTRY, NEIGHBOR, NAMED.registryHost],
    );
    assert.deepEqual(new Set(registries.shown.map(({ password }) => password)), new Set(['password-1']));
  });

  it('returns the rejection of one registry next to the acceptance of another', async () => {
    registries.refused.add(NEIGHBOR);
    const { probes } = (await extract([REGISTRY, NEIGHBOR])).token;
    assert.deepEqual(
      probes.map(({ outcome }) => outcome),
      ['accepted', 'rejected'],
    );
  });

  it('does not fail when one registry rejects it and the other is unreachable', async () => {
    registries.refused.add(NEIGHBOR);
    registries.unreachable.add(REGISTRY);
    const { probes } = (await extract([REGISTRY, NEIGHBOR])).token;
    assert.deepEqual(
      probes.map(({ outcome }) => outcome),
      ['unreachable', 'rejected'],
    );
  });

  it('fails when every registry rejects it, and names three of them', async () => {
    const hosts = [1, 2, 3, 4].map((digit) => REGISTRY.replace('123456789012', String(digit).repeat(12)));
    for (const host of hosts) registries.refused.add(host);
    const { message } = await expectFailure('TokenRejected', extract(hosts));
    assert.deepEqual(
      hosts.map((host) => message.includes(`${host}: 403 DENIED`)),
      [true, true, true, false],
    );
  });

  it('fails with the failure of ECR', () => {
    issuer.answer = () => {
      throw new RefreshFailure('AwsAccessDenied', 'denied');
    };
    return expectFailure('AwsAccessDenied', extract());
  });

  describe('when a registry does not respond in time', () => {
    let gate: Deferred<void>;

    beforeEach(() => {
      gate = deferred();
      const { verify } = registries;
      registries.verify = async (host, ...rest) => {
        const result = verify(host, ...rest);
        if (host === NEIGHBOR) await gate.promise;
        return result;
      };
    });

    /** A worker with its own cache, which is kept between attempts. */
    function worker() {
      const source = fakeSource({ registries: [NAMED] });
      const activities = fakeActivities(source, { issuer, registry: registries });
      return (hosts: readonly string[], changes: Partial<Attempt> = {}): Promise<ExtractedToken> =>
        activities.extractToken(attemptOf({ limitMs: 600, ...changes }), {
          configHash: CONFIG_HASH,
          group: GROUP,
          registries: hosts,
        });
    }

    it('returns the others after half of the attempt, and this one for a retry', async () => {
      const signal = AbortSignal.timeout(600);
      const { token, toRetry } = await worker()([NEIGHBOR, REGISTRY], { signal });
      assert.equal(signal.aborted, false);
      assert.deepEqual(token.probes, [{ registry: REGISTRY, outcome: 'accepted' }]);
      assert.deepEqual(toRetry, [NEIGHBOR]);
      gate.resolve();
    });

    it('joins the request in the next attempt: one token, one verification', async () => {
      const attempt = worker();
      const { toRetry } = await attempt([NEIGHBOR, REGISTRY]);
      const next = attempt(toRetry, { number: 2 });
      gate.resolve();
      assert.deepEqual((await next).token.probes, [{ registry: NEIGHBOR, outcome: 'accepted' }]);
      assert.deepEqual((await next).toRetry, []);
      assert.equal(issuer.groups.length, 1);
      assert.deepEqual(registries.shown.map(({ host }) => host).toSorted(), [REGISTRY, NEIGHBOR].toSorted());
    });

    it('does not fail when the others reject the token: this one may accept it', async () => {
      registries.refused.add(REGISTRY);
      const { token, toRetry } = await worker()([NEIGHBOR, REGISTRY]);
      assert.deepEqual([token.probes[0]?.outcome, toRetry], ['rejected', [NEIGHBOR]]);
      gate.resolve();
    });

    it('waits longer when it is the only one', async () => {
      const late = worker()([NEIGHBOR]);
      await delay(40);
      gate.resolve();
      assert.equal((await late).token.probes[0]?.outcome, 'accepted');
    });

    it("fails with the reason of the attempt's end when none has responded by then", async () => {
      const controller = new AbortController();
      const reason = new RefreshFailure('AttemptTimedOut', 'extractToken timed out.');
      const late = worker()([NEIGHBOR], { signal: controller.signal });
      await delay(40);
      controller.abort(reason);
      await expectFailure('AttemptTimedOut', late);
      gate.resolve();
    });
  });

  it('verifies 50 registries in parallel, and completes all of them', async () => {
    const hosts = Array.from({ length: 100 }, (_, index) =>
      REGISTRY.replace('123456789012', String(100_000_000_000 + index)),
    );
    const gate = deferred();
    const { verify } = registries;
    registries.verify = async (...verified) => {
      const result = verify(...verified);
      await gate.promise;
      return result;
    };
    const extracting = extract(hosts);
    await settle();
    assert.equal(registries.shown.length, 50);
    gate.resolve();
    assert.equal((await extracting).token.probes.length, 100);
  });

  it('ends with its attempt', async () => {
    const reason = new RefreshFailure('AttemptTimedOut', 'extractToken timed out.');
    await expectFailure(
      'AttemptTimedOut',
      extract([REGISTRY], attemptOf({ signal: AbortSignal.abort(reason) })),
    );
  });
});

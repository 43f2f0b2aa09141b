import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { TokenInfo } from '../../src/refresh/activity-types.js';
import { Secret } from '../../src/log/secret.js';
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

const NEIGHBOUR = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const NAMED = { ...namedRegistry(), registryHost: 'localhost:5000' };

describe('extractToken', () => {
  let issuer: FakeIssuer;
  let registries: FakeRegistries;

  beforeEach(() => {
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
  });

  function extract(hosts: readonly string[] = [REGISTRY], attempt = attemptOf()): Promise<TokenInfo> {
    const activities = fakeActivities(fakeSource({ registries: [NAMED] }), { issuer, registry: registries });
    return activities.extractToken(attempt, { configHash: CONFIG_HASH, group: GROUP, registries: hosts });
  }

  it('answers facts about the token, and never the token', async () => {
    const facts = await extract();
    assert.deepEqual(facts, {
      group: GROUP,
      region: 'us-east-1',
      principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
      issuedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T12:00:00.000Z',
      fingerprint: new Secret('password-1').fingerprint(),
      probes: [{ registry: REGISTRY, outcome: 'accepted' }],
    });
    const text = JSON.stringify(facts);
    for (const secret of ['password-1', Buffer.from('AWS:password-1').toString('base64')]) {
      assert.ok(!text.includes(secret), text);
    }
  });

  it('shows one token to all registries of the group, one of the configuration among them', async () => {
    const { probes } = await extract([REGISTRY, NEIGHBOUR, NAMED.registryHost]);
    assert.deepEqual(issuer.regions, ['us-east-1']);
    assert.deepEqual(
      probes.map(({ registry }) => registry),
      [REGISTRY, NEIGHBOUR, NAMED.registryHost],
    );
    assert.deepEqual(new Set(registries.shown.map(({ password }) => password)), new Set(['password-1']));
  });

  it('answers the refusal of one registry beside the acceptance of another', async () => {
    registries.refused.add(NEIGHBOUR);
    const { probes } = await extract([REGISTRY, NEIGHBOUR]);
    assert.deepEqual(
      probes.map(({ outcome }) => outcome),
      ['accepted', 'rejected'],
    );
  });

  it('does not fail when one registry refuses and the other is unreachable', async () => {
    registries.refused.add(NEIGHBOUR);
    registries.unreachable.add(REGISTRY);
    const { probes } = await extract([REGISTRY, NEIGHBOUR]);
    assert.deepEqual(
      probes.map(({ outcome }) => outcome),
      ['unreachable', 'rejected'],
    );
  });

  it('fails when every registry refuses, and names three of them', async () => {
    const hosts = [1, 2, 3, 4].map((digit) => REGISTRY.replace('123456789012', String(digit).repeat(12)));
    for (const host of hosts) registries.refused.add(host);
    const { message } = await expectFailure('TokenRejected', extract(hosts));
    assert.deepEqual(
      hosts.map((host) => message.includes(`${host}: 403 DENIED`)),
      [true, true, true, false],
    );
  });

  it('fails as ECR does', () => {
    issuer.answer = () => {
      throw new RefreshFailure('AwsAccessDenied', 'denied');
    };
    return expectFailure('AwsAccessDenied', extract());
  });

  it('ends with its attempt', async () => {
    const reason = new RefreshFailure('AttemptTimedOut', 'extractToken did not end within its time.');
    await expectFailure(
      'AttemptTimedOut',
      extract([REGISTRY], attemptOf({ signal: AbortSignal.abort(reason) })),
    );
  });
});

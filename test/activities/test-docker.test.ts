import assert from 'node:assert/strict';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import { WRONG_PASSWORD } from '../../src/refresh/token.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { DockerLogin } from '../../src/refresh/activity-types.js';
import { Secret } from '../../src/log/secret.js';
import { deferred, settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  fakeActivities,
  FakeEngine,
  FakeIssuer,
  FakeRegistries,
  issuedToken,
  namedRegistry,
  fakeSource,
  NOW,
} from '../fakes/fake-ports.js';
import { hangingCall } from '../fakes/hanging-call.js';
import { ENGINE, GROUP, REGISTRY } from '../fakes/fake-steps.js';

const DAY_MS = 24 * 3_600_000;

describe('testDocker', () => {
  let engine: FakeEngine;
  let issuer: FakeIssuer;
  let registry: FakeRegistries;
  let now: Date;
  let proofs: NegativeCheckCache;

  beforeEach(() => {
    engine = new FakeEngine();
    issuer = new FakeIssuer();
    registry = new FakeRegistries();
    now = NOW;
    proofs = new NegativeCheckCache(() => now);
  });

  function test(engineRequired = true, host = REGISTRY): Promise<DockerLogin> {
    const parts = { issuer, registry, proofs, now: () => now };
    const registries = [namedRegistry({ registryHost: 'registry.example.com' })];
    return fakeActivities(fakeSource({ engine, engineRequired, registries }), parts).testDocker(attemptOf(), {
      configHash: CONFIG_HASH,
      engine: ENGINE,
      registry: host,
      group: GROUP,
    });
  }

  function unreachable(): never {
    const reason = 'no such socket';
    throw new RefreshFailure('DockerEngineUnreachable', `${ENGINE}: ${reason}`, undefined, {
      reason: reason,
    });
  }

  it('logs in with the token of the run, and returns only facts', async () => {
    const login = await test();
    assert.deepEqual(login, {
      engine: ENGINE,
      version: '28.0.0',
      registry: REGISTRY,
      login: 'ok',
      fingerprint: new Secret('password-1').fingerprint(),
    });
    assert.deepEqual(engine.signIns, [
      { registry: REGISTRY, password: 'password-1' },
      { registry: REGISTRY, password: WRONG_PASSWORD },
    ]);
  });

  it('repeats a negative login check that succeeds once a day', async () => {
    issuer.answer = () => issuedToken('x', { expiresAt: new Date(now.getTime() + DAY_MS / 2) });
    const tries = (): number => engine.signIns.filter(({ password }) => password === WRONG_PASSWORD).length;
    await test();
    now = new Date(NOW.getTime() + DAY_MS - 1);
    await test();
    assert.equal(tries(), 1);
    now = new Date(NOW.getTime() + DAY_MS);
    assert.equal((await test()).login, 'ok');
    assert.equal(tries(), 2);
  });

  it('returns inconclusive in every run when a wrong password is also accepted', async () => {
    engine.onSignIn = () => undefined;
    assert.equal((await test()).login, 'inconclusive');
    assert.equal((await test()).login, 'inconclusive');
  });

  it('returns ok when the negative login check could not run, and repeats it in the next run', async () => {
    engine.onSignIn = (password) => {
      if (password === WRONG_PASSWORD) throw new RefreshFailure('DockerLoginFailed', 'no route');
    };
    assert.equal((await test()).login, 'ok');
    engine.onSignIn = () => undefined;
    assert.equal((await test()).login, 'inconclusive');
  });

  it('rethrows an unexpected error of the negative login check', async () => {
    engine.onSignIn = (password) => {
      if (password === WRONG_PASSWORD) throw new TypeError('a bug');
    };
    await assert.rejects(test(), TypeError);
  });

  it('does not log in when the auth realm of the registry is on another host', async () => {
    registry.verify = async (host) => ({
      registry: host,
      outcome: 'rejected',
      type: 'RegistryRealmForeign',
      message: 'elsewhere',
    });
    const { message } = await expectFailure('RegistryRealmForeign', test());
    assert.equal(message, `${REGISTRY}: elsewhere`);
    assert.deepEqual(engine.signIns, []);
  });

  for (const { host, login } of [
    { host: REGISTRY, login: 'ok' },
    { host: 'registry.example.com', login: 'none' },
  ] as const) {
    it(`returns ${login} when the worker could not reach ${host}`, async () => {
      registry.unreachable.add(host);
      const tested = await test(true, host);
      assert.deepEqual([tested.login, tested.version], [login, '28.0.0']);
      assert.equal(engine.signIns.length, login === 'ok' ? 2 : 0);
      if (login === 'none') assert.match(tested.reason ?? '', /could not check the auth realm/);
    });
  }

  it('ends the login with its attempt', async () => {
    const controller = new AbortController();
    const call = hangingCall();
    engine.login = (_registry, _password, signal) => call.wait(signal);
    const activities = fakeActivities(fakeSource({ engine }), { issuer, registry, proofs });
    const input = { configHash: CONFIG_HASH, engine: ENGINE, registry: REGISTRY, group: GROUP };
    const testing = activities.testDocker(attemptOf({ signal: controller.signal }), input);
    await call.reached;
    const reason = new RefreshFailure('AttemptTimedOut', 'testDocker timed out.');
    controller.abort(reason);
    await expectFailure('AttemptTimedOut', testing);
  });

  it('limits concurrent logins of an engine, and ends the wait of an attempt whose time is up', async () => {
    const gate = deferred();
    const started: string[] = [];
    engine.login = async (host) => {
      started.push(host);
      await gate.promise;
    };
    const activities = fakeActivities(fakeSource({ engine, loginsAtOnce: 2 }), { issuer, registry, proofs });
    const input = { configHash: CONFIG_HASH, engine: ENGINE, registry: REGISTRY, group: GROUP };
    const timeUp = new AbortController();
    const tests = [
      activities.testDocker(attemptOf(), input),
      activities.testDocker(attemptOf(), input),
      activities.testDocker(attemptOf(), input),
    ];
    const late = activities.testDocker(attemptOf({ signal: timeUp.signal }), input);
    await settle();
    assert.equal(started.length, 2);
    const reason = new Error('time is up');
    timeUp.abort(reason);
    await assert.rejects(late, (error) => error === reason);
    gate.resolve();
    await Promise.all(tests);
    // Each of the three logins is followed by one with the wrong password.
    assert.equal(started.length, 6);
  });

  it('returns none when the default engine is absent, without a token', async () => {
    engine.onReadVersion = unreachable;
    assert.deepEqual(await test(false), {
      engine: ENGINE,
      version: null,
      registry: REGISTRY,
      login: 'none',
      reason: 'no such socket',
      fingerprint: null,
    });
    assert.deepEqual([issuer.regions, engine.signIns], [[], []]);
  });

  it('fails when a configured engine is absent', async () => {
    engine.onReadVersion = unreachable;
    await expectFailure('DockerEngineUnreachable', test(true));
  });

  it('fails when the default engine becomes unreachable during the login', async () => {
    engine.onSignIn = unreachable;
    await expectFailure('DockerEngineUnreachable', test(false));
  });

  for (const type of ['DockerLoginRejected', 'DockerLoginFailed'] as const) {
    it(`fails with ${type} of the engine`, async () => {
      engine.onSignIn = () => {
        throw new RefreshFailure(type, 'no');
      };
      await expectFailure(type, test());
    });
  }

  it('rethrows an unexpected error of the default engine', async () => {
    engine.onReadVersion = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects(test(false), TypeError);
  });
});

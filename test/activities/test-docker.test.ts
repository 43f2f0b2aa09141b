import assert from 'node:assert/strict';
import { createActivities } from '../../src/activities/index.js';
import { TokenCache } from '../../src/activities/token-cache.js';
import { RefreshFailure } from '../../src/domain/failures.js';
import type { DockerSignIn } from '../../src/domain/steps.js';
import { Secret } from '../../src/secret.js';
import { failureOf } from '../fakes/failing.js';
import {
  attemptOf,
  CONFIG_HASH,
  FakeEngine,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  NOW,
} from '../fakes/fake-ports.js';
import { ENGINE, REGISTRY } from '../fakes/fake-steps.js';

describe('testDocker', () => {
  let engine: FakeEngine;
  let issuer: FakeIssuer;

  beforeEach(() => {
    engine = new FakeEngine();
    issuer = new FakeIssuer();
  });

  function test(engineRequired = true): Promise<DockerSignIn> {
    const cache = new TokenCache(issuer, new FakeRegistries(), () => NOW);
    return createActivities(fakeSource({ engine, engineRequired }), cache).testDocker(attemptOf(), {
      configHash: CONFIG_HASH,
      engine: ENGINE,
      registry: REGISTRY,
    });
  }

  function unreachable(): never {
    throw new RefreshFailure('DockerEngineUnreachable', 'no such socket');
  }

  it('signs in with the token of the run, and answers facts alone', async () => {
    const signIn = await test();
    assert.deepEqual(signIn, {
      engine: ENGINE,
      version: '28.0.0',
      registry: REGISTRY,
      signIn: 'ok',
      fingerprint: new Secret('password-1').fingerprint(),
    });
    assert.deepEqual(engine.signIns, [{ registry: REGISTRY, password: 'password-1' }]);
  });

  it('answers none when the default engine is absent, without a token', async () => {
    engine.onReadVersion = unreachable;
    assert.deepEqual(await test(false), {
      engine: ENGINE,
      version: null,
      registry: REGISTRY,
      signIn: 'none',
      fingerprint: null,
    });
    assert.deepEqual([issuer.regions, engine.signIns], [[], []]);
  });

  it('fails when a configured engine is absent', async () => {
    engine.onReadVersion = unreachable;
    await failureOf('DockerEngineUnreachable', test(true));
  });

  it('fails when the default engine is there but goes away during the sign-in', async () => {
    engine.onSignIn = unreachable;
    await failureOf('DockerEngineUnreachable', test(false));
  });

  for (const type of ['DockerSignInRefused', 'DockerSignInFailed'] as const) {
    it(`fails with ${type} as the engine does`, async () => {
      engine.onSignIn = () => {
        throw new RefreshFailure(type, 'no');
      };
      await failureOf(type, test());
    });
  }

  it('does not take an error of another kind for an absent engine', async () => {
    engine.onReadVersion = () => {
      throw new TypeError('a defect');
    };
    await assert.rejects(test(false), TypeError);
  });
});

import assert from 'node:assert/strict';
import { planRefresh } from '../../src/activities/plan-refresh.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { CONFIG_HASH, fakeSource, idRules } from '../fakes/fake-ports.js';
import { ENGINE, plannedStores } from '../fakes/fake-steps.js';
import { CONFIG_REMEDIES } from '../../src/refresh/remedies/config.js';

describe('planRefresh', () => {
  it('names the stores and engines of the configuration, and its hash', async () =>
    assert.deepEqual(await planRefresh(fakeSource()), {
      configHash: CONFIG_HASH,
      stores: plannedStores('main'),
      engines: [ENGINE],
    }));

  it('counts the named connections of a store, and states whether patterns select others from its list', async () => {
    const named = { kind: 'id', ifMissing: 'fail' } as const;
    const rules = [
      { ...named, id: 'docker_default' },
      { kind: 'match', pattern: '*_ecr' },
      { ...named, id: 'docker_eu' },
    ] as const;
    const planOf = async (given: readonly ConnectionRule[]): Promise<unknown> => {
      const [store] = (await planRefresh(fakeSource({ rules: given }))).stores;
      return [store?.named, store?.isListed];
    };
    assert.deepEqual(await planOf(rules), [2, true]);
    assert.deepEqual(await planOf([rules[0], rules[2]]), [2, false]);
    assert.deepEqual(await planOf([rules[1]]), [0, true]);
  });

  it('does not count an id that an earlier entry matches, or list what an earlier store claims', async () => {
    const rules: ConnectionRule[] = [{ kind: 'match', pattern: '*_ecr' }, ...idRules(['team_ecr', 'other'])];
    const [store] = (await planRefresh(fakeSource({ rules }))).stores;
    assert.deepEqual([store?.named, store?.isListed], [1, true]);
    const claimed: ConnectionRule[] = [{ kind: 'match', pattern: '*' }];
    const [later] = (await planRefresh(fakeSource({ rules, claimed }))).stores;
    assert.deepEqual([later?.named, later?.isListed], [0, false]);
  });

  it('plans with the last valid configuration and reports the problem of the file', async () => {
    const plan = await planRefresh(fakeSource({ problem: 'refresh.yaml:3 airflows: is missing' }));
    assert.deepEqual(plan.stores, plannedStores('main'));
    assert.equal(plan.configProblem, 'refresh.yaml:3 airflows: is missing');
  });

  it('reports why there is no default engine', async () => {
    const plan = await planRefresh(fakeSource({ engineProblem: 'DOCKER_HOST is ssh://' }));
    assert.equal(plan.engineProblem, 'DOCKER_HOST is ssh://');
  });

  it('passes on that a Docker test is required', async () =>
    assert.equal((await planRefresh(fakeSource({ requiresDocker: true }))).requiresDocker, true));
  describe('in a run of a schedule', () => {
    const A = { name: 'a', deployment: 'https://a.example.com' };
    const B = { name: 'b', deployment: 'https://b.example.com' };

    it('adds nothing when schedule and configuration have the same stores', async () => {
      const plan = await planRefresh(fakeSource({ deployments: [A, B] }), { scheduledStores: [B, A] });
      assert.equal(plan.warnings, undefined);
    });

    it('warns when they share some stores', async () => {
      const plan = await planRefresh(fakeSource({ deployments: [A, B] }), { scheduledStores: [A] });
      assert.match(plan.warnings?.join() ?? '', /differ from .* Run `schedule apply`\.$/);
    });

    it('fails, to be retried by another worker, when they share none, and names both', async () => {
      const failure = await expectFailure(
        'ConfigVersionMismatch',
        planRefresh(fakeSource({ deployments: [A] }), { scheduledStores: [B] }),
      );
      assert.match(failure.message, /b \(https:\/\/b\.example\.com\).* a \(https:\/\/a\.example\.com\)/);
      assert.match(failure.message, /another deployment that uses the same task queue/);
      assert.match(failure.remedy, /`temporal\.taskQueue`/);
    });

    it('passes the stores of the schedule to the configuration, and its fix to the run', async () => {
      const source = fakeSource({ deployments: [A] });
      const asked: unknown[] = [];
      const plan = await planRefresh(
        {
          ...source,
          reread: (scheduled) => {
            asked.push(scheduled);
            return {
              ...source.reread(),
              problem: 'belongs to another deployment',
              remedy: CONFIG_REMEDIES.takeOver,
            };
          },
        },
        { scheduledStores: [A] },
      );
      assert.deepEqual(asked, [[A]]);
      assert.equal(plan.configProblem, 'belongs to another deployment');
      assert.equal(plan.configRemedy, CONFIG_REMEDIES.takeOver);
    });
  });

  it('fails when no configuration is valid', () =>
    expectFailure(
      'ConfigInvalid',
      planRefresh({
        reread() {
          throw new RefreshFailure('ConfigInvalid', 'none is valid');
        },
        byHash: () => undefined,
      }),
    ));
});

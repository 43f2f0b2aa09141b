import assert from 'node:assert/strict';
import { planRefresh } from '../../src/activities/plan-refresh.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { CONFIG_HASH, fakeSource } from '../fakes/fake-ports.js';
import { ENGINE, plannedStores } from '../fakes/fake-steps.js';

describe('planRefresh', () => {
  it('names the airflows and engines of the configuration, and its hash', async () =>
    assert.deepEqual(await planRefresh(fakeSource()), {
      configHash: CONFIG_HASH,
      stores: plannedStores('main'),
      engines: [ENGINE],
    }));

  it('plans by the last good configuration and says what is wrong with the file', async () => {
    const plan = await planRefresh(fakeSource({ problem: 'refresh.yaml:3 airflows: is missing' }));
    assert.deepEqual(plan.stores, plannedStores('main'));
    assert.equal(plan.configProblem, 'refresh.yaml:3 airflows: is missing');
  });

  it('says why there is no default engine', async () => {
    const plan = await planRefresh(fakeSource({ engineProblem: 'DOCKER_HOST is ssh://' }));
    assert.equal(plan.engineProblem, 'DOCKER_HOST is ssh://');
  });

  it('fails when there is no good configuration at all', () =>
    expectFailure(
      'ConfigInvalid',
      planRefresh({
        reread() {
          throw new RefreshFailure('ConfigInvalid', 'no good one');
        },
        byHash: () => undefined,
      }),
    ));
});

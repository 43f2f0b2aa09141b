import assert from 'node:assert/strict';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { UpdateOutcome } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
  namedRegistry,
  TOKEN_GROUP,
} from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

const OTHER_REGISTRY = '999999999999.dkr.ecr.us-east-1.amazonaws.com';
const OWN = namedRegistry({ name: 'own' });

function rulesOf(ids: readonly string[], ifMissing: 'create' | 'fail' = 'create'): ConnectionRule[] {
  return ids.map((id) => ({ kind: 'id', id, registry: 'own', ifMissing }));
}

describe('updateConnections of missing connections', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow([dockerConnection({ id: 'there' })]);
  });

  function update(
    connections: readonly string[],
    rules: readonly ConnectionRule[] = rulesOf(connections),
    registry = REGISTRY,
  ): Promise<UpdateOutcome> {
    const source = fakeSource({ airflow, rules, registries: [OWN] });
    return fakeActivities(source).updateConnections(attemptOf(), {
      configHash: CONFIG_HASH,
      store: 'main',
      registry,
      group: TOKEN_GROUP.name,
      connections,
    });
  }

  it('makes one with host and token, beside others that are written', async () => {
    const { refreshed, failed } = await update(['there', 'gone']);
    assert.deepEqual([refreshed, failed], [['there', 'gone'], []]);
    assert.deepEqual(airflow.calls, ['read there', 'write there', 'read gone', 'create gone']);
    assert.equal(airflow.passwords.get('gone'), 'password-1');
    assert.deepEqual(
      airflow.connections.get('gone'),
      dockerConnection({ id: 'gone', description: 'Made by airflow-ecr-refresh for own.' }),
    );
  });

  it('makes many, and writes those that are there by one request', async () => {
    airflow.atOnce = 100;
    const ids = Array.from({ length: 20 }, (_, index) => `id_${index}`);
    for (const id of ids.slice(5)) airflow.connections.set(id, dockerConnection({ id }));
    const { refreshed } = await update(ids);
    assert.deepEqual(refreshed, ids);
    assert.equal(airflow.calls.filter((call) => call.startsWith('create ')).length, 5);
    assert.deepEqual(
      airflow.calls.filter((call) => call.startsWith('bulk ')),
      [`bulk ${ids.slice(5).join(' ')}`],
    );
    assert.deepEqual(new Set(airflow.passwords.keys()), new Set(ids));
  });

  describe('that somebody else makes at the same moment', () => {
    function raceWith(changes: Parameters<typeof dockerConnection>[0]): void {
      airflow.onCall = (call, id) => {
        if (call === 'create') airflow.connections.set(id, dockerConnection({ id, ...changes }));
      };
    }

    it('looks at theirs and writes the password into it, nothing else', async () => {
      raceWith({ description: 'theirs' });
      assert.deepEqual((await update(['gone'])).refreshed, ['gone']);
      assert.deepEqual(airflow.calls, ['read gone', 'create gone', 'read gone', 'write gone']);
      assert.equal(airflow.connections.get('gone')?.description, 'theirs');
    });

    it('leaves theirs alone when it is of another registry', async () => {
      raceWith({ host: OTHER_REGISTRY });
      const { refreshed, failed } = await update(['gone']);
      assert.deepEqual([refreshed, failed[0]?.type], [[], 'ConnectionRegistryMismatch']);
      assert.equal(airflow.passwords.size, 0);
    });
  });

  it('makes none where its rule says fail', async () => {
    const { refreshed, failed } = await update(['gone'], rulesOf(['gone'], 'fail'));
    assert.deepEqual([refreshed, failed[0]?.type], [[], 'ConnectionMissing']);
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('makes none that a pattern alone takes in', async () => {
    const { failed } = await update(['gone'], [{ kind: 'match', pattern: '*', registry: 'own' }]);
    assert.equal(failed[0]?.type, 'ConnectionMissing');
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('makes none with a host that is not that of its rule, whatever it is asked for', async () => {
    const { failed } = await update(['gone'], rulesOf(['gone']), OTHER_REGISTRY);
    assert.equal(failed[0]?.type, 'ConnectionRegistryChanged');
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('fails the attempt when Airflow may not be written to', async () => {
    airflow.onCall = (call) => {
      if (call === 'create') throw new RefreshFailure('StoreForbidden', '403');
    };
    await expectFailure('StoreForbidden', update(['gone']));
  });
});

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

function toRules(ids: readonly string[], ifMissing: 'create' | 'fail' = 'create'): ConnectionRule[] {
  return ids.map((id) => ({ kind: 'id', id, registry: 'own', ifMissing }));
}

describe('updateConnections of missing connections', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow([dockerConnection({ id: 'there' })]);
  });

  function update(
    connections: readonly string[],
    rules: readonly ConnectionRule[] = toRules(connections),
    registry = REGISTRY,
    registries = [OWN],
  ): Promise<UpdateOutcome> {
    const source = fakeSource({ airflow, rules, registries });
    return fakeActivities(source).updateConnections(attemptOf(), {
      configHash: CONFIG_HASH,
      store: 'main',
      registry,
      group: TOKEN_GROUP.name,
      connections,
      attemptsBefore: 0,
    });
  }

  it('creates one with host and token, and writes the others', async () => {
    const { written, refused } = await update(['there', 'gone']);
    assert.deepEqual([written.toSorted(), refused], [['gone', 'there'], []]);
    assert.deepEqual(airflow.calls.toSorted(), ['create gone', 'read gone', 'read there', 'write there']);
    assert.equal(airflow.passwords.get('gone'), 'password-1');
    assert.deepEqual(
      airflow.connections.get('gone'),
      dockerConnection({ id: 'gone', description: 'Created by airflow-ecr-refresh for own.' }),
    );
  });

  it('creates several, and writes the existing ones with one request', async () => {
    airflow.atOnce = 100;
    const ids = Array.from({ length: 20 }, (_, index) => `id_${String(index).padStart(2, '0')}`);
    for (const id of ids.slice(5)) airflow.add({ id });
    const { written } = await update(ids);
    assert.deepEqual(written.toSorted(), ids);
    assert.deepEqual(airflow.callsOf('create').toSorted(), ids.slice(0, 5));
    assert.equal(airflow.callsOf('bulk').length, 1);
    assert.deepEqual(new Set(airflow.callsOf('bulk')[0]?.split(' ')), new Set(ids.slice(5)));
    assert.deepEqual(new Set(airflow.passwords.keys()), new Set(ids));
  });

  describe('created by someone else at the same time', () => {
    function raceWith(changes: Parameters<typeof dockerConnection>[0]): void {
      airflow.onCall = (call, id) => {
        if (call === 'create') airflow.add({ id, ...changes });
      };
    }

    it('reads it and writes only its password', async () => {
      raceWith({ description: 'theirs' });
      assert.deepEqual((await update(['gone'])).written, ['gone']);
      assert.deepEqual(airflow.calls, ['read gone', 'create gone', 'read gone', 'write gone']);
      assert.equal(airflow.connections.get('gone')?.description, 'theirs');
    });

    it('does not change it when it belongs to another registry', async () => {
      raceWith({ host: OTHER_REGISTRY });
      const { written, refused } = await update(['gone']);
      assert.deepEqual([written, refused[0]?.type], [[], 'ConnectionRegistryMismatch']);
      assert.equal(airflow.passwords.size, 0);
    });

    it('reports it as missing when it is gone again', async () => {
      airflow.create = async () => 'exists';
      const { written, refused } = await update(['gone']);
      assert.deepEqual([written, refused[0]?.type], [[], 'ConnectionMissing']);
    });
  });

  it('does not create one whose rule has ifMissing: fail', async () => {
    const { written, refused } = await update(['gone'], toRules(['gone'], 'fail'));
    assert.deepEqual([written, refused[0]?.type], [[], 'ConnectionMissing']);
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('does not create one that only a pattern matches', async () => {
    const { refused } = await update(['gone'], [{ kind: 'match', pattern: '*', registry: 'own' }]);
    assert.equal(refused[0]?.type, 'ConnectionMissing');
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('does not create one with a host other than that of its rule', async () => {
    const other = namedRegistry({ name: 'other', account: '999999999999' });
    const { refused } = await update(['gone'], toRules(['gone']), OTHER_REGISTRY, [OWN, other]);
    assert.equal(refused[0]?.type, 'ConnectionRegistryChanged');
    assert.deepEqual(airflow.calls, ['read gone']);
  });

  it('fails the attempt when Airflow does not allow the creation', async () => {
    airflow.onCall = (call) => {
      if (call === 'create') throw new RefreshFailure('StoreForbidden', '403');
    };
    await expectFailure('StoreForbidden', update(['gone']));
  });

  it('returns one that cannot be created for a retry, and writes the others', async () => {
    airflow.onCall = (call) => {
      if (call === 'create') throw new RefreshFailure('StoreForbidden', '403');
    };
    const { written, toRetry } = await update(['gone', 'there']);
    assert.deepEqual(written, ['there']);
    assert.deepEqual(
      toRetry.map(({ connection, type }) => [connection, type]),
      [['gone', 'StoreForbidden']],
    );
  });
});

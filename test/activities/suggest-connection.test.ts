import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
} from '../fakes/fake-ports.js';

describe('a missing connection', () => {
  let airflow: FakeAirflow;

  function store(...ids: readonly (string | Partial<ConnectionRecord>)[]): void {
    airflow = new FakeAirflow(ids.map((id) => dockerConnection(typeof id === 'string' ? { id } : id)));
  }

  /** The messages of the connections that must not be written. */
  async function inspect(...connections: string[]): Promise<string[]> {
    const activities = fakeActivities(fakeSource({ airflow, connections }));
    const { refused } = await activities.inspectConnections(attemptOf(), {
      configHash: CONFIG_HASH,
      store: 'main',
      target: { named: { offset: 0, limit: 20 } },
      attemptsBefore: 0,
    });
    return refused.map(({ message }) => message);
  }

  const lists = (): string[] => airflow.calls.filter((call) => call.startsWith('list'));

  it('is reported with the existing connection that was probably meant', async () => {
    store('docker_default', 'docker_eu', 'b');
    assert.deepEqual(await inspect('docker_defalt', 'b', 'docker_ue'), [
      'Airflow has no connection docker_defalt; did you mean docker_default?',
      'Airflow has no connection docker_ue; did you mean docker_eu?',
    ]);
    assert.deepEqual(lists(), ['list 0+100 *'], 'one request for all of them');
  });

  it('is reported without one if no id is similar', async () => {
    store('b', 'something_else');
    assert.deepEqual(await inspect('docker_default', 'b'), ['Airflow has no connection docker_default.']);
  });

  it('is never reported with a connection of another type, or one that is configured anyway', async () => {
    store({ id: 'docker_defaul', type: 'http' }, 'docker_default1');
    assert.deepEqual(await inspect('docker_default', 'docker_default1'), [
      'Airflow has no connection docker_default.',
    ]);
  });

  it('is reported anyway if the list cannot be read', async () => {
    store('docker_default');
    airflow.onCall = (call) => {
      if (call === 'list') throw new RefreshFailure('StoreForbidden', 'Airflow main: 403.');
    };
    assert.deepEqual(await inspect('docker_defalt'), ['Airflow has no connection docker_defalt.']);
  });

  it('causes no request if none is missing', async () => {
    store('a', { id: 'bad', login: 'root' });
    assert.equal((await inspect('a', 'bad')).length, 1);
    assert.deepEqual(lists(), []);
  });
});

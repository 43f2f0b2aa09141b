import assert from 'node:assert/strict';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import type { Inspection } from '../../src/refresh/activity-types.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
  idRules,
  namedRegistry,
} from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

const NAMED = namedRegistry({ name: 'named' });

describe('inspectConnections of what is hidden', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow([]);
  });

  function store(...connections: Parameters<typeof dockerConnection>[0][]): void {
    for (const changes of connections) {
      const connection = dockerConnection(changes);
      airflow.connections.set(connection.id, connection);
    }
  }

  function inspect(rules: readonly ConnectionRule[], page = 0): Promise<Inspection> {
    const source = fakeSource({ airflow, rules, registries: [NAMED] });
    const input = { configHash: CONFIG_HASH, store: 'main', page };
    return fakeActivities(source).inspectConnections(attemptOf(), input);
  }

  it('asks about what may be written, by its host as stored, and about what is missing', async () => {
    const host = `HTTPS://${REGISTRY}/`;
    store({ id: 'a', host }, { id: 'of_other_type', type: 'http' });
    const made: ConnectionRule = { kind: 'id', id: 'made', registry: 'named', ifMissing: 'create' };
    await inspect([...idRules(['a', 'of_other_type', 'gone']), made]);
    assert.deepEqual(airflow.shadowLooks, [
      [
        { id: 'a', host },
        { id: 'gone', host: null },
        { id: 'made', host: null },
      ],
    ]);
  });

  it('asks about what a pattern matches', async () => {
    store({ id: 'a_ecr' }, { id: 'b_ecr', host: 'ghcr.io' }, { id: 'other' });
    await inspect([{ kind: 'match', pattern: '*_ecr' }]);
    assert.deepEqual(airflow.shadowLooks, [[{ id: 'a_ecr', host: REGISTRY }]]);
  });

  it('asks at the first page alone', async () => {
    const ids = Array.from({ length: 21 }, (_, index) => `id_${index}`);
    store(...ids.map((id) => ({ id })));
    airflow.shadows = { backends: ['VaultBackend'], hidden: [] };
    const rules: ConnectionRule[] = [...idRules(ids), { kind: 'match', pattern: '*_ecr' }];
    const pages = [await inspect(rules, 0), await inspect(rules, 1), await inspect(rules, 2)];
    assert.deepEqual(
      pages.map(({ warnings }) => warnings.length),
      [1, 0, 0],
    );
    assert.equal(airflow.shadowLooks.length, 1);
  });

  it('warns of a secrets backend by its class', async () => {
    airflow.shadows = { backends: ['VaultBackend'], hidden: [] };
    store({ id: 'a', host: REGISTRY.toUpperCase() });
    const { warnings } = await inspect(idRules(['a']));
    assert.equal(warnings.length, 2, 'beside the warning of the connection itself');
    assert.match(warnings[1] ?? '', /^Airflow main has a secrets backend \(VaultBackend\)\. .*no effect/);
  });

  it('warns of a connection that is hidden, and writes it all the same', async () => {
    airflow.shadows = { backends: [], hidden: ['a'] };
    store({ id: 'a' }, { id: 'b' });
    const { warnings, writable, refused } = await inspect(idRules(['a', 'b']));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^Connection a of main: an environment variable .* hides it .*no effect/);
    assert.deepEqual([writable[0]?.connections, refused], [['a', 'b'], []]);
  });

  it('says of a missing connection that it is elsewhere', async () => {
    airflow.shadows = { backends: [], hidden: ['gone'] };
    const { warnings, refused } = await inspect(idRules(['gone']));
    assert.equal(refused[0]?.type, 'ConnectionMissing');
    assert.match(warnings[0] ?? '', /^Connection gone of main: not in the database, but in an environment/);
  });
});

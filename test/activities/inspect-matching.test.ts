import assert from 'node:assert/strict';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
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
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const EU_HOST = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const EU = namedRegistry({ name: 'eu', region: 'eu-west-1' });
const ECR: ConnectionRule = { kind: 'match', pattern: '*_ecr' };

function ids(count: number, ending = ''): string[] {
  return Array.from({ length: count }, (_, index) => `id_${String(index).padStart(4, '0')}${ending}`);
}

describe('inspectConnections by rules', () => {
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

  function inspect(rules: readonly ConnectionRule[], page = 0, number = 1): Promise<Inspection> {
    const source = fakeSource({ airflow, rules, registries: [EU] });
    return fakeActivities(source).inspectConnections(attemptOf({ number }), {
      configHash: CONFIG_HASH,
      store: 'main',
      page,
    });
  }

  describe('that match', () => {
    it('judges every docker connection that matches, by one request for a page', async () => {
      store(
        { id: 'a_ecr' },
        { id: 'b_ecr', host: EU_HOST },
        { id: 'other' },
        { id: 'c_ecr', login: 'root' },
        { id: 'd_ecr', host: REGISTRY.toUpperCase() },
      );
      const found = await inspect([ECR]);
      assert.deepEqual(airflow.calls, ['list 0']);
      assert.deepEqual(found.writable, [
        { registry: REGISTRY, group: GROUP, connections: ['a_ecr', 'd_ecr'] },
        { registry: EU_HOST, group: 'default/eu-west-1', connections: ['b_ecr'] },
      ]);
      assert.deepEqual(
        found.refused.map(({ connection, type }) => [connection, type]),
        [['c_ecr', 'ConnectionLoginMismatch']],
      );
      assert.match(found.warnings[0] ?? '', /^Connection d_ecr of main: .*capital letters/);
      assert.equal(found.warnings.length, 1);
      assert.equal(found.nextPage, null);
    });

    it('refuses ids that no request may hold', async () => {
      const odd = ['a/b_ecr', 'a b_ecr', `${'x'.repeat(200)}_ecr`, 'ä_ecr'];
      store({ id: 'good_ecr' }, ...odd.map((id) => ({ id })));
      const found = await inspect([ECR]);
      assert.deepEqual(found.writable[0]?.connections, ['good_ecr']);
      assert.deepEqual(
        new Map(found.refused.map(({ connection, type }) => [connection, type])),
        new Map(odd.map((id) => [id, 'ConnectionIdInvalid'])),
      );
    });

    it('passes over other types silently', async () => {
      store({ id: 'a_ecr' }, { id: 'b_ecr', type: 'http' }, { id: 'c_ecr', type: 'aws', host: 'quay.io' });
      assert.deepEqual(await inspect([ECR]), {
        writable: [{ registry: REGISTRY, group: GROUP, connections: ['a_ecr'] }],
        refused: [],
        warnings: [],
        nextPage: null,
      });
    });

    it('passes over docker connections of unknown registries, counted, the first few named', async () => {
      store(...ids(7, '_ecr').map((id) => ({ id, host: 'quay.io' })), { id: 'none_ecr', host: null });
      const found = await inspect([ECR]);
      assert.deepEqual([found.writable, found.refused, found.warnings], [[], [], []]);
      assert.deepEqual(found.skipped, { count: 8, first: ids(5, '_ecr') });
    });

    it('refuses a docker connection of an unknown registry that is named by its id', async () => {
      store({ id: 'named', host: 'quay.io' });
      const found = await inspect(idRules(['named']));
      assert.equal(found.refused[0]?.type, 'ConnectionRegistryUnknown');
      assert.equal(found.skipped, undefined);
    });

    it('refuses one of another registry than its rule gives, passing over none', async () => {
      store({ id: 'a_ecr', host: EU_HOST }, { id: 'b_ecr' }, { id: 'c_ecr', host: 'quay.io' });
      const found = await inspect([{ ...ECR, registry: 'eu' }]);
      assert.deepEqual(found.writable[0]?.connections, ['a_ecr']);
      assert.deepEqual(
        found.refused.map(({ connection, type }) => [connection, type]),
        [
          ['b_ecr', 'ConnectionRegistryMismatch'],
          ['c_ecr', 'ConnectionRegistryMismatch'],
        ],
      );
    });

    it('reads the named ids first, 20 a page, then the list, 100 a page', async () => {
      const named = ids(21);
      store(...named.map((id) => ({ id })), ...ids(90, '_ecr').map((id) => ({ id })));
      const rules = [...idRules(named), ECR];
      const pages: Inspection[] = [];
      for (let page: number | null = 0; page !== null; page = pages.at(-1)?.nextPage ?? null) {
        pages.push(await inspect(rules, page));
      }
      assert.deepEqual(
        pages.map(({ writable, nextPage }) => [writable[0]?.connections.length, nextPage]),
        [
          [20, 1],
          [1, 2],
          [79, 3],
          [11, null],
        ],
      );
      assert.deepEqual(airflow.calls.slice(21), ['list 0', 'list 1']);
      const found = pages.flatMap(({ writable }) => writable.flatMap(({ connections }) => connections));
      assert.deepEqual(found.toSorted(), [...airflow.connections.keys()].toSorted());
    });

    it('judges a connection by its id, and not again where a pattern takes it in too', async () => {
      store({ id: 'a_ecr', host: EU_HOST });
      const rules: ConnectionRule[] = [...idRules(['a_ecr']), ECR];
      assert.equal((await inspect(rules, 0)).writable.length, 1);
      assert.deepEqual((await inspect(rules, 1)).writable, []);
    });

    it('does not ask for the list where nothing is to match', async () => {
      store({ id: 'a' });
      assert.equal((await inspect(idRules(['a']))).nextPage, null);
      assert.deepEqual((await inspect(idRules(['a']), 1)).writable, []);
      assert.deepEqual(airflow.calls, ['read a']);
    });
  });

  describe('when a page of the list is sick', () => {
    beforeEach(() => {
      store(...ids(150, '_ecr').map((id) => ({ id })));
      airflow.onCall = (call, page) => {
        if (call === 'list' && page === '0') throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
      };
    });

    it('fails the first three attempts', async () => {
      for (const number of [1, 2, 3]) await expectFailure('StoreUnavailable', inspect([ECR], 0, number));
    });

    it('says from the fourth on which it is, when the next page is well, and goes on there', async () => {
      const found = await inspect([ECR], 0, 4);
      assert.deepEqual([found.writable, found.nextPage], [[], 1]);
      assert.equal(found.unreadable?.type, 'StoreUnavailable');
      assert.match(found.unreadable?.message ?? '', /^Connections 1 to 100 of the list.* HTTP 500\.$/);
      assert.equal((await inspect([ECR], 1, 1)).writable[0]?.connections.length, 50);
    });

    it('goes on failing when the next page is sick too', async () => {
      airflow.onCall = () => {
        throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
      };
      await expectFailure('StoreUnavailable', inspect([ECR], 0, 50));
    });

    it('goes on failing when Airflow cannot be reached', async () => {
      airflow.onCall = () => {
        throw new RefreshFailure('StoreUnreachable', 'refused');
      };
      await expectFailure('StoreUnreachable', inspect([ECR], 0, 50));
      assert.deepEqual(airflow.calls, ['list 0']);
    });
  });

  describe('that name a registry or let a connection be made', () => {
    it('refuses a connection of another registry than its rule gives', async () => {
      store({ id: 'a' }, { id: 'b', host: EU_HOST });
      const rules = idRules(['a', 'b']).map((rule) => ({ ...rule, registry: 'eu' }));
      const found = await inspect(rules);
      assert.deepEqual(found.writable[0]?.connections, ['b']);
      assert.deepEqual(
        found.refused.map(({ connection, type }) => [connection, type]),
        [['a', 'ConnectionRegistryMismatch']],
      );
    });

    it('lists a missing connection as to be made, beside those that are there', async () => {
      store({ id: 'there', host: EU_HOST });
      const rules: ConnectionRule[] = ['there', 'gone'].map((id) => ({
        kind: 'id',
        id,
        registry: 'eu',
        ifMissing: 'create',
      }));
      assert.deepEqual(await inspect(rules), {
        writable: [
          {
            registry: EU_HOST,
            group: 'default/eu-west-1',
            connections: ['there', 'gone'],
            toCreate: ['gone'],
          },
        ],
        refused: [],
        warnings: [],
        nextPage: null,
      });
      assert.deepEqual([...airflow.connections.keys()], ['there']);
    });

    it('refuses a missing connection whose rule gives a registry but does not let it be made', async () => {
      const found = await inspect([{ kind: 'id', id: 'gone', registry: 'eu', ifMissing: 'fail' }]);
      assert.equal(found.refused[0]?.type, 'ConnectionMissing');
      assert.deepEqual(found.writable, []);
    });
  });
});

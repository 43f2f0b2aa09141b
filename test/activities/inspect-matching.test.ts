import assert from 'node:assert/strict';
import { showId } from '../../src/refresh/connection-id.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection, InspectTarget } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { typesOf } from '../fakes/failing-calls.js';
import {
  attemptOf,
  CONFIG_HASH,
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
const NAMED: InspectTarget = { named: { offset: 0, limit: 20 } };
const LISTED: InspectTarget = { listed: { offset: 0, limit: 100 } };

function ids(count: number, ending = ''): string[] {
  return Array.from({ length: count }, (_, index) => `id_${String(index).padStart(4, '0')}${ending}`);
}

describe('inspectConnections by rules', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow([]);
  });

  function inspect(
    rules: readonly ConnectionRule[],
    target: InspectTarget = LISTED,
    attemptsBefore = 0,
    claimed: readonly ConnectionRule[] = [],
  ): Promise<Inspection> {
    const source = fakeSource({ airflow, rules, claimed, registries: [EU] });
    return fakeActivities(source).inspectConnections(attemptOf(), {
      configHash: CONFIG_HASH,
      store: 'main',
      target,
      attemptsBefore,
    });
  }

  describe('that match', () => {
    it('checks every matching docker connection with one request for a part of the list', async () => {
      airflow.add(
        { id: 'a_ecr' },
        { id: 'b_ecr', host: EU_HOST },
        { id: 'other' },
        { id: 'c_ecr', login: 'root' },
        { id: 'd_ecr', host: REGISTRY.toUpperCase() },
      );
      const found = await inspect([ECR]);
      assert.deepEqual(airflow.calls, ['list 0+100 *_ecr']);
      assert.deepEqual(found.writable, [
        { registry: REGISTRY, group: GROUP, connections: ['a_ecr', 'd_ecr'] },
        { registry: EU_HOST, group: 'default/eu-west-1', connections: ['b_ecr'] },
      ]);
      assert.deepEqual(typesOf(found.refused), [['c_ecr', 'ConnectionLoginMismatch']]);
      assert.match(found.warnings[0] ?? '', /^Connection d_ecr of main: .*upper-case letters/);
      assert.equal(found.warnings.length, 1);
      assert.deepEqual(found.list, { rows: 4, total: 4, isComplete: true, first: 'a_ecr' });
    });

    it('reads the requested part', async () => {
      airflow.add(...ids(150, '_ecr').map((id) => ({ id })));
      const { writable, list } = await inspect([ECR], { listed: { offset: 100, limit: 100 } });
      assert.deepEqual(writable[0]?.connections, ids(150, '_ecr').slice(100));
      assert.deepEqual([list?.rows, list?.total], [50, 150]);
    });

    it('refuses ids that are not valid in a request', async () => {
      const invalid = ['a/b_ecr', 'a b_ecr', `${'x'.repeat(200)}_ecr`, 'a\u0000_ecr', 'ä\u202e_ecr'];
      airflow.add({ id: 'good_ecr' }, ...invalid.map((id) => ({ id })));
      const found = await inspect([ECR]);
      assert.deepEqual(found.writable[0]?.connections, ['good_ecr']);
      assert.deepEqual(
        new Map(typesOf(found.refused)),
        new Map(invalid.map((id) => [showId(id), 'ConnectionIdInvalid'])),
      );
    });

    it('states which characters of an id are not valid, and shows what a terminal would hide', async () => {
      airflow.add({ id: 'a/b_ecr' }, { id: 'a\u001b[2J_ecr' }, { id: 'b\u0007_ecr', login: 'ops' });
      const { refused } = await inspect([ECR]);
      assert.deepEqual(
        refused.map(({ connection, message }) => [connection, message]),
        [
          [
            'a\\u001b[2J_ecr',
            'Connection "a\\u001b[2J_ecr" was not changed: its id contains a control character (U+001B) and `[`.',
          ],
          ['a/b_ecr', 'Connection "a/b_ecr" was not changed: its id contains a slash.'],
          ['b\\u0007_ecr', 'Connection b\\u0007_ecr was not changed: its login is "ops", not "AWS".'],
        ],
      );
    });

    it('finds ids with letters of all languages, and compares them by code points', async () => {
      airflow.add({ id: 'équipe_ecr' }, { id: 'e\u0301quipe_ecr' }, { id: '数据_ecr' }, { id: '𝔘_ecr' });
      const listed = await inspect([
        { kind: 'match', pattern: '?quipe_ecr' },
        { kind: 'match', pattern: '?_ecr' },
      ]);
      assert.deepEqual(listed.writable[0]?.connections, ['équipe_ecr', '𝔘_ecr']);
    });

    it('skips other types silently', async () => {
      airflow.add(
        { id: 'a_ecr' },
        { id: 'b_ecr', type: 'http' },
        { id: 'c_ecr', type: 'aws', host: 'quay.io' },
      );
      assert.deepEqual(await inspect([ECR]), {
        writable: [{ registry: REGISTRY, group: GROUP, connections: ['a_ecr'] }],
        refused: [],
        toRetry: [],
        warnings: [],
        list: { rows: 3, total: 3, isComplete: true, first: 'a_ecr' },
      });
    });

    it('skips docker connections of unknown registries, and returns their number and the first ids', async () => {
      airflow.add(...ids(7, '_ecr').map((id) => ({ id, host: 'quay.io' })), { id: 'none_ecr', host: null });
      const found = await inspect([ECR]);
      assert.deepEqual([found.writable, found.refused, found.warnings], [[], [], []]);
      assert.deepEqual(found.skipped, { count: 8, first: ids(5, '_ecr') });
    });

    it('refuses a docker connection of an unknown registry that is named by its id', async () => {
      airflow.add({ id: 'named', host: 'quay.io' });
      const found = await inspect(idRules(['named']), NAMED);
      assert.deepEqual(typesOf(found.refused), [['named', 'ConnectionRegistryUnknown']]);
      assert.equal(found.skipped, undefined);
    });

    it('refuses a connection of another registry than its rule names, and skips none', async () => {
      airflow.add({ id: 'a_ecr', host: EU_HOST }, { id: 'b_ecr' }, { id: 'c_ecr', host: 'quay.io' });
      const found = await inspect([{ ...ECR, registry: 'eu' }]);
      assert.deepEqual(found.writable[0]?.connections, ['a_ecr']);
      assert.deepEqual(typesOf(found.refused), [
        ['b_ecr', 'ConnectionRegistryMismatch'],
        ['c_ecr', 'ConnectionRegistryMismatch'],
      ]);
      assert.equal(found.skipped, undefined);
    });

    it('inspects a connection by its id, and not again when a pattern also matches it', async () => {
      airflow.add({ id: 'a_ecr', host: EU_HOST });
      const rules: ConnectionRule[] = [...idRules(['a_ecr']), ECR];
      assert.equal((await inspect(rules, NAMED)).writable.length, 1);
      assert.deepEqual((await inspect(rules, LISTED)).writable, []);
    });

    it('does not request the list for named connections', async () => {
      airflow.add({ id: 'a' });
      await inspect([...idRules(['a']), ECR], NAMED);
      assert.deepEqual(airflow.calls, ['read a']);
    });

    it('reports that lists omit fields', async () => {
      airflow.isComplete = false;
      airflow.add({ id: 'a_ecr' });
      assert.equal((await inspect([ECR])).list?.isComplete, false);
    });
  });

  describe('of which several match a connection', () => {
    const byId: ConnectionRule = { kind: 'id', id: 'a_ecr', registry: 'eu', ifMissing: 'create' };

    it('checks it by a pattern that comes before its id, and creates nothing', async () => {
      airflow.add({ id: 'a_ecr' });
      const rules = [ECR, byId];
      assert.deepEqual((await inspect(rules, NAMED)).writable, []);
      assert.deepEqual((await inspect(rules)).writable, [
        { registry: REGISTRY, group: GROUP, connections: ['a_ecr'] },
      ]);
      airflow.connections.clear();
      const again = await inspect(rules, { connections: ['a_ecr'] });
      assert.deepEqual([again.writable, typesOf(again.refused)], [[], [['a_ecr', 'ConnectionMissing']]]);
    });

    it('checks it by the first of two patterns', async () => {
      airflow.add({ id: 'a_ecr' }, { id: 'a_2' });
      const first: ConnectionRule = { kind: 'match', pattern: 'a_*', registry: 'eu' };
      const found = await inspect([ECR, first]);
      assert.deepEqual(found.writable[0]?.connections, ['a_ecr']);
      assert.deepEqual(typesOf(found.refused), [['a_2', 'ConnectionRegistryMismatch']]);
      assert.deepEqual(typesOf((await inspect([first, ECR])).refused), [
        ['a_2', 'ConnectionRegistryMismatch'],
        ['a_ecr', 'ConnectionRegistryMismatch'],
      ]);
    });

    it('skips it when an earlier store of the same Airflow claims it, and does not read it', async () => {
      airflow.add({ id: 'a_ecr' }, { id: 'b_ecr' }, { id: 'c' });
      airflow.malformed.add('b_ecr');
      const rules: ConnectionRule[] = [byId, { kind: 'match', pattern: '*' }];
      const found = await inspect(rules, LISTED, 0, [ECR]);
      assert.deepEqual(found.writable, [{ registry: REGISTRY, group: GROUP, connections: ['c'] }]);
      assert.deepEqual(found.refused, []);
      airflow.calls.length = 0;
      assert.deepEqual((await inspect(rules, NAMED, 0, [ECR])).writable, []);
      await expectFailure('InputNotAllowed', inspect(rules, { connections: ['c', 'a_ecr'] }, 0, [ECR]));
      assert.deepEqual(airflow.calls, []);
    });
  });

  describe('when rows of the list cannot be read', () => {
    beforeEach(() => {
      airflow.add(...ids(30, '_ecr').map((id) => ({ id })));
    });

    it('fails in the first attempt, and names the row from the second on, next to the connections read', async () => {
      airflow.onCall = (call, what) => {
        const [offset = 0, limit = 0] = what.split(/[+ ]/).map(Number);
        if (call === 'list' && offset <= 7 && 7 < offset + limit) {
          throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
        }
      };
      await expectFailure('StoreUnavailable', inspect([ECR]));
      const second = await inspect([ECR], LISTED, 1);
      const fourth = await inspect([ECR], LISTED, 3);
      assert.deepEqual([second.refused, fourth.list?.toRetry], [[], undefined]);
      assert.deepEqual(second.list?.toRetry, fourth.refused);
      for (const { writable, list } of [second, fourth]) {
        assert.deepEqual([writable[0]?.connections.length, list?.rows], [29, 30]);
      }
      assert.deepEqual(
        fourth.refused.map(({ connection, type, scope, message }) => [connection, type, scope, message]),
        [
          [
            'row 8 of the list (after id_0006_ecr, before id_0008_ecr)',
            'ConnectionUnavailable',
            'store',
            'HTTP 500.',
          ],
        ],
      );
    });

    it('refuses a malformed row that a pattern matches', async () => {
      airflow.malformed.add('id_0003_ecr');
      const { writable, refused } = await inspect([ECR]);
      assert.equal(writable[0]?.connections.length, 29);
      assert.deepEqual(typesOf(refused), [['id_0003_ecr', 'ConnectionUnavailable']]);
    });

    it('does not report a malformed row that no pattern matches, or that is named by its id', async () => {
      airflow.add({ id: 'other' });
      airflow.malformed.add('other').add('id_0003_ecr');
      const two: ConnectionRule[] = [...idRules(['id_0003_ecr']), ECR, { kind: 'match', pattern: 'x_*' }];
      const { refused, list } = await inspect(two);
      assert.deepEqual([refused, list?.rows], [[], 31]);
    });

    it('still fails when every request for the list fails', async () => {
      airflow.onCall = () => {
        throw new RefreshFailure('StoreUnreachable', 'refused');
      };
      await expectFailure('StoreUnreachable', inspect([ECR], LISTED, 50));
      assert.equal(airflow.calls.length, 1);
    });
  });

  describe('that name a registry or allow the creation of a connection', () => {
    it('refuses a connection of another registry than its rule gives', async () => {
      airflow.add({ id: 'a' }, { id: 'b', host: EU_HOST });
      const rules = idRules(['a', 'b']).map((rule) => ({ ...rule, registry: 'eu' }));
      const found = await inspect(rules, NAMED);
      assert.deepEqual(found.writable[0]?.connections, ['b']);
      assert.deepEqual(typesOf(found.refused), [['a', 'ConnectionRegistryMismatch']]);
    });

    it('returns a missing connection for creation, in addition to the existing ones', async () => {
      airflow.add({ id: 'there', host: EU_HOST });
      const rules: ConnectionRule[] = ['there', 'gone'].map((id) => ({
        kind: 'id',
        id,
        registry: 'eu',
        ifMissing: 'create',
      }));
      assert.deepEqual(await inspect(rules, NAMED), {
        writable: [
          {
            registry: EU_HOST,
            group: 'default/eu-west-1',
            connections: ['there', 'gone'],
            toCreate: ['gone'],
          },
        ],
        refused: [],
        toRetry: [],
        warnings: [],
      });
      assert.deepEqual([...airflow.connections.keys()], ['there']);
    });

    it('refuses a missing connection whose rule gives a registry but does not allow its creation', async () => {
      const found = await inspect([{ kind: 'id', id: 'gone', registry: 'eu', ifMissing: 'fail' }], NAMED);
      assert.deepEqual([found.writable, typesOf(found.refused)], [[], [['gone', 'ConnectionMissing']]]);
    });
  });
});

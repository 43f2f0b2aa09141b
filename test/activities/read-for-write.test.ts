import assert from 'node:assert/strict';
import { readForWrite, type ReadConnections } from '../../src/activities/read-for-write.js';
import type { Range } from '../../src/refresh/activity-types.js';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { toIds, typesOf } from '../fakes/failing-calls.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  fakeSource,
} from '../fakes/fake-ports.js';
import { fakeWrite, KEPT, OBJECTIONS, type FakeWriteOptions } from '../fakes/fake-write.js';
import { EU_REGISTRY, GROUP, REGISTRY } from '../fakes/fake-steps.js';

const IDS = toIds(30);
const LISTED: Range = { offset: 0, limit: 100 };

describe('readForWrite', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow(IDS.map((id) => dockerConnection({ id })));
  });

  interface Reading extends FakeWriteOptions {
    /** Connections that this worker has read recently. */
    readonly recent?: readonly ConnectionRecord[];
    readonly listed?: Range;
  }

  function read(
    ids: readonly string[],
    { recent = [], listed, ...options }: Reading = {},
  ): Promise<ReadConnections> {
    const write = fakeWrite({ airflow, connections: IDS, ...options });
    for (const record of recent) write.context.shared.recentReads.add(write.store, record);
    return readForWrite(write, ids, listed);
  }

  function recordsOf(ids: readonly string[]): ConnectionRecord[] {
    return ids.map((id) => dockerConnection({ id }));
  }

  function idsOf({ records }: ReadConnections): string[] {
    return records.map(({ id }) => id);
  }

  describe('in the first attempt', () => {
    it('sends no request for connections that this worker has just read', async () => {
      const found = await read(IDS, { recent: recordsOf(IDS), listed: LISTED });
      assert.deepEqual([found.records, airflow.calls], [recordsOf(IDS), []]);
    });

    it('reads connections that are not from a list by id, except those read before', async () => {
      const found = await read(['id_00', 'id_01', 'id_02'], { recent: recordsOf(['id_01']) });
      assert.deepEqual(idsOf(found).toSorted(), ['id_00', 'id_01', 'id_02']);
      assert.deepEqual(airflow.calls, ['read id_00', 'read id_02']);
    });

    it('reads a part of the list again with one request when one of its connections was not read', async () => {
      const found = await read(IDS, { recent: recordsOf(IDS.slice(1)), listed: LISTED });
      assert.deepEqual([idsOf(found), airflow.calls], [IDS, ['list 0+100 *']]);
    });

    it('uses a recent read only once', async () => {
      const write = fakeWrite({ airflow, connections: IDS });
      write.context.shared.recentReads.add(write.store, dockerConnection({ id: 'id_00' }));
      await readForWrite(write, ['id_00'], undefined);
      await readForWrite(write, ['id_00'], undefined);
      assert.deepEqual(airflow.calls, ['read id_00']);
    });
  });

  // A later attempt reads one row of the list first.
  for (const { title, retry, row = [] } of [
    { title: 'in the second attempt', retry: { attempt: { number: 2 } }, row: [74] },
    { title: 'in the first attempt of a retry', retry: { attemptsBefore: 1 } },
  ]) {
    describe(title, () => {
      it('reads all connections again from the list, even those read before', async () => {
        airflow.add({ id: 'id_05', host: EU_REGISTRY });
        const found = await read(IDS, { recent: recordsOf(IDS), listed: LISTED, ...retry });
        assert.deepEqual(airflow.calls, [...row.map((at) => `list ${at}+1 *`), 'list 0+100 *']);
        assert.deepEqual(typesOf(found.refused), [['id_05', 'ConnectionRegistryChanged']]);
        assert.equal(found.records.length, 29);
      });

      it('reads connections that are not from a list by id', async () => {
        await read(['id_00', 'id_01'], { recent: recordsOf(['id_00', 'id_01']), ...retry });
        assert.deepEqual(airflow.calls.toSorted(), ['read id_00', 'read id_01']);
      });

      it('reads a single connection of a list by id', async () => {
        await read(['id_00'], { listed: LISTED, ...retry });
        assert.deepEqual(airflow.calls, ['read id_00']);
      });

      it('reads connections that have moved in the list by id', async () => {
        const found = await read(IDS, { listed: { offset: 2, limit: 100 }, ...retry });
        assert.deepEqual(new Set(idsOf(found)), new Set(IDS));
        assert.deepEqual(airflow.calls, [
          ...row.map((at) => `list ${at + 2}+1 *`),
          'list 2+100 *',
          'read id_00',
          'read id_01',
        ]);
      });

      it('reads all connections by id when the list omits fields', async () => {
        airflow.isComplete = false;
        airflow.add({ id: 'id_01', extra: '{"reauth":false}' });
        const found = await read(['id_00', 'id_01'], { listed: LISTED, ...retry });
        assert.deepEqual(idsOf(found), ['id_00']);
        assert.deepEqual(typesOf(found.refused), [['id_01', 'ConnectionReauthDisabled']]);
        assert.deepEqual(airflow.callsOf('read').toSorted(), ['id_00', 'id_01']);
      });

      it('reads all connections by id when the list fails', async () => {
        airflow.onCall = (call) => {
          if (call === 'list') throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
        };
        const found = await read(IDS, { listed: LISTED, ...retry });
        assert.deepEqual(idsOf(found), IDS);
      });
    });
  }

  it('sends few requests to a store that is down', async () => {
    airflow.onCall = () => {
      throw new RefreshFailure('StoreUnreachable', 'no route');
    };
    await expectFailure('StoreUnreachable', read(IDS, { listed: LISTED, attemptsBefore: 1 }));
    // The list, five connections, and one row as evidence.
    assert.equal(airflow.calls.length, 1 + 5 + 1);
    assert.equal(airflow.calls.at(-1), 'list 0+1 *');
  });

  for (const { title, retry, scope, reads } of [
    { title: 'once in the first attempt', retry: {}, scope: 'store', reads: 1 },
    {
      title: 'three times in a retry, when the list shows that others can be read',
      retry: { attemptsBefore: 1 },
      scope: 'connection',
      reads: 3,
    },
  ]) {
    it(`reads a single connection with a server error ${title}`, async () => {
      airflow.onCall = (call) => {
        if (call === 'read') throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
      };
      const failure = await expectFailure('StoreUnavailable', read(['id_00'], retry));
      assert.deepEqual([failure.scope, airflow.callsOf('read').length], [scope, reads]);
    });
  }

  it('in the fourth attempt, refuses a connection that cannot be read while others can', async () => {
    airflow.onCall = (call) => {
      if (call === 'read') throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
    };
    const { refused } = await read(['id_00'], { attemptsBefore: 3 });
    assert.deepEqual(typesOf(refused), [['id_00', 'ConnectionUnavailable']]);
  });

  it('returns a connection as it is stored', async () => {
    const stored = dockerConnection({ id: 'id_00', ...KEPT });
    airflow.connections.set('id_00', stored);
    assert.deepEqual((await read(['id_00'])).records, [stored]);
  });

  for (const { title, changes, type } of OBJECTIONS) {
    it(`refuses only a connection that now ${title}`, async () => {
      airflow.add({ id: 'id_01', ...changes });
      const found = await read(['id_00', 'id_01', 'id_02']);
      assert.deepEqual(idsOf(found), ['id_00', 'id_02']);
      assert.deepEqual([typesOf(found.refused), found.toRetry], [[['id_01', type]], []]);
    });
  }

  it('refuses only a missing connection', async () => {
    airflow.connections.delete('id_01');
    const found = await read(['id_00', 'id_01', 'id_02']);
    assert.deepEqual(idsOf(found), ['id_00', 'id_02']);
    assert.deepEqual(typesOf(found.refused), [['id_01', 'ConnectionMissing']]);
  });

  it('refuses a connection whose request is rejected, and returns one that fails for a retry', async () => {
    airflow.onCall = (_call, id) => {
      if (id === 'id_01') throw new RefreshFailure('StoreRequestRejected', 'HTTP 422.');
      if (id === 'id_02') throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
    };
    const found = await read(['id_00', 'id_01', 'id_02', 'id_03']);
    assert.deepEqual(idsOf(found), ['id_00', 'id_03']);
    assert.deepEqual(typesOf(found.refused), [['id_01', 'StoreRequestRejected']]);
    assert.deepEqual(typesOf(found.toRetry), [['id_02', 'StoreUnavailable']]);
  });

  it('returns a connection whose request hangs for a retry', async () => {
    airflow.onCall = (_call, id) => (id === 'id_01' ? new Promise<void>(() => undefined) : undefined);
    const found = await read(['id_00', 'id_01', 'id_02'], { attempt: { limitMs: 600 } });
    assert.deepEqual(
      [idsOf(found), typesOf(found.toRetry)],
      [['id_00', 'id_02'], [['id_01', 'StoreUnreachable']]],
    );
  });

  describe('for a forged update', () => {
    /** Sends the update to a worker that has inspected nothing. */
    async function forge(changes: Partial<ConnectionRecord>, listed?: Range) {
      airflow = new FakeAirflow([
        dockerConnection({ id: 'id_00', ...changes }),
        dockerConnection({ id: 'id_01' }),
      ]);
      airflow.atOnce = 100;
      return fakeActivities(fakeSource({ airflow, connections: IDS })).updateConnections(attemptOf(), {
        configHash: CONFIG_HASH,
        store: 'main',
        registry: REGISTRY,
        group: GROUP,
        connections: ['id_00', 'id_01'],
        ...(listed ? { listed } : {}),
        attemptsBefore: 0,
      });
    }

    it('reads each connection before it writes it', async () => {
      assert.deepEqual((await forge({})).written.toSorted(), ['id_00', 'id_01']);
      assert.deepEqual(airflow.calls.slice(0, 2).toSorted(), ['read id_00', 'read id_01']);
    });

    it('refuses a connection that was read for another registry', async () => {
      const found = await read(['id_00'], { recent: recordsOf(['id_00']), registry: EU_REGISTRY });
      assert.deepEqual(
        [found.records, typesOf(found.refused)],
        [[], [['id_00', 'ConnectionRegistryChanged']]],
      );
    });

    for (const { title, changes, type } of OBJECTIONS) {
      for (const listed of [undefined, LISTED]) {
        const where = listed ? ' with a part of the list' : '';
        it(`never writes a connection${where} that ${title}`, async () => {
          const { written, refused } = await forge(changes, listed);
          assert.deepEqual(written, ['id_01']);
          assert.deepEqual(typesOf(refused), [['id_00', type]]);
          assert.deepEqual([...airflow.passwords.keys()], ['id_01']);
        });
      }
    }
  });
});

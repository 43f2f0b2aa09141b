import assert from 'node:assert/strict';
import { writePasswords, type Writes } from '../../src/activities/write-passwords.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { toIds, typesOf } from '../fakes/failing-calls.js';
import { dockerConnection, FakeAirflow } from '../fakes/fake-ports.js';
import { fakeWrite, KEPT, OBJECTIONS, PASSWORD, type FakeWriteOptions } from '../fakes/fake-write.js';

const IDS = toIds(60);

describe('writePasswords', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow(IDS.map((id) => dockerConnection({ id })));
    airflow.atOnce = 100;
  });

  /** Writes connections as they were read before. */
  function write(ids: readonly string[] = IDS, options: FakeWriteOptions = {}): Promise<Writes> {
    const records = ids.map((id) => dockerConnection({ id }));
    return writePasswords(fakeWrite({ airflow, connections: IDS, ...options }), records);
  }

  it('sends no request without connections', async () => {
    assert.deepEqual(await write([]), { written: [], refused: [], toRetry: [] });
    assert.deepEqual(airflow.calls, []);
  });

  it('writes ten connections one by one', async () => {
    const ids = IDS.slice(0, 10);
    assert.deepEqual(await write(ids), { written: ids, refused: [], toRetry: [] });
    assert.deepEqual(airflow.callsOf('write'), ids);
    assert.equal(airflow.calls.length, 10);
  });

  it('writes eleven connections with one request', async () => {
    const ids = IDS.slice(0, 11);
    assert.deepEqual(await write(ids), { written: ids, refused: [], toRetry: [] });
    assert.deepEqual(airflow.calls, [`bulk ${ids.join(' ')}`]);
    assert.deepEqual(
      [...airflow.passwords],
      ids.map((id) => [id, PASSWORD]),
    );
  });

  it('changes nothing but the password', async () => {
    const stored = dockerConnection({ id: 'id_00', ...KEPT });
    airflow.connections.set('id_00', stored);
    await write(IDS.slice(0, 1));
    await write(IDS);
    assert.deepEqual(airflow.connections.get('id_00'), stored);
  });

  describe('one by one', () => {
    const THREE = IDS.slice(0, 3);

    for (const { title, changes } of [...OBJECTIONS, { title: 'has another id', changes: { id: 'id_00' } }]) {
      it(`does not confirm a write after which the connection ${title}`, async () => {
        airflow.afterWrite = (stored) => (stored.id === 'id_01' ? { ...stored, ...changes } : stored);
        const { written, refused, toRetry } = await write(THREE);
        assert.deepEqual([written, toRetry], [['id_00', 'id_02'], []]);
        assert.deepEqual(typesOf(refused), [['id_01', 'WriteUnconfirmed']]);
        assert.equal(refused[0]?.scope, 'connection');
      });
    }

    for (const { id, named } of [
      { id: 'id_00', named: 'connection id_00' },
      { id: 'a\u001b[2J', named: 'another connection' },
    ]) {
      it(`reports ${named} in the response to the write of another one`, async () => {
        airflow.afterWrite = (stored) => ({ ...stored, id });
        const { written, refused } = await write(['id_01']);
        assert.deepEqual(written, []);
        assert.deepEqual(
          refused.map(({ type, message }) => [type, message]),
          [['WriteUnconfirmed', `Airflow main returned ${named} instead of id_01 when it was written.`]],
        );
      });
    }

    it('reports a connection as missing that is gone when it is written', async () => {
      airflow.connections.delete('id_02');
      const { written, refused } = await write(THREE);
      assert.deepEqual([written, typesOf(refused)], [['id_00', 'id_01'], [['id_02', 'ConnectionMissing']]]);
    });

    it('refuses a connection whose write the store rejects, and writes the others', async () => {
      airflow.failAt({ 'write id_01': 'StoreRequestRejected' });
      const { written, refused } = await write(THREE);
      assert.deepEqual(written, ['id_00', 'id_02']);
      assert.deepEqual(
        refused.map(({ connection, type, scope, message }) => [connection, type, scope, message]),
        [['id_01', 'StoreRequestRejected', 'connection', 'write id_01 failed']],
      );
    });

    it('returns a connection with a server error for a retry, and writes the others', async () => {
      airflow.failAt({ 'write id_01': 'StoreUnavailable' });
      const { written, toRetry } = await write(THREE);
      assert.deepEqual([written, typesOf(toRetry)], [['id_00', 'id_02'], [['id_01', 'StoreUnavailable']]]);
    });

    it('treats a failed result like a failed request', async () => {
      airflow.write = async ([record]) => {
        const id = record?.id ?? '';
        const failure = new RefreshFailure('StoreUnavailable', 'HTTP 500.');
        return id === 'id_01' ? [{ id, outcome: 'failed', failure }] : [{ id, outcome: 'written' }];
      };
      const { written, toRetry } = await write(THREE);
      assert.deepEqual([written, typesOf(toRetry)], [['id_00', 'id_02'], [['id_01', 'StoreUnavailable']]]);
    });

    it('fails when none could be written', async () => {
      airflow.failAt({ write: 'StoreUnavailable' });
      const { connections } = await expectFailure('StoreUnavailable', write(THREE));
      assert.deepEqual(connections, THREE);
      assert.equal(airflow.passwords.size, 0);
    });

    it('returns a connection whose write hangs for a retry, and writes the others', async () => {
      airflow.onCall = (_call, id) => (id === 'id_01' ? new Promise<void>(() => undefined) : undefined);
      const { written, toRetry } = await write(THREE, { attempt: { limitMs: 600 } });
      assert.deepEqual([written, typesOf(toRetry)], [['id_00', 'id_02'], [['id_01', 'StoreUnreachable']]]);
    });
  });

  describe('in bulk', () => {
    it('writes one by one when the store does not support bulk requests', async () => {
      airflow.atOnce = 1;
      assert.deepEqual((await write()).written, IDS);
      assert.deepEqual([airflow.callsOf('bulk').length, airflow.callsOf('write').length], [0, 60]);
    });

    for (const type of [
      'StoreForbidden',
      'StoreRequestRejected',
      'StoreUnavailable',
      'StoreUnreachable',
    ] as const) {
      it(`continues one by one after ${type}, and sends no second bulk request`, async () => {
        airflow.failAt({ bulk: type });
        assert.deepEqual(await write(), { written: IDS, refused: [], toRetry: [] });
        assert.deepEqual([airflow.callsOf('bulk').length, airflow.callsOf('write')], [1, IDS]);
      });
    }

    it('isolates the connection for which it fails', async () => {
      airflow.failAt({ bulk: 'StoreUnavailable', 'write id_04': 'StoreUnavailable' });
      const { written, toRetry } = await write();
      assert.deepEqual([written.length, typesOf(toRetry)], [59, [['id_04', 'StoreUnavailable']]]);
    });

    it('continues one by one when it hangs', async () => {
      airflow.onCall = (call) => (call === 'bulk' ? new Promise<void>(() => undefined) : undefined);
      const { written } = await write(IDS, { attempt: { limitMs: 600 } });
      assert.deepEqual(written, IDS);
    });

    it('sends few further requests to a store that is down', async () => {
      airflow.failAt({ bulk: 'StoreUnreachable', write: 'StoreUnreachable' });
      await expectFailure('StoreUnreachable', write());
      assert.equal(airflow.calls.length, 1 + 5);
    });

    it('stops at StoreUnauthorized', async () => {
      airflow.failAt({ bulk: 'StoreUnauthorized' });
      await expectFailure('StoreUnauthorized', write());
      assert.equal(airflow.calls.length, 1);
    });

    it('does not continue one by one while the store throttles, and ends with the attempt', async () => {
      const controller = new AbortController();
      airflow.onCall = () => {
        setTimeout(() => controller.abort(), 1);
        throw new RefreshFailure('StoreThrottled', 'HTTP 429.');
      };
      await expectFailure('StoreThrottled', write(IDS, { attempt: { signal: controller.signal } }));
      assert.equal(airflow.calls.length, 1);
    });

    it('rethrows an error that is not in the catalogue', async () => {
      airflow.onCall = () => {
        throw new TypeError('a bug');
      };
      await assert.rejects(write(), TypeError);
      assert.equal(airflow.calls.length, 1);
    });

    it('refuses only a missing and a rejected connection, and returns a failing one for a retry', async () => {
      airflow.connections.delete('id_02');
      airflow.failAt({ 'write id_04': 'StoreRequestRejected', 'write id_07': 'StoreUnavailable' });
      const { written, refused, toRetry } = await write();
      assert.equal(written.length, 57);
      assert.deepEqual(typesOf(refused), [
        ['id_02', 'ConnectionMissing'],
        ['id_04', 'StoreRequestRejected'],
      ]);
      assert.deepEqual(typesOf(toRetry), [['id_07', 'StoreUnavailable']]);
      assert.ok([...refused, ...toRetry].every(({ scope }) => scope === 'connection'));
      assert.ok(['id_02', 'id_04', 'id_07'].every((id) => !airflow.passwords.has(id)));
      assert.equal(airflow.calls.length, 1);
    });

    it('keeps the scope of a failure that concerns all connections', async () => {
      airflow.failAt({ write: 'StoreUnavailable' });
      const { written, toRetry } = await write();
      assert.deepEqual([written, toRetry.length], [[], 60]);
      assert.ok(toRetry.every(({ scope }) => scope === 'store'));
    });

    it('keeps the written connections when a later request to the store fails', async () => {
      airflow.atOnce = 25;
      airflow.failAt({ [`bulk ${IDS.slice(25, 50).join(' ')}`]: 'StoreUnavailable' });
      const { written, toRetry } = await write();
      assert.deepEqual(written, [...IDS.slice(0, 25), ...IDS.slice(50)]);
      assert.deepEqual(
        typesOf(toRetry),
        IDS.slice(25, 50).map((id) => [id, 'StoreUnavailable']),
      );
    });

    for (const { title, change } of [
      {
        title: 'does not count a connection as written without a result from the store',
        change: (id: string) => (id === 'id_07' ? [] : [{ id, outcome: 'written' } as const]),
      },
      {
        title: 'does not count a connection as written that it did not send',
        change: (id: string) => [{ id: id === 'id_07' ? 'other' : id, outcome: 'written' } as const],
      },
    ]) {
      it(title, async () => {
        airflow.write = async (records) => records.flatMap(({ id }) => change(id));
        const { written, toRetry } = await write();
        assert.deepEqual(
          written,
          IDS.filter((id) => id !== 'id_07'),
        );
        assert.deepEqual(typesOf(toRetry), [['id_07', 'WriteUnconfirmed']]);
      });
    }
  });
});

import assert from 'node:assert/strict';
import { writePasswords, type Writes } from '../../src/activities/write-passwords.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { dockerConnection, FakeAirflow } from '../fakes/fake-ports.js';
import { EU_REGISTRY } from '../fakes/fake-steps.js';
import { fakeWrite, PASSWORD, type FakeWriteOptions } from '../fakes/fake-write.js';

const IDS = ['id_00', 'id_01', 'id_50'];

describe('writePasswords', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow(IDS.map((id) => dockerConnection({ id })));
  });

  function write(ids: readonly string[], options: FakeWriteOptions): Promise<Writes> {
    const records = ids.map((id) => dockerConnection({ id }));
    return writePasswords(fakeWrite({ airflow, connections: IDS, ...options }), records);
  }

  describe('with a witness: a connection written earlier in this run', () => {
    const RETRY = { attemptsBefore: 1, witness: 'id_50' };

    it('does not write it in the first attempt, or when another is written', async () => {
      airflow.failAt({ 'write id_01': 'StoreUnreachable' });
      await expectFailure('StoreUnreachable', write(['id_01'], { witness: 'id_50' }));
      await write(['id_00', 'id_01'], RETRY);
      assert.ok(!airflow.passwords.has('id_50'));
    });

    it('reads and writes it when all others fail, and then attributes the failures to them', async () => {
      airflow.failAt({ 'write id_01': 'StoreUnreachable' });
      const { scope } = await expectFailure('StoreUnreachable', write(['id_01'], RETRY));
      assert.equal(scope, 'connection');
      assert.deepEqual(airflow.calls, ['write id_01', 'read id_50', 'write id_50']);
      assert.deepEqual([...airflow.passwords], [['id_50', PASSWORD]]);
    });

    it('fails with the failure of the store when it cannot be written either', async () => {
      airflow.failAt({ write: 'StoreUnavailable' });
      const options = { ...RETRY, attemptsBefore: 5 };
      const { scope } = await expectFailure('StoreUnavailable', write(['id_01'], options));
      assert.equal(scope, 'store');
      assert.deepEqual(airflow.callsOf('write'), ['id_01', 'id_50']);
    });

    for (const { title, change } of [
      {
        title: 'now points to another registry',
        change: () => airflow.add({ id: 'id_50', host: EU_REGISTRY }),
      },
      { title: 'is now missing', change: () => airflow.connections.delete('id_50') },
      {
        title: 'is gone when it is written',
        change: () => (airflow.afterWrite = () => undefined),
      },
    ]) {
      it(`does not write it, or use it as evidence, when it ${title}`, async () => {
        airflow.failAt({ 'write id_01': 'StoreUnreachable' });
        change();
        const options = { ...RETRY, attemptsBefore: 5 };
        const { scope } = await expectFailure('StoreUnreachable', write(['id_01'], options));
        assert.equal(scope, 'store');
        assert.equal(airflow.passwords.size, 0);
      });
    }
  });
});

import assert from 'node:assert/strict';
import type { Attempt } from '../../src/refresh/attempt.js';
import { FAILURES, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { UpdateOutcome } from '../../src/refresh/activity-types.js';
import { toPartialOutcome, type UpdateProgress } from '../../src/refresh/update-progress.js';
import { Secret } from '../../src/log/secret.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  issuedToken,
  NOW,
  TOKEN_GROUP,
} from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

const HOUR_MS = 3_600_000;
const IDS = Array.from({ length: 60 }, (_, index) => `id_${String(index).padStart(2, '0')}`);

describe('updateConnections of many', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let noted: unknown;
  let now: Date;

  beforeEach(() => {
    airflow = new FakeAirflow(IDS.map((id) => dockerConnection({ id })));
    airflow.atOnce = 100;
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    noted = undefined;
    now = NOW;
  });

  /** An attempt on a worker of its own, which has no token yet. */
  function update(
    changes: Partial<Attempt> = {},
    connections: readonly string[] = IDS,
  ): Promise<UpdateOutcome> {
    const parts = { issuer, registry: registries, now: () => now };
    const note = (progress: object): void => {
      noted = JSON.parse(JSON.stringify(progress));
    };
    return fakeActivities(fakeSource({ airflow, connections: IDS }), parts).updateConnections(
      attemptOf({ note, noted, ...changes }),
      { configHash: CONFIG_HASH, store: 'main', registry: REGISTRY, group: TOKEN_GROUP.name, connections },
    );
  }

  function failAt(calls: Readonly<Record<string, FailureType>>): void {
    airflow.onCall = (call, id) => {
      const type = calls[`${call} ${id}`] ?? calls[call];
      if (type) throw new RefreshFailure(type, `trouble at ${call}`);
    };
  }

  function callsOf(kind: string): string[] {
    return airflow.calls.filter((call) => call.startsWith(`${kind} `));
  }

  it('looks at 25 connections at a time, and writes these by one request', async () => {
    const { refreshed, failed } = await update();
    assert.deepEqual([refreshed, failed], [IDS, []]);
    const part = (start: number, end: number): string[] => [
      ...IDS.slice(start, end).map((id) => `read ${id}`),
      `bulk ${IDS.slice(start, end).join(' ')}`,
    ];
    // The last ten are few enough for single writes.
    const singles = IDS.slice(50).flatMap((id) => [`read ${id}`, `write ${id}`]);
    assert.deepEqual(airflow.calls, [...part(0, 25), ...part(25, 50), ...singles]);
    assert.deepEqual(
      [...airflow.passwords],
      IDS.map((id) => [id, 'password-1']),
    );
  });

  it('writes ten connections one by one, and eleven by one request', async () => {
    await update({}, IDS.slice(0, 10));
    assert.deepEqual([callsOf('bulk').length, callsOf('write').length], [0, 10]);
    await update({ noted: undefined }, IDS.slice(0, 11));
    assert.deepEqual([callsOf('bulk').length, callsOf('write').length], [1, 10]);
  });

  it('writes by one request no more than that may take', async () => {
    airflow.atOnce = 16;
    await update({}, IDS.slice(0, 25));
    assert.deepEqual(
      callsOf('bulk').map((call) => call.split(' ').length - 1),
      [16, 9],
    );
  });

  it('writes one by one where Airflow has no bulk request', async () => {
    airflow.atOnce = 1;
    assert.deepEqual((await update()).refreshed, IDS);
    assert.deepEqual([callsOf('bulk').length, callsOf('write').length], [0, 60]);
  });

  for (const type of ['StoreForbidden', 'StoreRequestRejected'] as const) {
    it(`goes on one by one after ${type} for a bulk request, and asks for no second one`, async () => {
      failAt({ bulk: type });
      const { refreshed, failed } = await update();
      assert.deepEqual([refreshed, failed], [IDS, []]);
      // The 25 of the refused request are looked at once more.
      assert.deepEqual(
        ['bulk', 'write', 'read'].map((kind) => callsOf(kind).length),
        [1, 60, 85],
      );
    });
  }

  it('looks again at each connection that a refused bulk request held', async () => {
    airflow.onCall = (call) => {
      if (call !== 'bulk') return;
      airflow.connections.set('id_03', dockerConnection({ id: 'id_03', port: 443 }));
      throw new RefreshFailure('StoreForbidden', '403');
    };
    const { failed } = await update();
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [['id_03', 'ConnectionPortSet']],
    );
    assert.equal(airflow.passwords.has('id_03'), false);
  });

  it('leaves alone what does not look right, and lets what is gone fail alone', async () => {
    airflow.connections.set('id_01', dockerConnection({ id: 'id_01', login: 'root' }));
    airflow.connections.delete('id_02');
    airflow.onCall = (call) => {
      if (call === 'bulk') airflow.connections.delete('id_05');
    };
    const { refreshed, failed } = await update();
    assert.equal(refreshed.length, 57);
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [
        ['id_01', 'ConnectionLoginMismatch'],
        ['id_02', 'ConnectionMissing'],
        ['id_05', 'ConnectionMissing'],
      ],
    );
    assert.ok(['id_01', 'id_02', 'id_05'].every((id) => !airflow.passwords.has(id)));
  });

  it('does not take for written what Airflow does not speak of', async () => {
    const { write: writeMany } = airflow;
    airflow.write = async (...args) =>
      (await writeMany.apply(airflow, args)).filter(({ id }) => id !== 'id_07');
    const { refreshed, failed } = await update();
    assert.equal(refreshed.includes('id_07'), false);
    assert.deepEqual(
      failed.map(({ connection, type, message }) => [connection, type, message]),
      [['id_07', 'WriteUnconfirmed', 'Airflow did not say what became of connection id_07.']],
    );
  });

  it('does not take for written what it did not ask for', async () => {
    const { write: writeMany } = airflow;
    airflow.write = async (...args) => [
      ...(await writeMany.apply(airflow, args)),
      { id: 'id_50', outcome: 'written' },
    ];
    assert.deepEqual((await update({}, IDS.slice(0, 25))).refreshed, IDS.slice(0, 25));
  });

  it('lets a connection that Airflow refuses in a bulk request fail alone', async () => {
    failAt({ 'write id_04': 'StoreRequestRejected' });
    const { refreshed, failed } = await update();
    assert.equal(refreshed.length, 59);
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [['id_04', 'StoreRequestRejected']],
    );
  });

  it('writes the other parts when a bulk request has a server error, and fails the attempt', async () => {
    failAt({ [`bulk ${IDS.slice(0, 25).join(' ')}`]: 'StoreUnavailable' });
    await expectFailure('StoreUnavailable', update());
    assert.deepEqual([...airflow.passwords.keys()], IDS.slice(25));
  });

  it('writes one by one from the fourth attempt on, so that the sick one fails alone', async () => {
    failAt({ bulk: 'StoreUnavailable', 'write id_04': 'StoreUnavailable' });
    const { refreshed, failed } = await update({ number: 4 });
    assert.equal(refreshed.length, 59);
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [['id_04', 'StoreUnavailable']],
    );
  });

  for (const type of ['StoreUnreachable', 'StoreUnauthorized'] as const) {
    it(`stops at ${type} for a bulk request`, async () => {
      failAt({ bulk: type });
      await expectFailure(type, update());
      assert.equal(airflow.calls.at(-1)?.startsWith('bulk '), true);
    });
  }

  describe('whose attempt before stopped in its middle', () => {
    /** Two parts of 25 are written, and then Airflow is gone. */
    async function stopInTheMiddle(): Promise<void> {
      failAt({ 'read id_50': 'StoreUnreachable' });
      await expectFailure('StoreUnreachable', update());
      failAt({});
      airflow.calls.length = 0;
    }

    it('goes on there, on another worker with another token', async () => {
      await stopInTheMiddle();
      const outcome = await update({ number: 2 });
      assert.deepEqual([outcome.refreshed, outcome.failed], [IDS, []]);
      assert.deepEqual(
        callsOf('read'),
        IDS.slice(50).map((id) => `read ${id}`),
      );
      assert.deepEqual(
        [airflow.passwords.get('id_49'), airflow.passwords.get('id_50')],
        ['password-1', 'password-2'],
      );
    });

    it('names the token that expires first, and the other beside it', async () => {
      issuer.answer = (_region, call) =>
        issuedToken(`password-${call}`, { expiresAt: new Date(NOW.getTime() + (12 - call) * HOUR_MS) });
      await stopInTheMiddle();
      const outcome = await update({ number: 2 });
      assert.deepEqual(
        [outcome.fingerprint, outcome.expiresAt, outcome.token?.fingerprint],
        [
          new Secret('password-2').fingerprint(),
          '2026-01-01T10:00:00.000Z',
          new Secret('password-2').fingerprint(),
        ],
      );
      assert.deepEqual(
        outcome.otherTokens?.map(({ fingerprint }) => fingerprint),
        [new Secret('password-1').fingerprint()],
      );
    });

    it('writes all again when the token of that attempt is past half of its life', async () => {
      await stopInTheMiddle();
      now = new Date(NOW.getTime() + 6 * HOUR_MS + 1);
      issuer.answer = () => issuedToken('fresh', { expiresAt: new Date(NOW.getTime() + 18 * HOUR_MS) });
      const outcome = await update({ number: 2 });
      assert.deepEqual(new Set(airflow.passwords.values()), new Set(['fresh']));
      assert.deepEqual([outcome.refreshed, outcome.otherTokens], [IDS, undefined]);
    });

    it('names no token that no connection holds', async () => {
      await stopInTheMiddle();
      for (const id of IDS.slice(50)) airflow.connections.delete(id);
      const outcome = await update({ number: 2 });
      assert.equal(outcome.failed.length, 10);
      assert.deepEqual(
        [outcome.fingerprint, outcome.otherTokens],
        [new Secret('password-1').fingerprint(), undefined],
      );
    });

    it('writes all again when what it noted makes no sense', async () => {
      await stopInTheMiddle();
      await update({ number: 2, noted: { refreshed: [0, 99], failed: [], tokens: [] } });
      assert.deepEqual(new Set(airflow.passwords.values()), new Set(['password-2']));
    });

    it('has nothing to write when that attempt had written all', async () => {
      await update();
      airflow.calls.length = 0;
      assert.deepEqual((await update({ number: 2 })).refreshed, IDS);
      assert.deepEqual(airflow.calls, []);
    });

    it('takes a connection for sick that fails alone again and again, when one written before can be written', async () => {
      failAt({ 'write id_59': 'StoreUnavailable' });
      for (const number of [1, 2, 3]) await expectFailure('StoreUnavailable', update({ number }));
      const { refreshed, failed } = await update({ number: 4 });
      assert.deepEqual([refreshed.length, failed.map(({ connection }) => connection)], [59, ['id_59']]);
    });

    it('goes on failing when by now none can be written, whatever was written before', async () => {
      await stopInTheMiddle();
      failAt({ write: 'StoreUnavailable', bulk: 'StoreUnavailable' });
      await expectFailure('StoreUnavailable', update({ number: 9 }));
    });
  });

  describe('notes for the next attempt', () => {
    it('which connections hold a token and which failed, in little, and no secret', async () => {
      airflow.connections.delete('id_01');
      await update();
      const text = JSON.stringify(noted);
      assert.ok(text.length < 1500, `${text.length} characters`);
      assert.ok(!text.includes('password-1') && !text.includes(btoa('AWS:password-1')));
      const { refreshed, failed } = noted as { refreshed: number[]; failed: string[] };
      assert.deepEqual(
        refreshed.toSorted((a, b) => a - b),
        IDS.map((_, place) => place).filter((place) => place !== 1),
      );
      assert.deepEqual(failed, ['id_01']);
    });
  });

  describe('that fails in its middle', () => {
    it('says with its failure what was written by then, and with which token', async () => {
      failAt({ 'read id_50': 'StoreUnreachable' });
      const { message, remedy, progress } = await expectFailure('StoreUnreachable', update());
      assert.deepEqual([message, remedy], ['trouble at read', FAILURES.StoreUnreachable.remedy]);
      assert.deepEqual(progress, noted);
      const outcome = toPartialOutcome(
        progress as UpdateProgress,
        IDS,
        new RefreshFailure('StoreUnreachable', 'x'),
      );
      assert.deepEqual(outcome?.refreshed, IDS.slice(0, 50));
      assert.equal(outcome?.fingerprint, new Secret('password-1').fingerprint());
    });

    it('says nothing of the kind when nothing was written', async () => {
      failAt({ 'read id_00': 'StoreUnreachable' });
      assert.equal((await expectFailure('StoreUnreachable', update())).progress, undefined);
    });

    it('says what an earlier attempt wrote, when this one has no token', async () => {
      failAt({ 'read id_50': 'StoreUnreachable' });
      await expectFailure('StoreUnreachable', update());
      issuer.answer = () => {
        throw new RefreshFailure('AwsUnavailable', 'no ECR');
      };
      const { progress } = await expectFailure('AwsUnavailable', update({ number: 2 }));
      assert.equal((progress as UpdateProgress).refreshed.length, 50);
    });

    it('says nothing with an error of another kind', async () => {
      airflow.onCall = (call, id) => {
        if (`${call} ${id}` === 'read id_50') throw new TypeError('a defect');
      };
      await assert.rejects(update(), (error) => error instanceof TypeError && !('progress' in error));
    });
  });
});

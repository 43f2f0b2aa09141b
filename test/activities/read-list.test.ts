import assert from 'node:assert/strict';
import { readList, type ReadRange } from '../../src/activities/read-list.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { ConnectionRules, type ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { hang, throws } from '../fakes/failing-calls.js';
import { attemptOf, dockerConnection, FakeAirflow, fakeStore } from '../fakes/fake-ports.js';

const PART = { offset: 100, limit: 100 };

function id(position: number): string {
  return `id_${String(position).padStart(3, '0')}`;
}

describe('readList', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow(
      Array.from({ length: 250 }, (_, position) => dockerConnection({ id: id(position) })),
    );
  });

  function read(
    attemptsBefore = 0,
    attempt: Partial<Attempt> = {},
    range = PART,
    rules: readonly ConnectionRule[] = [{ kind: 'match', pattern: 'id_*' }],
  ): Promise<ReadRange> {
    const store = fakeStore({ connections: airflow, rules: new ConnectionRules(rules) });
    return readList(store, range, attemptOf(attempt), attemptsBefore);
  }

  /** Makes requests fail that include one of these rows. */
  function failAt(rows: readonly number[], react: () => void | Promise<void>): void {
    airflow.onCall = (call, what) => {
      const [offset = 0, limit = 0] = what.split(/[+ ]/).map(Number);
      const isHit = rows.some((position) => position >= offset && position < offset + limit);
      return call === 'list' && isHit ? react() : undefined;
    };
  }

  function idsOf({ connections }: ReadRange): string[] {
    return connections.map((connection) => connection.id);
  }

  function positions(from: number, to: number, without: readonly number[] = []): string[] {
    return Array.from({ length: to - from }, (_, index) => from + index)
      .filter((position) => !without.includes(position))
      .map(id);
  }

  it('reads a part with one request', async () => {
    const found = await read();
    assert.deepEqual(airflow.calls, ['list 100+100 id_*']);
    assert.deepEqual(idsOf(found), positions(100, 200));
    assert.deepEqual(found.problems, []);
    assert.deepEqual(found.part, { rows: 100, total: 250, isComplete: true, first: id(100) });
  });

  it('counts the existing rows, in the last part and in one past the end', async () => {
    assert.equal((await read(0, {}, { offset: 200, limit: 100 })).part.rows, 50);
    assert.deepEqual((await read(0, {}, { offset: 300, limit: 100 })).part, {
      rows: 0,
      total: 250,
      isComplete: true,
    });
  });

  it('lets the store filter by a single pattern, but not by several', async () => {
    const two: ConnectionRule[] = ['a_*', 'b_*'].map((pattern) => ({ kind: 'match', pattern }));
    await read(0, {}, PART, two);
    await read(0, {}, PART, [{ kind: 'id', id: 'x', ifMissing: 'fail' }, ...two.slice(1)]);
    assert.deepEqual(airflow.calls, ['list 100+100 *', 'list 100+100 b_*']);
  });

  it('reports that the rows omit fields', async () => {
    airflow.isComplete = false;
    assert.equal((await read()).part.isComplete, false);
  });

  for (const type of ['StoreUnavailable', 'StoreUnreachable'] as const) {
    describe(`with a row for which the store fails with ${type}`, () => {
      it('fails the first attempt after one request, since the failure may be temporary', async () => {
        failAt([142], throws(type));
        await expectFailure(type, read());
        assert.equal(airflow.calls.length, 1);
      });

      for (const { title, attemptsBefore, number } of [
        { title: 'the second attempt', attemptsBefore: 0, number: 2 },
        { title: 'the first attempt of a retry', attemptsBefore: 1, number: 1 },
      ]) {
        it(`isolates it in ${title}: chunks of ten, and the rows of the one that fails`, async () => {
          failAt([142], throws(type));
          const found = await read(attemptsBefore, { number });
          assert.deepEqual(idsOf(found), positions(100, 200, [142]));
          const { toRetry = [], ...part } = found.part;
          assert.deepEqual(part, { rows: 100, total: 250, isComplete: true, first: id(100), isSplit: true });
          assert.deepEqual(found.problems, []);
          assert.deepEqual(
            toRetry.map((problem) => [problem.connection, problem.type, problem.scope, problem.message]),
            [
              [
                `row 143 of the list (after ${id(141)}, before ${id(143)})`,
                'ConnectionUnavailable',
                'store',
                `HTTP error: ${type}`,
              ],
            ],
          );
          const sizes = airflow.callsOf('list').map((call) => Number(call.split(/[+ ]/)[1]));
          assert.equal(sizes.filter((size) => size === 100).length, 1);
          // One row first, then those of the chunk; a server error is repeated before a row is reported.
          const repeats = type === 'StoreUnavailable' ? 2 : 0;
          assert.equal(sizes.filter((size) => size === 10).length, 10 + repeats);
          assert.equal(sizes.filter((size) => size === 1).length, 1 + 10 + repeats);
        });
      }

      it('retries it until the fourth attempt, which reports it', async () => {
        failAt([142], throws(type));
        const connections = ({ problems, part }: ReadRange) =>
          [problems, part.toRetry ?? []].map((rows) => rows.map(({ connection }) => connection));
        const row = `row 143 of the list (after ${id(141)}, before ${id(143)})`;
        assert.deepEqual(connections(await read(2)), [[], [row]]);
        assert.deepEqual(connections(await read(3)), [[row], []]);
      });
    });
  }

  it('sends one request for one row to a store that is down, a different row in each attempt', async () => {
    failAt([...Array.from({ length: 250 }).keys()], throws('StoreUnavailable'));
    for (const number of [2, 3, 4]) await expectFailure('StoreUnavailable', read(0, { number }));
    const singles = airflow.callsOf('list').filter((call) => call.includes('+1 '));
    assert.equal(airflow.calls.length, 3);
    assert.equal(new Set(singles).size, 3);
    for (const single of singles) {
      const position = Number(single.split('+')[0]);
      assert.ok(position >= 100 && position < 200, single);
    }
  });

  it('does not split when the single row is the failing one, but does in the next attempt', async () => {
    failAt([100 + 74], throws('StoreUnavailable'));
    await expectFailure('StoreUnavailable', read(1));
    assert.equal(idsOf(await read(2)).length, 99);
  });

  it('rethrows an error for a single row that is not in the catalogue', async () => {
    failAt([...Array.from({ length: 250 }).keys()], () => {
      throw new TypeError('a bug');
    });
    await assert.rejects(read(1), TypeError);
  });

  it('reads the rows between many failing ones', async () => {
    const failing = [110, 111, 112, 113, 114, 115, 116, 130, 199];
    failAt(failing, throws('StoreUnreachable'));
    const found = await read(3);
    assert.deepEqual(idsOf(found), positions(100, 200, failing));
    assert.equal(found.problems.length, failing.length);
    assert.match(
      found.problems[0]?.connection ?? '',
      /^row 111 of the list \(after id_109, before id_117\)$/,
    );
    assert.equal(found.problems.at(-1)?.connection, 'row 200 of the list (after id_198)');
  });

  it('reads each row that a server omits from a chunk, however few rows it returns at once', async () => {
    for (const rowsAtOnce of [50, 7]) {
      airflow.rowsAtOnce = rowsAtOnce;
      failAt([142], throws('StoreUnavailable'));
      const found = await read(1);
      assert.deepEqual(idsOf(found), positions(100, 200, [142]));
      assert.deepEqual([found.part.rows, found.part.isSplit], [100, true]);
    }
  });

  it('stops at the end of the list when the last part is split', async () => {
    failAt([202], throws('StoreUnavailable'));
    const found = await read(1, {}, { offset: 200, limit: 100 });
    assert.deepEqual([idsOf(found), found.part.rows], [positions(200, 250, [202]), 50]);
  });

  it('gives the remedy of the failure of a row, that of one connection after a server error', async () => {
    for (const { type, remedy } of [
      { type: 'StoreUnavailable', remedy: /Fernet key/ },
      { type: 'StoreUnreachable', remedy: /delays requests for this connection/ },
    ] as const) {
      failAt([142], throws(type));
      assert.match((await read(3)).problems[0]?.remedy ?? '', remedy);
    }
  });

  it('splits a part that is too large in the first attempt', async () => {
    failAt([142], throws('StoreResponseTooLarge'));
    const found = await read();
    assert.deepEqual(idsOf(found), positions(100, 200, [142]));
    assert.equal(found.problems[0]?.connection, `row 143 of the list (after ${id(141)}, before ${id(143)})`);
  });

  it('reads a part that is too large in chunks only', async () => {
    airflow.onCall = (call, what) => {
      if (call === 'list' && what.includes('+100 ')) throws('StoreResponseTooLarge')();
    };
    const found = await read();
    assert.deepEqual([idsOf(found), found.problems], [positions(100, 200), []]);
    assert.equal(airflow.calls.length, 11);
  });

  it('does not split a single row', async () => {
    failAt([142], throws('StoreResponseTooLarge'));
    await expectFailure('StoreResponseTooLarge', read(3, {}, { offset: 142, limit: 1 }));
    assert.equal(airflow.calls.length, 1);
  });

  for (const type of ['StoreUnauthorized', 'StoreForbidden', 'StoreRequestRejected'] as const) {
    it(`does not split after ${type}`, async () => {
      failAt([142], throws(type));
      await expectFailure(type, read(5));
      // One row, and the part.
      assert.equal(airflow.calls.length, 2);
    });
  }

  it('does not split while the store throttles, and fails with StoreThrottled', async () => {
    const controller = new AbortController();
    failAt([142], () => {
      setTimeout(() => controller.abort(), 1);
      throws('StoreThrottled')();
    });
    await expectFailure('StoreThrottled', read(5, { signal: controller.signal }));
    assert.equal(airflow.calls.length, 2);
  });

  it('fails, and reports no row, when the login is rejected during a split', async () => {
    let requests = 0;
    failAt([...Array.from({ length: 250 }).keys()], () => {
      requests += 1;
      if (requests === 2) throws('StoreUnavailable')();
      if (requests > 4) throws('StoreUnauthorized')();
    });
    await expectFailure('StoreUnauthorized', read(1));
    assert.ok(requests < 15, `${requests} requests`);
  });

  it('fails with the failure of the whole part when the store is down during a split', async () => {
    let requests = 0;
    failAt([...Array.from({ length: 250 }).keys()], () => {
      requests += 1;
      if (requests !== 1) throws('StoreUnavailable')();
    });
    await expectFailure('StoreUnavailable', read(1));
    // One row, the part, each chunk three times, and five rows.
    assert.equal(requests, 1 + 1 + 10 * 3 + 5);
  });

  describe('when a request hangs', () => {
    it('ends it after half of the attempt', async () => {
      failAt([142], hang);
      const { message } = await expectFailure('StoreUnreachable', read(0, { limitMs: 600 }));
      assert.match(message, /^Airflow main: GET connections 101 to 200: no response within \d/);
    });

    it('isolates the failing row within one attempt', async () => {
      failAt([142], hang);
      const limitMs = 2000;
      const signal = AbortSignal.timeout(limitMs);
      const found = await read(1, { limitMs, signal });
      assert.equal(idsOf(found).length, 99);
      assert.match(found.part.toRetry?.[0]?.connection ?? '', /^row 143 /);
    });

    it('does not report rows that were not tried for lack of time', async () => {
      const controller = new AbortController();
      const timeUp = new RefreshFailure('AttemptTimedOut', 'time is up');
      let singles = 0;
      failAt([142], throws('StoreUnreachable'));
      const { onCall } = airflow;
      airflow.onCall = (call, what) => {
        singles += what.includes('+1 ') ? 1 : 0;
        if (singles > 2) controller.abort(timeUp);
        return onCall(call, what);
      };
      await expectFailure('AttemptTimedOut', read(1, { signal: controller.signal }));
    });
  });
});

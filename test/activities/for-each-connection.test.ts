import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { forEachConnection, requestLimitMs } from '../../src/activities/for-each-connection.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { deferred, settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { attemptOf } from '../fakes/fake-ports.js';

const { setTimeout: startTimer } = globalThis;

function ids(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `id_${String(index).padStart(2, '0')}`);
}

function fail(type: FailureType, scope?: 'registry'): never {
  throw new RefreshFailure(type, `failed with ${type}`, undefined, scope ? { scope } : {});
}

function hang(): Promise<never> {
  return new Promise(() => undefined);
}

/** Lets time pass, by timers and by the monotonic clock, until the work is done. Returns how much has passed. */
async function passTime(run: () => Promise<unknown>): Promise<number> {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const clock = mock.method(performance, 'now', () => Date.now());
  try {
    let isDone = false;
    const end = (): void => void (isDone = true);
    const running = run();
    running.then(end, end);
    while (!isDone) {
      await new Promise((next) => startTimer(next, 0));
      if (!isDone) mock.timers.tick(100);
    }
    await running;
    return Date.now();
  } finally {
    clock.mock.restore();
    mock.timers.reset();
  }
}

describe('forEachConnection', () => {
  let called: string[];

  beforeEach(() => {
    called = [];
  });

  /** A call that fails for some ids, by the number of its try for that id. */
  function callThat(failsFor: (id: string, tries: number) => void | Promise<void>) {
    const tries = new Map<string, number>();
    return async (id: string): Promise<string> => {
      called.push(id);
      tries.set(id, (tries.get(id) ?? 0) + 1);
      await failsFor(id, tries.get(id) ?? 0);
      return id;
    };
  }

  const succeed = callThat(() => undefined);

  it('returns the result of each', async () => {
    const { results, refused, toRetry } = await forEachConnection(ids(12), attemptOf(), succeed);
    assert.deepEqual([results, refused, toRetry], [ids(12), [], []]);
  });

  it('does nothing for no connections, even when the attempt has ended', async () => {
    const signal = AbortSignal.abort();
    assert.deepEqual(await forEachConnection([], attemptOf({ signal }), succeed), {
      results: [],
      refused: [],
      toRetry: [],
    });
  });

  it('returns everything in the order of the connections, whatever is done first', async () => {
    const call = callThat(async (id) => {
      if (id === 'id_00') await settle();
      if (id === 'id_01') await settle().then(() => fail('StoreForbidden'));
      if (id === 'id_02') fail('StoreForbidden');
    });
    const { results, toRetry } = await forEachConnection(ids(5), attemptOf(), call);
    assert.deepEqual(results, ['id_00', 'id_03', 'id_04']);
    assert.deepEqual(
      toRetry.map(({ connection }) => connection),
      ['id_01', 'id_02'],
    );
  });

  for (const { atOnce, expected } of [
    { atOnce: undefined, expected: 5 },
    { atOnce: 12, expected: 12 },
  ]) {
    it(`runs ${expected} calls side by side${atOnce ? ' where the caller says so' : ''}`, async () => {
      const gate = deferred();
      const started: string[] = [];
      const call = (id: string): Promise<void> => (started.push(id), gate.promise);
      const work = forEachConnection(ids(12), attemptOf(), call, atOnce ? { atOnce } : {});
      await settle();
      assert.equal(started.length, expected);
      gate.resolve();
      assert.equal((await work).results.length, 12);
    });
  }

  describe('when a call hangs', () => {
    it('ends it at half of the limit of the attempt, and the others are not affected', async () => {
      const call = callThat((id) => (id === 'id_01' ? hang() : undefined));
      const { results, toRetry } = await forEachConnection(ids(8), attemptOf({ limitMs: 60 }), call);
      assert.deepEqual(
        results,
        ids(8).filter((id) => id !== 'id_01'),
      );
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        [['id_01', 'StoreUnreachable', 'connection']],
      );
      assert.match(toRetry[0]?.message ?? '', /^Connection id_01: no response within \d/);
    });

    it('gives one request half of the attempt, and 30 s at most', () => {
      assert.deepEqual(
        [10_000, 40_000, 120_000].map((limitMs) => requestLimitMs({ limitMs })),
        [5_000, 20_000, 30_000],
      );
    });

    it('aborts the signal of the call', async () => {
      let signal: AbortSignal | undefined;
      const call = (_id: string, within: AbortSignal): Promise<never> => ((signal = within), hang());
      await expectFailure('StoreUnreachable', forEachConnection(['a'], attemptOf({ limitMs: 20 }), call));
      assert.equal(signal?.aborted, true);
    });

    it('does not repeat the call in the same attempt', async () => {
      const call = callThat((id) => (id === 'id_01' ? hang() : undefined));
      await forEachConnection(ids(3), attemptOf({ limitMs: 20 }), call, { storeWorks: true });
      assert.equal(called.length, 3);
    });
  });

  describe('when the attempt ends', () => {
    function endAttempt(reason: unknown) {
      const controller = new AbortController();
      const call = callThat(async (id) => {
        if (id < 'id_02') return;
        await settle();
        if (id === 'id_03') controller.abort(reason);
        await hang();
      });
      return forEachConnection(ids(9), attemptOf({ signal: controller.signal }), call);
    }

    it('returns the results, and the rest as to be retried', async () => {
      const reason = new RefreshFailure('AttemptTimedOut', 'inspectConnections did not end within its time.');
      const { results, refused, toRetry } = await endAttempt(reason);
      assert.deepEqual([results, refused], [['id_00', 'id_01'], []]);
      assert.deepEqual(toRetry.map(({ connection }) => connection).toSorted(), ids(9).slice(2));
      assert.equal(called.length, 7);
      const types = new Map(toRetry.map(({ connection, type }) => [connection, type]));
      assert.deepEqual([types.get('id_02'), types.get('id_08')], ['StoreUnreachable', 'AttemptTimedOut']);
      assert.match(
        toRetry.find(({ connection }) => connection === 'id_02')?.message ?? '',
        /before the attempt/,
      );
    });

    it('says so where the end has no failure of the catalogue as its reason', async () => {
      const { toRetry } = await endAttempt(new Error('cancelled'));
      const last = toRetry.find(({ connection }) => connection === 'id_08');
      assert.deepEqual(
        [last?.type, last?.message],
        ['AttemptTimedOut', 'The attempt ended before this connection had its turn.'],
      );
    });

    it('starts nothing, and fails with the reason and all ids, when it has ended before', async () => {
      const reason = new RefreshFailure('AttemptTimedOut', 'time is up');
      const signal = AbortSignal.abort(reason);
      const failure = await expectFailure(
        'AttemptTimedOut',
        forEachConnection(ids(7), attemptOf({ signal }), succeed),
      );
      assert.deepEqual([called, failure.connections], [[], ids(7)]);
    });
  });

  describe('when calls fail', () => {
    it('stops after five failures without a success, and names all connections', async () => {
      const call = callThat(() => fail('StoreUnavailable'));
      const failure = await expectFailure('StoreUnavailable', forEachConnection(ids(50), attemptOf(), call));
      assert.equal(called.length, 5);
      assert.deepEqual(failure.connections, ids(50));
      assert.equal(failure.scope, 'store');
    });

    it('stops even where the store has worked before: it may be down by now', async () => {
      const call = callThat(() => fail('StoreUnreachable'));
      await expectFailure(
        'StoreUnreachable',
        forEachConnection(ids(50), attemptOf(), call, { storeWorks: true }),
      );
      assert.equal(called.length, 5);
    });

    for (const { title, attemptsBefore, number } of [
      { title: 'the second attempt', attemptsBefore: 0, number: 2 },
      { title: 'the first attempt of a retry', attemptsBefore: 1, number: 1 },
    ]) {
      it(`begins with others in ${title}, so that the first five do not hide the rest`, async () => {
        const call = callThat((id) => {
          if (id < 'id_05') fail('StoreUnavailable');
        });
        await expectFailure('StoreUnavailable', forEachConnection(ids(12), attemptOf(), call));
        const { results, toRetry } = await forEachConnection(ids(12), attemptOf({ number }), call, {
          attemptsBefore,
        });
        assert.deepEqual([results, toRetry.length], [ids(12).slice(5), 5]);
      });
    }

    it('begins with each of the connections in one attempt or another', async () => {
      const call = callThat((id) => {
        if (id !== 'id_19') fail('StoreUnreachable');
      });
      for (const number of [1, 2, 3]) {
        await expectFailure('StoreUnreachable', forEachConnection(ids(20), attemptOf({ number }), call));
      }
      const { results } = await forEachConnection(ids(20), attemptOf({ number: 4 }), call);
      assert.deepEqual(results, ['id_19']);
    });

    it('continues after any number of failures once one has succeeded', async () => {
      const call = callThat((id) => (id === 'id_00' ? undefined : fail('StoreRequestRejected')));
      const { results, refused } = await forEachConnection(ids(30), attemptOf(), call);
      assert.deepEqual([results, refused.length], [['id_00'], 29]);
    });

    it('goes through all where the caller has just seen others succeed', async () => {
      const call = callThat((id) => (id === 'id_09' ? undefined : fail('StoreUnreachable')));
      const { results } = await forEachConnection(ids(10), attemptOf(), call, { triesAll: true });
      assert.deepEqual(results, ['id_09']);
    });

    it('isolates failures of single connections: scope connection', async () => {
      const call = callThat((id) => {
        if (id === 'id_01') fail('StoreRequestRejected');
        if (id === 'id_02') fail('StoreForbidden');
      });
      const { results, refused, toRetry } = await forEachConnection(ids(4), attemptOf(), call);
      assert.deepEqual(results, ['id_00', 'id_03']);
      assert.deepEqual(
        refused.map(({ connection, type, scope }) => [connection, type, scope]),
        [['id_01', 'StoreRequestRejected', 'connection']],
      );
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        [['id_02', 'StoreForbidden', 'connection']],
      );
    });

    it('keeps the scope of a failure of one registry, and does not count it as one of the store', async () => {
      const call = callThat((id) => {
        if (id !== 'id_09') fail('StoreUnavailable', 'registry');
      });
      const { results, toRetry } = await forEachConnection(ids(10), attemptOf(), call);
      assert.deepEqual([results, called.length], [['id_09'], 10]);
      assert.deepEqual(new Set(toRetry.map(({ scope }) => scope)), new Set(['registry']));
    });

    it('fails with one that may pass when all fail, so that the attempt is retried', async () => {
      const call = callThat((id) => fail(id === 'id_00' ? 'StoreRequestRejected' : 'StoreUnavailable'));
      await expectFailure('StoreUnavailable', forEachConnection(ids(3), attemptOf(), call));
    });

    it('fails as the calls do when all are rejected', async () => {
      const call = callThat(() => fail('StoreRequestRejected'));
      await expectFailure('StoreRequestRejected', forEachConnection(ids(3), attemptOf(), call));
    });

    it('starts no more calls after an error that is not in the catalogue, and throws it', async () => {
      const call = callThat(async (id) => {
        await settle();
        if (id === 'id_02') throw new TypeError('a defect');
      });
      await assert.rejects(forEachConnection(ids(20), attemptOf(), call), TypeError);
      const startedBefore = called.length;
      await settle();
      await settle();
      assert.equal(called.length, startedBefore);
      assert.ok(startedBefore < 10);
    });
  });

  describe('when a call has a server error', () => {
    it('repeats it at once where others succeed: one of several server processes may be bad', async () => {
      const call = callThat((id, tries) => {
        if (id === 'id_07' && tries < 3) fail('StoreUnavailable');
      });
      const { results, toRetry } = await forEachConnection(ids(9), attemptOf(), call);
      assert.deepEqual([results.length, toRetry], [9, []]);
    });

    it('gives up after three tries in one attempt', async () => {
      const call = callThat((id) => {
        if (id === 'id_07') fail('StoreUnavailable');
      });
      const { toRetry } = await forEachConnection(ids(9), attemptOf(), call);
      assert.equal(called.filter((id) => id === 'id_07').length, 3);
      assert.deepEqual(
        toRetry.map(({ connection, scope }) => [connection, scope]),
        [['id_07', 'connection']],
      );
    });

    for (const { storeWorks, tries } of [
      { storeWorks: false, tries: 1 },
      { storeWorks: true, tries: 3 },
    ]) {
      it(`tries a single connection ${tries} times where the store is ${storeWorks ? '' : 'not '}known to work`, async () => {
        const call = callThat(() => fail('StoreUnavailable'));
        await expectFailure('StoreUnavailable', forEachConnection(['a'], attemptOf(), call, { storeWorks }));
        assert.equal(called.length, tries);
      });
    }
  });

  describe('when the store throttles', () => {
    it('pauses all calls for a second, then continues with all of them', async () => {
      const call = callThat((id, tries) => {
        if (id === 'id_02' && tries === 1) fail('StoreThrottled');
      });
      const during: number[] = [];
      const tookMs = await passTime(async () => {
        const work = forEachConnection(ids(20), attemptOf(), call);
        await settle();
        during.push(called.length);
        assert.deepEqual((await work).results.toSorted(), ids(20));
      });
      assert.ok(tookMs >= 1_000 && tookMs < 1_500, `${tookMs} ms`);
      assert.ok((during[0] ?? 20) < 20, 'the others waited');
      assert.equal(called.length, 21);
    });

    it('pauses longer each time, and never takes it for a failure of the store', async () => {
      let rejected = 0;
      const call = callThat(() => {
        rejected += 1;
        if (rejected <= 15) fail('StoreThrottled');
      });
      const tookMs = await passTime(async () => {
        assert.equal((await forEachConnection(ids(10), attemptOf(), call)).results.length, 10);
      });
      // Five calls in each of three turns: 1 s, 2 s, 4 s.
      assert.ok(tookMs >= 7_000 && tookMs < 8_000, `${tookMs} ms`);
    });

    it('ends the pause with the attempt: everything is to be retried as throttled', async () => {
      const controller = new AbortController();
      const call = callThat((id, tries) => {
        if (id === 'id_00' && tries === 1) return;
        setTimeout(() => controller.abort(), 10);
        fail('StoreThrottled');
      });
      const { results, toRetry } = await forEachConnection(
        ids(5),
        attemptOf({ signal: controller.signal }),
        call,
      );
      assert.deepEqual(results, ['id_00']);
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        ids(5)
          .slice(1)
          .map((id) => [id, 'StoreThrottled', 'store']),
      );
    });

    it('does not pause for the source of one registry, such as a Variable of another store', async () => {
      const call = callThat((id) => {
        if (id === 'id_00') fail('StoreThrottled', 'registry');
      });
      const { results, toRetry } = await forEachConnection(ids(9), attemptOf(), call);
      assert.equal(results.length, 8);
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        [['id_00', 'StoreThrottled', 'registry']],
      );
    });
  });

  for (const type of ['StoreUnauthorized', 'AwsCredentialsMissing'] as const) {
    describe(`when one call fails with ${type}, which concerns every request`, () => {
      it('starts no more, and keeps the results', async () => {
        const call = callThat((id) => {
          if (id === 'id_05') fail(type);
        });
        const { results, toRetry } = await forEachConnection(ids(40), attemptOf(), call);
        assert.ok(called.length < 12, `${called.length} calls`);
        assert.equal(results.length + toRetry.length, 40);
        assert.deepEqual(new Set(toRetry.map((problem) => problem.type)), new Set([type]));
        assert.ok(toRetry.every(({ scope }) => scope !== 'connection'));
      });

      it('fails with it and names all connections where nothing succeeded', async () => {
        const call = callThat(() => fail(type));
        const failure = await expectFailure(type, forEachConnection(ids(40), attemptOf(), call));
        assert.ok(called.length <= 5);
        assert.deepEqual(failure.connections, ids(40));
      });
    });
  }
});

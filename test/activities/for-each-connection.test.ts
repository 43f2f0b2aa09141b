import assert from 'node:assert/strict';
import { forEachConnection } from '../../src/activities/for-each-connection.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { deferred, settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fail, RecordedCalls, toIds } from '../fakes/failing-calls.js';
import { attemptOf } from '../fakes/fake-ports.js';

describe('forEachConnection', () => {
  let calls: RecordedCalls;

  beforeEach(() => {
    calls = new RecordedCalls();
  });

  const succeed = (id: string): Promise<string> => calls.callThat(() => undefined)(id);

  it('returns the result of each call', async () => {
    const { results, refused, toRetry } = await forEachConnection(toIds(12), attemptOf(), succeed);
    assert.deepEqual([results, refused, toRetry], [toIds(12), [], []]);
  });

  it('returns nothing without connections, even when the attempt has ended', async () => {
    const signal = AbortSignal.abort();
    assert.deepEqual(await forEachConnection([], attemptOf({ signal }), succeed), {
      results: [],
      refused: [],
      toRetry: [],
    });
  });

  it('returns everything in the order of the connections, whichever completes first', async () => {
    const call = calls.callThat(async (id) => {
      if (id === 'id_00') await settle();
      if (id === 'id_01') await settle().then(() => fail('StoreForbidden'));
      if (id === 'id_02') fail('StoreForbidden');
    });
    const { results, toRetry } = await forEachConnection(toIds(5), attemptOf(), call);
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
    it(`runs ${expected} calls at the same time${atOnce ? ' when the caller sets atOnce' : ''}`, async () => {
      const gate = deferred();
      const started: string[] = [];
      const call = (id: string): Promise<void> => (started.push(id), gate.promise);
      const work = forEachConnection(toIds(12), attemptOf(), call, atOnce ? { atOnce } : {});
      await settle();
      assert.equal(started.length, expected);
      gate.resolve();
      assert.equal((await work).results.length, 12);
    });
  }

  describe('when the attempt ends', () => {
    function endAttempt(reason: unknown) {
      const controller = new AbortController();
      const call = calls.callThat(async (id) => {
        if (id < 'id_02') return;
        await settle();
        if (id === 'id_03') controller.abort(reason);
        // Every request that is aborted by the end of its attempt fails like this.
        await settle();
        fail('StoreUnreachable');
      });
      return forEachConnection(toIds(9), attemptOf({ signal: controller.signal }), call);
    }

    it('returns the results, and the rest for a retry', async () => {
      const reason = new RefreshFailure('AttemptTimedOut', 'inspectConnections timed out.');
      const { results, refused, toRetry } = await endAttempt(reason);
      assert.deepEqual([results, refused], [['id_00', 'id_01'], []]);
      assert.deepEqual(toRetry.map(({ connection }) => connection).toSorted(), toIds(9).slice(2));
      assert.equal(calls.called.length, 7);
      const types = new Map(toRetry.map(({ connection, type }) => [connection, type]));
      assert.deepEqual([types.get('id_02'), types.get('id_08')], ['StoreUnreachable', 'AttemptTimedOut']);
    });

    it('reports AttemptTimedOut when the reason of the end is not a catalogue failure', async () => {
      const { toRetry } = await endAttempt(new Error('cancelled'));
      const last = toRetry.find(({ connection }) => connection === 'id_08');
      assert.deepEqual(
        [last?.type, last?.message],
        ['AttemptTimedOut', 'The attempt ended before this request was sent.'],
      );
    });

    it('starts nothing, and fails with the reason and all ids, when the attempt has already ended', async () => {
      const reason = new RefreshFailure('AttemptTimedOut', 'time is up');
      const signal = AbortSignal.abort(reason);
      const failure = await expectFailure(
        'AttemptTimedOut',
        forEachConnection(toIds(7), attemptOf({ signal }), succeed),
      );
      assert.deepEqual([calls.called, failure.connections], [[], toIds(7)]);
    });
  });

  describe('when calls fail', () => {
    it('stops after five failures without a success, and names all connections', async () => {
      const call = calls.callThat(() => fail('StoreUnavailable'));
      const failure = await expectFailure(
        'StoreUnavailable',
        forEachConnection(toIds(50), attemptOf(), call),
      );
      assert.equal(calls.called.length, 5);
      assert.deepEqual(failure.connections, toIds(50));
      assert.equal(failure.scope, 'store');
    });

    it('starts the second attempt with other connections, so that the first five do not block the rest', async () => {
      const call = calls.callThat((id) => {
        if (id < 'id_05') fail('StoreUnavailable');
      });
      await expectFailure('StoreUnavailable', forEachConnection(toIds(12), attemptOf(), call));
      const second = await forEachConnection(toIds(12), attemptOf(), call, { attempts: 2 });
      assert.deepEqual([second.results, second.toRetry.length], [toIds(12).slice(5), 5]);
    });

    it('starts with each of the connections in one of the attempts', async () => {
      const call = calls.callThat((id) => {
        if (id !== 'id_19') fail('StoreUnreachable');
      });
      for (const attempts of [1, 2, 3]) {
        await expectFailure(
          'StoreUnreachable',
          forEachConnection(toIds(20), attemptOf(), call, { attempts }),
        );
      }
      const { results } = await forEachConnection(toIds(20), attemptOf(), call, { attempts: 4 });
      assert.deepEqual(results, ['id_19']);
    });

    it('continues after any number of failures once one has succeeded', async () => {
      const call = calls.callThat((id) => (id === 'id_00' ? undefined : fail('StoreRequestRejected')));
      const { results, refused } = await forEachConnection(toIds(30), attemptOf(), call);
      assert.deepEqual([results, refused.length], [['id_00'], 29]);
    });

    it('tries all connections when others are known to succeed', async () => {
      const call = calls.callThat((id) => (id === 'id_09' ? undefined : fail('StoreUnreachable')));
      const { results } = await forEachConnection(toIds(10), attemptOf(), call, { storeWorks: true });
      assert.deepEqual(results, ['id_09']);
    });

    it('isolates failures of single connections: scope connection', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_01') fail('StoreRequestRejected');
        if (id === 'id_02') fail('StoreForbidden');
      });
      const { results, refused, toRetry } = await forEachConnection(toIds(4), attemptOf(), call);
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

    for (const { type, remedy } of [
      { type: 'StoreUnavailable', remedy: /^Delete and recreate .*Fernet key/ },
      { type: 'StoreUnreachable', remedy: /^Check the logs / },
      { type: 'StoreRequestRejected', remedy: /^Check this connection in Airflow/ },
    ] as const) {
      it(`gives a remedy for a single connection that fails with ${type}`, async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_01') fail(type);
        });
        const { refused, toRetry } = await forEachConnection(toIds(4), attemptOf(), call);
        assert.match([...refused, ...toRetry][0]?.remedy ?? '', remedy);
      });
    }

    it('keeps the scope of a registry failure, and does not count it as a store failure', async () => {
      const call = calls.callThat((id) => {
        if (id !== 'id_09') fail('StoreUnavailable', 'registry');
      });
      const { results, toRetry } = await forEachConnection(toIds(10), attemptOf(), call);
      assert.deepEqual([results, calls.called.length], [['id_09'], 10]);
      assert.deepEqual(new Set(toRetry.map(({ scope }) => scope)), new Set(['registry']));
    });

    it('fails with a retryable failure when all calls fail, so that the attempt is retried', async () => {
      const call = calls.callThat((id) => fail(id === 'id_00' ? 'StoreRequestRejected' : 'StoreUnavailable'));
      await expectFailure('StoreUnavailable', forEachConnection(toIds(3), attemptOf(), call));
    });

    it('fails with StoreRequestRejected when all calls do', async () => {
      const call = calls.callThat(() => fail('StoreRequestRejected'));
      await expectFailure('StoreRequestRejected', forEachConnection(toIds(3), attemptOf(), call));
    });

    it('does not repeat a request that got no response', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_01') fail('StoreUnreachable');
      });
      await forEachConnection(toIds(3), attemptOf(), call, { storeWorks: true });
      assert.equal(calls.called.length, 3);
    });

    it('rethrows an error that is not in the catalogue, and starts no more calls', async () => {
      const call = calls.callThat(async (id) => {
        await settle();
        if (id === 'id_02') throw new TypeError('a bug');
      });
      await assert.rejects(forEachConnection(toIds(20), attemptOf(), call), TypeError);
      const startedBefore = calls.called.length;
      await settle();
      await settle();
      assert.equal(calls.called.length, startedBefore);
      assert.ok(startedBefore < 10);
    });
  });

  describe('when a call has a server error', () => {
    it('repeats it immediately when others succeed, since only one of several server processes may fail', async () => {
      const call = calls.callThat((id, tries) => {
        if (id === 'id_07' && tries < 3) fail('StoreUnavailable');
      });
      const { results, toRetry } = await forEachConnection(toIds(9), attemptOf(), call);
      assert.deepEqual([results.length, toRetry], [9, []]);
    });

    it('gives up after three tries in one attempt', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_07') fail('StoreUnavailable');
      });
      const { toRetry } = await forEachConnection(toIds(9), attemptOf(), call);
      assert.equal(calls.called.filter((id) => id === 'id_07').length, 3);
      assert.deepEqual(
        toRetry.map(({ connection, scope }) => [connection, scope]),
        [['id_07', 'connection']],
      );
    });

    for (const { storeWorks, tries } of [
      { storeWorks: false, tries: 1 },
      { storeWorks: true, tries: 3 },
    ]) {
      it(`tries a single connection ${tries} times when the store is ${storeWorks ? '' : 'not '}known to work`, async () => {
        const call = calls.callThat(() => fail('StoreUnavailable'));
        await expectFailure('StoreUnavailable', forEachConnection(['a'], attemptOf(), call, { storeWorks }));
        assert.equal(calls.called.length, tries);
      });
    }
  });
});

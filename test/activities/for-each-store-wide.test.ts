import assert from 'node:assert/strict';
import { callStore } from '../../src/activities/call-store.js';
import { forEachConnection } from '../../src/activities/for-each-connection.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fail, RecordedCalls, toIds } from '../fakes/failing-calls.js';
import { attemptOf, fakeStore } from '../fakes/fake-ports.js';
import { passTime } from '../fakes/pass-time.js';

describe('forEachConnection', () => {
  let calls: RecordedCalls;

  beforeEach(() => {
    calls = new RecordedCalls();
  });

  describe('when the store throttles', () => {
    /** Each call sends one request at the pace of the store. */
    function atPace(failsFor: (id: string, tries: number) => void, signal?: AbortSignal) {
      const attempt = attemptOf(signal ? { signal } : {});
      const call = calls.callThat(failsFor);
      const store = fakeStore();
      return (ids: readonly string[]) =>
        forEachConnection(ids, attempt, (id) => callStore(store, attempt, id, () => call(id)));
    }

    it('delays all calls for a second, then continues with all of them', async () => {
      const work = atPace((id, tries) => {
        if (id === 'id_02' && tries === 1) fail('StoreThrottled');
      });
      let before = 0;
      const tookMs = await passTime(async () => {
        setTimeout(() => (before = calls.called.length), 900);
        assert.deepEqual((await work(toIds(20))).results, toIds(20));
      });
      assert.ok(tookMs >= 1_000 && tookMs < 2_000, `${tookMs} ms`);
      assert.ok(before < 10, `${before} calls before`);
      assert.equal(calls.called.length, 21);
    });

    it('never treats it as a failure of the store', async () => {
      let rejected = 0;
      const work = atPace(() => {
        rejected += 1;
        if (rejected <= 15) fail('StoreThrottled');
      });
      await passTime(async () => assert.equal((await work(toIds(10))).results.length, 10));
    });

    it('ends with the attempt, and returns everything as throttled for a retry', async () => {
      const controller = new AbortController();
      const work = atPace((id, tries) => {
        if (id === 'id_00' && tries === 1) return;
        setTimeout(() => controller.abort(), 10);
        fail('StoreThrottled');
      }, controller.signal);
      const { results, toRetry } = await work(toIds(5));
      assert.deepEqual(results, ['id_00']);
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        toIds(5)
          .slice(1)
          .map((id) => [id, 'StoreThrottled', 'store']),
      );
    });

    it('does not wait for the source of one registry, such as a Variable of another store', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_00') fail('StoreThrottled', 'registry');
      });
      const { results, toRetry } = await forEachConnection(toIds(9), attemptOf(), call);
      assert.equal(results.length, 8);
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        [['id_00', 'StoreThrottled', 'registry']],
      );
    });
  });

  for (const type of ['StoreUnauthorized', 'AwsCredentialsMissing'] as const) {
    describe(`when one call fails with ${type}, which concerns every request`, () => {
      it('starts no more calls, and keeps the results', async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_05') fail(type);
        });
        const { results, toRetry } = await forEachConnection(toIds(40), attemptOf(), call);
        assert.ok(calls.called.length < 12, `${calls.called.length} calls`);
        assert.equal(results.length + toRetry.length, 40);
        assert.deepEqual(new Set(toRetry.map((problem) => problem.type)), new Set([type]));
        assert.ok(toRetry.every(({ scope }) => scope !== 'connection'));
      });

      it('fails with it and names all connections when nothing succeeded', async () => {
        const call = calls.callThat(() => fail(type));
        const failure = await expectFailure(type, forEachConnection(toIds(40), attemptOf(), call));
        assert.ok(calls.called.length <= 5);
        assert.deepEqual(failure.connections, toIds(40));
      });
    });
  }
});

import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { forEachConnection } from '../../src/activities/for-each-connection.js';
import { settle } from '../fakes/deferred.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fail, RecordedCalls, toIds } from '../fakes/failing-calls.js';
import { attemptOf } from '../fakes/fake-ports.js';

const { setTimeout: startTimer } = globalThis;

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
  let calls: RecordedCalls;

  beforeEach(() => {
    calls = new RecordedCalls();
  });

  describe('when the store throttles', () => {
    it('pauses all calls for a second, then continues with all of them', async () => {
      const call = calls.callThat((id, tries) => {
        if (id === 'id_02' && tries === 1) fail('StoreThrottled');
      });
      const during: number[] = [];
      const tookMs = await passTime(async () => {
        const work = forEachConnection(toIds(20), attemptOf(), call);
        await settle();
        during.push(calls.called.length);
        assert.deepEqual((await work).results.toSorted(), toIds(20));
      });
      assert.ok(tookMs >= 1_000 && tookMs < 1_500, `${tookMs} ms`);
      assert.ok((during[0] ?? 20) < 20, 'the others waited');
      assert.equal(calls.called.length, 21);
    });

    it('pauses longer each time, and never takes it for a failure of the store', async () => {
      let rejected = 0;
      const call = calls.callThat(() => {
        rejected += 1;
        if (rejected <= 15) fail('StoreThrottled');
      });
      const tookMs = await passTime(async () => {
        assert.equal((await forEachConnection(toIds(10), attemptOf(), call)).results.length, 10);
      });
      // Five calls in each of three turns: 1 s, 2 s, 4 s.
      assert.ok(tookMs >= 7_000 && tookMs < 8_000, `${tookMs} ms`);
    });

    it('ends the pause with the attempt: everything is to be retried as throttled', async () => {
      const controller = new AbortController();
      const call = calls.callThat((id, tries) => {
        if (id === 'id_00' && tries === 1) return;
        setTimeout(() => controller.abort(), 10);
        fail('StoreThrottled');
      });
      const { results, toRetry } = await forEachConnection(
        toIds(5),
        attemptOf({ signal: controller.signal }),
        call,
      );
      assert.deepEqual(results, ['id_00']);
      assert.deepEqual(
        toRetry.map(({ connection, type, scope }) => [connection, type, scope]),
        toIds(5)
          .slice(1)
          .map((id) => [id, 'StoreThrottled', 'store']),
      );
    });

    it('does not pause for the source of one registry, such as a Variable of another store', async () => {
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
      it('starts no more, and keeps the results', async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_05') fail(type);
        });
        const { results, toRetry } = await forEachConnection(toIds(40), attemptOf(), call);
        assert.ok(calls.called.length < 12, `${calls.called.length} calls`);
        assert.equal(results.length + toRetry.length, 40);
        assert.deepEqual(new Set(toRetry.map((problem) => problem.type)), new Set([type]));
        assert.ok(toRetry.every(({ scope }) => scope !== 'connection'));
      });

      it('fails with it and names all connections where nothing succeeded', async () => {
        const call = calls.callThat(() => fail(type));
        const failure = await expectFailure(type, forEachConnection(toIds(40), attemptOf(), call));
        assert.ok(calls.called.length <= 5);
        assert.deepEqual(failure.connections, toIds(40));
      });
    });
  }
});

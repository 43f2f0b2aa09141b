import assert from 'node:assert/strict';
import type { AllowedStore } from '../../src/activities/allowed-config.js';
import { callStore, readById, requestLimitMs } from '../../src/activities/call-store.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fail, hang } from '../fakes/failing-calls.js';
import { attemptOf, dockerConnection, fakeStore, type FakeAirflow } from '../fakes/fake-ports.js';
import { passTime } from '../fakes/pass-time.js';

describe('callStore', () => {
  let store: AllowedStore;

  beforeEach(() => {
    store = fakeStore();
  });

  function call<T>(
    run: (signal: AbortSignal) => Promise<T>,
    attempt: Partial<Attempt> = {},
    limitMs?: number,
  ): Promise<T> {
    return callStore(store, attemptOf(attempt), 'GET connection a', run, limitMs);
  }

  it('returns the result of the request', async () => {
    assert.equal(await call(async () => 'a'), 'a');
  });

  for (const type of ['StoreUnavailable', 'StoreUnauthorized', 'StoreRequestRejected'] as const) {
    it(`fails with ${type} of the request, and does not repeat it`, async () => {
      let requests = 0;
      const failing = async (): Promise<never> => ((requests += 1), fail(type));
      await expectFailure(type, call(failing));
      assert.equal(requests, 1);
    });
  }

  it('rethrows an error that is not in the catalogue', async () => {
    await assert.rejects(
      call(async () => {
        throw new TypeError('a bug');
      }),
      TypeError,
    );
  });

  describe('when a request hangs', () => {
    it('limits it to half of the attempt, and to 30 s', () => {
      assert.deepEqual(
        [10_000, 40_000, 120_000].map((limitMs) => requestLimitMs({ limitMs })),
        [5_000, 20_000, 30_000],
      );
    });

    it('ends it at its limit, with a failure that names store, request and limit', async () => {
      const tookMs = await passTime(async () => {
        const { message } = await expectFailure('StoreUnreachable', call(hang, { limitMs: 10_000 }));
        assert.equal(message, 'Airflow main: GET connection a: no response within 5 s.');
      });
      assert.ok(tookMs >= 5_000 && tookMs < 5_100, `${tookMs} ms`);
    });

    it('ends it at its own limit if it has one', async () => {
      const tookMs = await passTime(async () => {
        const { message } = await expectFailure('StoreUnreachable', call(hang, {}, 1_500));
        assert.match(message, /no response within 1\.5 s\.$/);
      });
      assert.ok(tookMs >= 1_500 && tookMs < 1_600, `${tookMs} ms`);
    });

    it('aborts the signal of the request', async () => {
      let signal: AbortSignal | undefined;
      await expectFailure(
        'StoreUnreachable',
        call((within) => ((signal = within), hang()), {}, 10),
      );
      assert.equal(signal?.aborted, true);
    });

    it('ends it with the attempt, and reports that', async () => {
      const controller = new AbortController();
      const waiting = call(() => (setTimeout(() => controller.abort(), 1), hang()), {
        signal: controller.signal,
      });
      const { message } = await expectFailure('StoreUnreachable', waiting);
      assert.equal(message, 'Airflow main: GET connection a: no response before the attempt ended.');
    });

    it('does not repeat it', async () => {
      let requests = 0;
      await expectFailure(
        'StoreUnreachable',
        call(() => ((requests += 1), hang()), {}, 10),
      );
      assert.equal(requests, 1);
    });
  });

  describe('when the attempt has ended before', () => {
    async function callIn(signal: AbortSignal, type: FailureType): Promise<string> {
      const run = (): Promise<never> => assert.fail('a request was sent');
      return (await expectFailure(type, call(run, { signal }))).message;
    }

    it('sends no request, and fails with the reason of its end', async () => {
      const reason = new RefreshFailure('AttemptTimedOut', 'time is up');
      assert.equal(await callIn(AbortSignal.abort(reason), 'AttemptTimedOut'), 'time is up');
    });

    it('reports AttemptTimedOut when the reason is not a catalogue failure', async () => {
      assert.equal(
        await callIn(AbortSignal.abort(new Error('cancelled')), 'AttemptTimedOut'),
        'The attempt ended before this request was sent.',
      );
    });
  });

  describe('when the store throttles', () => {
    function throttledFor(times: number): { run: () => Promise<string>; sentMs: number[] } {
      const sentMs: number[] = [];
      const run = async (): Promise<string> => {
        sentMs.push(performance.now());
        return sentMs.length <= times ? fail('StoreThrottled') : 'a';
      };
      return { run, sentMs };
    }

    it('repeats the request after a second each time', async () => {
      const { run, sentMs } = throttledFor(3);
      await passTime(async () => assert.equal(await call(run), 'a'));
      assert.deepEqual(sentMs, [0, 1_000, 2_000, 3_000]);
    });

    it('delays the other requests to the store too', async () => {
      const { run, sentMs } = throttledFor(1);
      await passTime(async () => {
        const first = call(run);
        await new Promise((next) => setTimeout(next, 100));
        await call(run);
        await first;
      });
      assert.deepEqual(sentMs, [0, 1_000, 1_050]);
    });

    it('sends requests without a delay again once enough were accepted', async () => {
      const { run } = throttledFor(1);
      const tookMs = await passTime(async () => {
        for (let request = 0; request < 60; request += 1) await call(run);
        const startMs = performance.now();
        for (let request = 0; request < 20; request += 1) await call(run);
        assert.equal(performance.now(), startMs);
      });
      assert.ok(tookMs > 1_300 && tookMs < 1_600, `${tookMs} ms`);
    });

    it('continues until the attempt ends, and fails with StoreThrottled', async () => {
      const controller = new AbortController();
      const { run, sentMs } = throttledFor(Infinity);
      const tookMs = await passTime(async () => {
        setTimeout(() => controller.abort(new RefreshFailure('AttemptTimedOut', 'time is up')), 5_500);
        await expectFailure('StoreThrottled', call(run, { signal: controller.signal }));
      });
      assert.equal(sentMs.length, 6);
      assert.ok(tookMs >= 5_500 && tookMs < 5_600, `${tookMs} ms`);
    });

    it('applies the full limit to each repeated request', async () => {
      const { run, sentMs } = throttledFor(2);
      const slow = async (): Promise<string> => {
        await new Promise((next) => setTimeout(next, 900));
        return run();
      };
      await passTime(async () => assert.equal(await call(slow, {}, 1_000), 'a'));
      assert.equal(sentMs.length, 3);
    });
  });

  describe('when it reads a connection by id', () => {
    it('returns it, or undefined if it does not exist', async () => {
      assert.deepEqual(await readById(store, attemptOf(), 'docker_default'), dockerConnection());
      assert.equal(await readById(store, attemptOf(), 'gone'), undefined);
    });

    it('ends a request that hangs, and names the connection', async () => {
      (store.connections as FakeAirflow).onCall = hang;
      const { message } = await expectFailure(
        'StoreUnreachable',
        readById(store, attemptOf({ limitMs: 20 }), 'a'),
      );
      assert.match(message, /^Airflow main: GET connection a: no response within \d/);
    });
  });
});

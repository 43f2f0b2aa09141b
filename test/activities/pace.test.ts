import assert from 'node:assert/strict';
import { Pace } from '../../src/activities/pace.js';
import { attemptOf } from '../fakes/fake-ports.js';
import { passTime } from '../fakes/pass-time.js';

const { signal } = attemptOf();

describe('Pace', () => {
  let pace: Pace;

  beforeEach(() => {
    pace = new Pace();
  });

  /** Milliseconds from now at which each of these requests is sent. */
  async function sendRequests(count: number): Promise<number[]> {
    const startMs = performance.now();
    const timesMs: number[] = [];
    const wait = async (): Promise<void> => {
      await pace.wait(signal);
      timesMs.push(performance.now() - startMs);
    };
    await Promise.all(Array.from({ length: count }, wait));
    return timesMs;
  }

  async function pass(ms: number): Promise<void> {
    await new Promise((next) => setTimeout(next, ms));
  }

  /** Milliseconds between two requests. */
  async function measureInterval(): Promise<number> {
    // Earlier reservations have passed by then.
    await pass(5_000);
    const [first = 0, second = 0] = await sendRequests(2);
    return second - first;
  }

  /** Throttles this many times, each time after the pace has settled. */
  async function throttle(times: number): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      pace.noteThrottled();
      await pass(1_000);
    }
  }

  it('does not delay requests until one is throttled', async () => {
    await passTime(async () => {
      assert.deepEqual(
        await sendRequests(100),
        Array.from({ length: 100 }, () => 0),
      );
    });
  });

  it('delays requests for a second after one was throttled, and then sends them at intervals', async () => {
    await passTime(async () => {
      pace.noteThrottled();
      assert.deepEqual(await sendRequests(4), [1_000, 1_050, 1_100, 1_150]);
    });
  });

  it('doubles the interval each time, up to a second', async () => {
    await passTime(async () => {
      const intervals: number[] = [];
      for (let time = 0; time < 7; time += 1) {
        await throttle(1);
        intervals.push(await measureInterval());
      }
      assert.deepEqual(intervals, [50, 100, 200, 400, 800, 1_000, 1_000]);
    });
  });

  it('doubles the interval only once for all requests that were in progress', async () => {
    await passTime(async () => {
      pace.noteThrottled();
      await pass(500);
      for (let request = 0; request < 5; request += 1) pace.noteThrottled();
      assert.deepEqual(await sendRequests(2), [500, 550], 'later requests were delayed longer');
    });
  });

  it('shortens the interval a little with each request that is accepted', async () => {
    await passTime(async () => {
      await throttle(2);
      for (let request = 0; request < 14; request += 1) pace.noteAccepted();
      const intervalMs = await measureInterval();
      assert.ok(intervalMs >= 40 && intervalMs <= 60, `${intervalMs} ms`);
    });
  });

  it('no longer delays requests after enough were accepted', async () => {
    await passTime(async () => {
      await throttle(7);
      for (let request = 0; request < 110; request += 1) pace.noteAccepted();
      assert.equal(await measureInterval(), 0);
    });
  });

  it('ends a wait when its signal fires, and does not start one after that', async () => {
    const controller = new AbortController();
    const tookMs = await passTime(async () => {
      pace.noteThrottled();
      setTimeout(() => controller.abort(), 300);
      await pace.wait(controller.signal);
      await pace.wait(controller.signal);
    });
    assert.ok(tookMs <= 350, `${tookMs} ms`);
  });
});

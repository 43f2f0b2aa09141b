import assert from 'node:assert/strict';
import {
  attemptTimeLeftMs,
  retriesTimeLeftMs,
  withAttemptLimit,
} from '../../src/activities/attempt-deadline.js';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';

/** An activity scheduled 100 s ago, whose current attempt was scheduled now. */
const INFO = {
  scheduledTimestampMs: 1_000_000,
  currentAttemptScheduledTimestampMs: 1_100_000,
  scheduleToCloseTimeoutMs: 180_000,
  startToCloseTimeoutMs: 60_000,
};

describe('retriesTimeLeftMs', () => {
  it('subtracts the time of earlier attempts and of this one from schedule-to-close', () => {
    assert.equal(retriesTimeLeftMs(INFO, 0), 80_000);
    assert.equal(retriesTimeLeftMs(INFO, 30_000), 50_000);
  });

  it('is infinite without a schedule-to-close timeout', () =>
    assert.equal(retriesTimeLeftMs({ ...INFO, scheduleToCloseTimeoutMs: 0 }, 0), Infinity));
});

describe('attemptTimeLeftMs', () => {
  it('ends 1 s before start-to-close when that comes first', () => {
    assert.equal(attemptTimeLeftMs(INFO, 0), 59_000);
    assert.equal(attemptTimeLeftMs(INFO, 10_000), 49_000);
  });

  it('ends 1 s before schedule-to-close when that comes first', () =>
    assert.equal(attemptTimeLeftMs({ ...INFO, scheduleToCloseTimeoutMs: 110_000 }, 4000), 5000));

  it('treats a timeout of 0 as no timeout', () =>
    assert.equal(attemptTimeLeftMs({ ...INFO, startToCloseTimeoutMs: 0 }, 0), 79_000));
});

describe('withAttemptLimit', () => {
  function untilAborted(signal: AbortSignal): Promise<never> {
    return new Promise((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason as Error);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
  }

  it('ends an attempt with AttemptTimedOut when its time is up', async () => {
    const failure = await expectFailure(
      'AttemptTimedOut',
      withAttemptLimit('extractToken', 100, untilAborted),
    );
    assert.equal(failure.message, 'extractToken timed out after 0.1 s.');
  });

  it('ends an attempt immediately when its time was up before it started', async () => {
    await expectFailure('AttemptTimedOut', withAttemptLimit('extractToken', -5000, untilAborted));
  });

  it('ends an attempt with the reason of its cancellation, before or after its start', async () => {
    const reason = new Error('cancelled');
    const early = withAttemptLimit('extractToken', 60_000, untilAborted, AbortSignal.abort(reason));
    await assert.rejects(early, (error) => error === reason);
    const controller = new AbortController();
    const late = withAttemptLimit('extractToken', 60_000, untilAborted, controller.signal);
    controller.abort(reason);
    await assert.rejects(late, (error) => error === reason);
  });

  it('returns what a step returns after its signal has fired', async () => {
    const partial = withAttemptLimit('updateConnections', 1, async (signal) => {
      await untilAborted(signal).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return 'two of three';
    });
    assert.equal(await partial, 'two of three');
  });

  it('keeps the catalogue failure that a step ends with after its signal has fired', async () => {
    const cause = new RefreshFailure('StoreUnreachable', 'no answer');
    const late = withAttemptLimit('updateConnections', 1, async (signal) => {
      await untilAborted(signal).catch(() => undefined);
      throw cause;
    });
    assert.equal(await expectFailure('StoreUnreachable', late), cause);
  });

  it('reports a timeout, or the cancellation, for a call that the signal aborted', async () => {
    const cutOff = async (signal: AbortSignal): Promise<never> => {
      await untilAborted(signal).catch(() => undefined);
      throw new DeadlineExceeded('caller', 30_000);
    };
    await expectFailure('AttemptTimedOut', withAttemptLimit('extractToken', 1, cutOff));
    const reason = new Error('cancelled');
    const cancelled = withAttemptLimit('extractToken', 60_000, cutOff, AbortSignal.abort(reason));
    await assert.rejects(cancelled, (error) => error === reason);
  });

  it('keeps any other error of a step whose signal has not fired', async () => {
    const bug = new TypeError('own');
    const failing = withAttemptLimit('extractToken', 60_000, () => Promise.reject(bug));
    await assert.rejects(failing, (error) => error === bug);
  });

  it('returns the result of the attempt, and does not abort its signal afterwards', async () => {
    let kept: AbortSignal | undefined;
    const controller = new AbortController();
    const result = await withAttemptLimit(
      'extractToken',
      60_000,
      async (signal) => ((kept = signal), 'done'),
      controller.signal,
    );
    controller.abort();
    assert.deepEqual([result, kept?.aborted], ['done', false]);
  });
});

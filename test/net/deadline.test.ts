import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { DeadlineExceeded, withDeadline, withSignal } from '../../src/net/deadline.js';

describe('withDeadline', () => {
  const never = (): Promise<never> => new Promise(() => {});

  it('returns the result of the call, and leaves no listener', async () => {
    const { signal } = new AbortController();
    assert.equal(await withDeadline(1_000, signal, async () => 7), 7);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('rethrows the error of the call', async () => {
    const error = new Error('own');
    const { signal } = new AbortController();
    await assert.rejects(
      withDeadline(1_000, signal, () => Promise.reject(error)),
      error,
    );
  });

  it('ends at the limit, even if the call ignores the signal', async () => {
    let inner: AbortSignal | undefined;
    const ended = withDeadline(10, new AbortController().signal, (signal) => {
      inner = signal;
      return never();
    });
    await assert.rejects(ended, (error) => error instanceof DeadlineExceeded && error.endedBy === 'limit');
    assert.equal(inner?.aborted, true);
  });

  it("ends when the caller's signal fires", async () => {
    const caller = new AbortController();
    const ended = withDeadline(10_000, caller.signal, never);
    caller.abort();
    await assert.rejects(ended, (error) => error instanceof DeadlineExceeded && error.endedBy === 'caller');
  });

  it("does not start the call if the caller's signal has already fired", async () => {
    let isStarted = false;
    const ended = withDeadline(10_000, AbortSignal.abort(), async () => {
      isStarted = true;
    });
    await assert.rejects(ended, DeadlineExceeded);
    assert.equal(isStarted, false);
  });
});

describe('withSignal', () => {
  const untilAborted = async (signal: AbortSignal): Promise<unknown> => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return signal.reason;
  };

  it('waits for the call after the limit, and returns its result', async () => {
    const reason = await withSignal(10, undefined, untilAborted);
    assert.ok(reason instanceof DeadlineExceeded);
    assert.deepEqual([reason.endedBy, reason.limitMs], ['limit', 10]);
    const timeout = new Error('own');
    assert.equal(await withSignal(10, undefined, untilAborted, () => timeout), timeout);
  });

  it("passes on the reason of the caller's signal, before and during the call", async () => {
    const reason = new Error('cancelled');
    const early = withSignal(10_000, AbortSignal.abort(reason), async (signal) => signal.reason as unknown);
    assert.equal(await early, reason);
    const caller = new AbortController();
    const late = withSignal(10_000, caller.signal, untilAborted);
    caller.abort(reason);
    assert.equal(await late, reason);
  });

  it('does not abort the signal after the call, and leaves no listener', async () => {
    const caller = new AbortController();
    const signal = await withSignal(5, caller.signal, async (inner) => inner);
    assert.equal(getEventListeners(caller.signal, 'abort').length, 0);
    caller.abort();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(signal.aborted, false);
  });
});

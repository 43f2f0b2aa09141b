import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { DeadlineExceeded, withDeadline } from '../../src/net/deadline.js';

describe('withDeadline', () => {
  const never = (): Promise<never> => new Promise(() => {});

  it('answers what the exchange answers, and leaves no listener behind', async () => {
    const { signal } = new AbortController();
    assert.equal(await withDeadline(1_000, signal, async () => 7), 7);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  it('passes on what the exchange throws', async () => {
    const error = new Error('own');
    const { signal } = new AbortController();
    await assert.rejects(
      withDeadline(1_000, signal, () => Promise.reject(error)),
      error,
    );
  });

  it('ends at the limit, even when the exchange does not heed the signal', async () => {
    let inner: AbortSignal | undefined;
    const ended = withDeadline(10, new AbortController().signal, (signal) => {
      inner = signal;
      return never();
    });
    await assert.rejects(ended, (error) => error instanceof DeadlineExceeded && error.endedBy === 'limit');
    assert.equal(inner?.aborted, true);
  });

  it('ends with the caller', async () => {
    const caller = new AbortController();
    const ended = withDeadline(10_000, caller.signal, never);
    caller.abort();
    await assert.rejects(ended, (error) => error instanceof DeadlineExceeded && error.endedBy === 'caller');
  });

  it('does not begin when the caller has ended before', async () => {
    let begun = false;
    const ended = withDeadline(10_000, AbortSignal.abort(), async () => {
      begun = true;
    });
    await assert.rejects(ended, DeadlineExceeded);
    assert.equal(begun, false);
  });
});

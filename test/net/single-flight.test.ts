import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { SingleFlight } from '../../src/net/single-flight.js';
import { deferred } from '../fakes/deferred.js';
import { anySignal } from '../support/local-server.js';

const LIMIT_MS = 10_000;

describe('SingleFlight', () => {
  it('shares a call in progress between all callers with the same key', async () => {
    const flight = new SingleFlight<number>();
    const response = deferred<number>();
    let calls = 0;
    const run = (key: string): Promise<number> =>
      flight.run(key, LIMIT_MS, anySignal(), () => {
        calls += 1;
        return response.promise;
      });
    const waiting = [run('a'), run('a'), run('b')];
    response.resolve(7);
    assert.deepEqual([await Promise.all(waiting), calls], [[7, 7, 7], 2]);
  });

  it('does not cache a result or a failure', async () => {
    const flight = new SingleFlight<number>();
    let calls = 0;
    const run = (): Promise<number> =>
      flight.run('a', LIMIT_MS, anySignal(), async () => {
        calls += 1;
        if (calls === 1) throw new Error('own');
        return calls;
      });
    await Promise.all([assert.rejects(run(), /^Error: own$/), assert.rejects(run(), /^Error: own$/)]);
    assert.deepEqual([await run(), await run()], [2, 3]);
  });

  it('continues for the other callers when one caller aborts', async () => {
    const flight = new SingleFlight<number>();
    const response = deferred<number>();
    const first = new AbortController();
    let inner: AbortSignal | undefined;
    const ended = flight.run('a', LIMIT_MS, first.signal, (signal) => {
      inner = signal;
      return response.promise;
    });
    const other = anySignal();
    const joined = flight.run('a', LIMIT_MS, other, () => assert.fail('the call was made twice'));
    first.abort();
    await assert.rejects(ended, (error) => error instanceof DeadlineExceeded && error.endedBy === 'caller');
    assert.equal(inner?.aborted, false);
    response.resolve(7);
    assert.equal(await joined, 7);
    assert.equal(getEventListeners(other, 'abort').length, 0);
  });

  it('ends a call at its limit for all callers, and then allows a new one', async () => {
    const flight = new SingleFlight<number>();
    let inner: AbortSignal | undefined;
    const hang = (signal: AbortSignal): Promise<never> => {
      inner = signal;
      return new Promise(() => {});
    };
    const isTimeout = (error: unknown): boolean =>
      error instanceof DeadlineExceeded && error.endedBy === 'limit';
    await Promise.all([1, 2].map(() => assert.rejects(flight.run('a', 10, anySignal(), hang), isTimeout)));
    assert.equal(inner?.aborted, true);
    assert.equal(await flight.run('a', LIMIT_MS, anySignal(), async () => 7), 7);
  });

  it('leaves no unhandled rejection when a call fails after its last caller aborted', async () => {
    const flight = new SingleFlight<number>();
    const response = deferred<number>();
    const caller = new AbortController();
    const ended = flight.run('a', LIMIT_MS, caller.signal, () => response.promise);
    caller.abort();
    await assert.rejects(ended, DeadlineExceeded);
    // Mocha fails the run on an unhandled rejection.
    response.reject(new Error('own'));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(await flight.run('a', LIMIT_MS, anySignal(), async () => 7), 7);
  });

  it('starts no call if the signal of the caller has already fired', async () => {
    const flight = new SingleFlight<number>();
    let calls = 0;
    const ended = flight.run('a', LIMIT_MS, AbortSignal.abort(), async () => (calls += 1));
    await assert.rejects(ended, DeadlineExceeded);
    assert.equal(calls, 0);
  });
});

import assert from 'node:assert/strict';
import { Semaphore } from '../../src/refresh/semaphore.js';
import { deferred, settle } from '../fakes/deferred.js';

describe('Semaphore', () => {
  it('runs two calls at once and starts the third when one ends', async () => {
    const limit = new Semaphore(2);
    const gates = [deferred(), deferred(), deferred()];
    const started: number[] = [];
    const calls = gates.map((gate, index) =>
      limit.run(async () => {
        started.push(index);
        await gate.promise;
        return index;
      }),
    );
    await settle();
    assert.deepEqual(started, [0, 1]);
    gates[1]?.resolve();
    await settle();
    assert.deepEqual(started, [0, 1, 2]);
    for (const gate of gates) gate.resolve();
    assert.deepEqual(await Promise.all(calls), [0, 1, 2]);
  });

  it('starts waiting calls in order', async () => {
    const limit = new Semaphore(1);
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3].map((index) => limit.run(async () => order.push(index))));
    assert.deepEqual(order, [0, 1, 2, 3]);
  });

  it('rejects a waiting call on abort, and runs the others', async () => {
    const limit = new Semaphore(1);
    const gate = deferred();
    const running = limit.run(() => gate.promise);
    const leaving = new AbortController();
    const left = limit.run(async () => assert.fail('the call was started'), leaving.signal);
    const served = limit.run(async () => 'served', new AbortController().signal);
    leaving.abort(new Error('time is up'));
    await assert.rejects(left, /time is up/);
    await assert.rejects(
      limit.run(async () => assert.fail('the call was started'), leaving.signal),
      /time is up/,
    );
    gate.resolve();
    await running;
    assert.equal(await served, 'served');
    assert.equal(await limit.run(async () => 'next'), 'next');
  });

  it('frees its slot when a call fails, and passes the failure through', async () => {
    const limit = new Semaphore(1);
    const failing = limit.run(() => Promise.reject(new Error('first')));
    const waiting = limit.run(async () => 'second');
    await assert.rejects(failing, /first/);
    assert.equal(await waiting, 'second');
  });

  it('frees its slot when a call throws synchronously', async () => {
    const limit = new Semaphore(1);
    await assert.rejects(
      limit.run(() => {
        throw new Error('at once');
      }),
      /at once/,
    );
    assert.equal(await limit.run(async () => 'next'), 'next');
  });

  it('never runs more calls at once than its size', async () => {
    const limit = new Semaphore(3);
    let running = 0;
    let peak = 0;
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        limit.run(async () => {
          running += 1;
          peak = Math.max(peak, running);
          for (let turn = 0; turn < index % 5; turn += 1) await Promise.resolve();
          running -= 1;
        }),
      ),
    );
    assert.equal(peak, 3);
  });
});

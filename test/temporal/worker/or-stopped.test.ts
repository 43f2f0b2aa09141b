import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { orStopped } from '../../../src/temporal/worker/or-stopped.js';

const NEVER = new Promise<never>(() => {});

describe('orStopped', () => {
  it('returns the result, or throws its error, and keeps no listener', async () => {
    const { signal } = new AbortController();
    assert.equal(await orStopped(signal, Promise.resolve('done')), 'done');
    await assert.rejects(orStopped(signal, Promise.reject(new Error('failed'))), /failed/);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('returns undefined as soon as the worker is stopped', async () => {
    const controller = new AbortController();
    const waiting = orStopped(controller.signal, NEVER);
    controller.abort();
    assert.equal(await waiting, undefined);
    assert.equal(await orStopped(controller.signal, NEVER), undefined);
  });

  it('ignores an error after the stop', async () => {
    const controller = new AbortController();
    let fail: (error: Error) => void = () => {};
    const waiting = orStopped(controller.signal, new Promise((_resolve, reject) => (fail = reject)));
    controller.abort();
    fail(new Error('too late'));
    assert.equal(await waiting, undefined);
  });
});

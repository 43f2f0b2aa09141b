import assert from 'node:assert/strict';
import { FAILURES } from '../../src/refresh/failures.js';
import type { WaitingStep } from '../../src/refresh/step-runner.js';
import { StepProgress } from '../../src/workflows/step-progress.js';
import { deferred } from '../fakes/deferred.js';

const { scope, remedy } = FAILURES.StoreUnreachable;
const WAITING: WaitingStep = {
  step: 'inspectConnections',
  target: 'main',
  failure: { type: 'StoreUnreachable', scope, message: 'Airflow main: refused.', remedy },
};

describe('StepProgress', () => {
  let shown: string;
  let progress: StepProgress;

  beforeEach(() => {
    progress = new StepProgress((markdown) => (shown = markdown));
  });

  it('lists the steps in progress and their durations', async () => {
    const step = deferred<string>();
    const followed = progress.follow('inspectConnections: main', step.promise);
    assert.equal(shown, '0 steps done, 1 in progress\n\n- inspectConnections: main, for 0 min');
    progress.show(new Date(Date.now() + 15 * 60_000));
    assert.match(
      shown,
      /- inspectConnections: main, for 15 min \*\*\(see its last failure under pending activities\)\*\*$/,
    );
    step.resolve('done');
    assert.equal(await followed, 'done');
    assert.equal(shown, '1 step done, 0 in progress\n\n');
  });

  it('does not count a failed attempt as completed', async () => {
    await assert.rejects(progress.follow('inspectConnections: main', Promise.reject(new Error('refused'))));
    assert.equal(shown, '0 steps done, 0 in progress\n\n');
  });

  it('shows why and until when a step waits', async () => {
    const wait = deferred();
    const followed = progress.followWait(WAITING, new Date(0), wait.promise);
    assert.equal(
      shown,
      '0 steps done, 1 in progress\n\n' +
        '- inspectConnections: main: **StoreUnreachable**: Airflow main: refused. Next attempt at 1970-01-01T00:00:00.000Z.',
    );
    wait.resolve();
    await followed;
    progress.show(new Date());
    assert.equal(shown, '0 steps done, 0 in progress\n\n');
  });

  it('no longer shows a step whose wait was canceled', async () => {
    await assert.rejects(progress.followWait(WAITING, new Date(0), Promise.reject(new Error('cancelled'))));
    progress.show(new Date());
    assert.equal(shown, '0 steps done, 0 in progress\n\n');
  });

  it('shows 20 steps and the number of the others', () => {
    for (let index = 0; index < 25; index += 1) {
      void progress.follow(`updateConnections: main #${index}`, deferred().promise);
    }
    assert.equal(shown.match(/^- updateConnections/gm)?.length, 20);
    assert.match(shown, /^0 steps done, 25 in progress\n/);
    assert.match(shown, /\n- and 5 more$/);
  });

  it('gives each activity a unique id', () => {
    assert.deepEqual(
      ['planRefresh', 'x', 'x', 'x'].map((id) => progress.uniqueId(id)),
      ['planRefresh', 'x', 'x #2', 'x #3'],
    );
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describeFailure } from '../../src/refresh/failures.js';
import type { WaitingStep } from '../../src/refresh/step-runner.js';
import { StepProgress, type ScheduledStep } from '../../src/workflows/step-progress.js';
import { deferred } from '../fakes/deferred.js';
import { failure as failedPart } from '../fakes/fake-report.js';
import { assertSafe, hostileText, poison } from '../fakes/hostile-texts.js';

const FAILURE = describeFailure('StoreUnreachable', 'Airflow main: refused.');
const { remedy } = FAILURE;
const WAITING: WaitingStep = {
  step: 'inspectConnections',
  target: 'main',
  attempts: 1,
  earlier: {
    failingSinceMs: 0,
    failure: FAILURE,
  },
};
const INSPECTION: ScheduledStep = { step: 'inspectConnections', target: 'main', attempts: 0 };

describe('StepProgress', () => {
  let shown: string;
  let progress: StepProgress;

  beforeEach(() => {
    progress = new StepProgress((markdown) => (shown = markdown));
  });

  it('lists what is in progress, and since when', async () => {
    const step = deferred<string>();
    const followed = progress.follow('inspectConnections: main', INSPECTION, step.promise);
    assert.match(
      shown,
      /^0 steps done, 1 in progress\n\n- inspectConnections: main, since \d{4}-\d\d-\d\d [\d:]{8} UTC$/,
    );
    step.resolve('done');
    assert.equal(await followed, 'done');
    assert.equal(shown, '1 step done, 0 in progress');
  });

  it('does not count a failed attempt as completed', async () => {
    await assert.rejects(
      progress.follow('inspectConnections: main', INSPECTION, Promise.reject(new Error('refused'))),
    );
    assert.equal(shown, '0 steps done, 0 in progress');
  });

  it('shows why and until when a step waits', async () => {
    const wait = deferred();
    const followed = progress.followWait(WAITING, new Date(60_000), wait.promise);
    assert.equal(
      shown,
      '0 steps done, 1 in progress\n\n' +
        `- inspectConnections: main: **StoreUnreachable**: Airflow main: refused. Fix: ${remedy} ` +
        'Failing since 1970-01-01 00:00:00 UTC; next attempt at 1970-01-01 00:01:00 UTC.',
    );
    wait.resolve();
    await followed;
    assert.equal(shown, '0 steps done, 0 in progress');
  });

  it('shows why a running step is retried', () => {
    const { earlier } = WAITING;
    void progress.follow(
      'inspectConnections: main #2',
      { ...INSPECTION, attempts: 1, earlier },
      deferred().promise,
    );
    assert.equal(
      shown,
      '0 steps done, 1 in progress\n\n' +
        `- inspectConnections: main #2: **StoreUnreachable**: Airflow main: refused. Fix: ${remedy} ` +
        'Failing since 1970-01-01 00:00:00 UTC; later attempts are under Pending Activities.',
    );
  });

  it('lists failing steps first, and the longest failing one at the top', () => {
    void progress.follow('inspectConnections: b', { ...INSPECTION, target: 'b' }, deferred().promise);
    const { earlier } = WAITING;
    const later = { ...earlier, failingSinceMs: 1000 };
    void progress.followWait(
      { ...WAITING, target: 'c', earlier: later },
      new Date(60_000),
      deferred().promise,
    );
    void progress.followWait({ ...WAITING, target: 'd' }, new Date(60_000), deferred().promise);
    assert.deepEqual(
      progress.list().map(({ target, failingSince, nextAttemptAt }) => [target, failingSince, nextAttemptAt]),
      [
        ['d', '1970-01-01T00:00:00.000Z', '1970-01-01T00:01:00.000Z'],
        ['c', '1970-01-01T00:00:01.000Z', '1970-01-01T00:01:00.000Z'],
        ['b', null, null],
      ],
    );
  });

  it('lists what failed for good', () => {
    const failure = {
      stage: 'inspect',
      store: 'main',
      count: 0,
      connections: [],
      ...WAITING.earlier.failure,
    } as const;
    progress.listFailuresBy(() => [failure]);
    progress.show();
    assert.equal(
      shown,
      '0 steps done, 0 in progress\n\nFailed:\n\n- inspect main: **StoreUnreachable**: Airflow main: refused.',
    );
  });

  it('shows any number of failures at once', async () => {
    let listed = 0;
    progress.listFailuresBy(() => {
      listed += 1;
      return [];
    });
    for (let failures = 0; failures < 100; failures += 1) progress.showSoon();
    await Promise.resolve();
    assert.equal(listed, 1);
    progress.showSoon();
    await Promise.resolve();
    assert.equal(listed, 2);
  });

  it('no longer shows a step whose wait was canceled', async () => {
    await assert.rejects(progress.followWait(WAITING, new Date(0), Promise.reject(new Error('cancelled'))));
    assert.equal(shown, '0 steps done, 0 in progress');
  });

  it('shows 20 steps and the number of the others', () => {
    for (let index = 0; index < 25; index += 1) {
      void progress.follow(`updateConnections: main #${index}`, INSPECTION, deferred().promise);
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

  it('shows texts from outside in their line, without hidden characters, links, images or HTML', () =>
    fc.assert(
      fc.property(
        poison({ waiting: WAITING, failed: failedPart() }),
        hostileText(),
        ({ waiting, failed }, id) => {
          progress = new StepProgress((markdown) => (shown = markdown));
          progress.listFailuresBy(() => [failed]);
          void progress.follow(progress.uniqueId(id), INSPECTION, new Promise(() => {}));
          void progress.followWait(waiting, new Date(0), new Promise(() => {}));
          assertSafe(shown);
          assert.equal(shown.match(/^- /gm)?.length, 3);
          const unescaped = shown.replaceAll(/\\[!-/:-@[-`{-~]/g, '').replaceAll('**', '');
          assert.doesNotMatch(unescaped, /[[\]<>`*|~@]|:\/\/|www\./i);
        },
      ),
    ));

  it('makes an activity id safe and limits its length, which Temporal limits, too', () => {
    assert.equal(progress.uniqueId('a\u001b\n'), 'a\\u001b\\n');
    assert.equal(progress.uniqueId('x'.repeat(2000)), `${'x'.repeat(239)}…`);
    assert.equal(progress.uniqueId('x'.repeat(3000)), `${'x'.repeat(239)}… #2`);
  });
});

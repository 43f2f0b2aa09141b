// What a run shows while it is in progress and after its end: the query `progress`, which `status` reads, and the current
// details, which the Temporal UI shows.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { parseProgress, PROGRESS_QUERY, type RunProgress } from '../../src/refresh/run-progress.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { deferred } from '../fakes/deferred.js';
import { ENGINE, fakeSteps, plannedStores } from '../fakes/fake-steps.js';
import { endOf, useTestServer, type RunHandle } from './test-server.js';

const healthy = fakeSteps();

describe('a run shows', function () {
  this.timeout(60_000);
  const server = useTestServer();

  /** Time does not jump until the end of the run is awaited, so that a back-off lasts as long as the test needs. */
  async function start(steps: RefreshSteps): Promise<RunHandle> {
    const taskQueue = randomUUID();
    await server.startWorker(taskQueue, steps);
    return server.start(taskQueue);
  }

  async function readProgress(handle: RunHandle): Promise<RunProgress> {
    const progress = parseProgress(await handle.query(PROGRESS_QUERY));
    assert.ok(progress, 'the response is not valid');
    return progress;
  }

  async function readDetails(handle: RunHandle): Promise<string> {
    const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    return metadata.currentDetails ?? '';
  }

  async function waitFor(
    handle: RunHandle,
    isReached: (progress: RunProgress) => boolean,
  ): Promise<RunProgress> {
    const until = performance.now() + 30_000;
    for (;;) {
      const value = await handle.query(PROGRESS_QUERY).then(parseProgress, () => undefined);
      if (value && isReached(value)) return value;
      assert.ok(performance.now() < until, JSON.stringify(value));
      await delay(20);
    }
  }

  /** The store `down` rejects the login, `up` is refreshed. */
  function partlyFailing(isFixed: () => boolean): RefreshSteps {
    return fakeSteps({
      planRefresh: async () => ({
        configHash: 'abc',
        stores: plannedStores('down', 'up'),
        engines: [ENGINE],
      }),
      inspectConnections: async (input, how) => {
        if (input.store !== 'down' || isFixed()) return healthy.inspectConnections(input, how);
        throw new RefreshFailure('StoreUnauthorized', 'Airflow down rejected the login.');
      },
    });
  }

  it('a failing step with its failure and next attempt, and what is done meanwhile', async () => {
    let isFixed = false;
    const handle = await start(partlyFailing(() => isFixed));
    const { steps, storesDone, report, stepsDone } = await waitFor(
      handle,
      ({ storesDone: done, steps: [step], report: { docker } }) =>
        done.length === 1 && step?.failure !== null && docker.length === 1,
    );
    assert.deepEqual(storesDone, ['up']);
    assert.equal(report.outcome, 'refreshed', 'nothing has failed for good');
    assert.deepEqual(
      report.stores.map(({ store, refreshed }) => [store, refreshed]),
      [['up', 1]],
    );
    assert.equal(report.docker[0]?.login, 'ok');
    // planRefresh, and inspect, extract, update and test of `up`.
    assert.equal(stepsDone, 5);
    const [step] = steps;
    assert.deepEqual(
      [steps.length, step?.step, step?.target, step?.attempts, step?.activityId],
      [1, 'inspectConnections', 'down', 1, null],
    );
    assert.deepEqual(
      [step?.failure?.type, step?.failure?.message],
      ['StoreUnauthorized', 'Airflow down rejected the login.'],
    );
    const waitMs = Date.parse(step?.nextAttemptAt ?? '') - Date.parse(step?.failingSince ?? '');
    assert.equal(waitMs, 30 * 60_000);

    const details = await readDetails(handle);
    assert.match(details, /^5 steps done, 1 in progress\n/);
    assert.match(
      details,
      /\n- inspectConnections: down: \*\*StoreUnauthorized\*\*: Airflow down rejected the login\. Fix: .+ Failing since [\d :-]+UTC; next attempt at [\d :-]+UTC\.$/,
    );
    assert.doesNotMatch(details, /Failed:/);

    isFixed = true;
    assert.equal((await endOf(handle)).report.outcome, 'refreshed');
    const ended = await readProgress(handle);
    assert.deepEqual([ended.steps, ended.stepsInProgress], [[], 0]);
    assert.deepEqual(ended.storesDone, ['up', 'down']);
    assert.equal(ended.report.outcome, 'refreshed');
    assert.equal(await readDetails(handle), '2 connections refreshed.');
  });

  it('a step that is attempted again with the failure and the number of its earlier attempts', async () => {
    const released = deferred();
    let calls = 0;
    const handle = await start(
      fakeSteps({
        extractToken: async (input, how) => {
          calls += 1;
          if (calls > 1) await released.promise;
          if (calls > 1) return healthy.extractToken(input, how);
          throw new RefreshFailure('AwsThrottled', 'ECR throttled the request.');
        },
      }),
    );
    // The first attempt waits 2 s by this machine's clock.
    const { steps } = await waitFor(handle, ({ steps: [step] }) => step?.activityId?.endsWith('#2') === true);
    const [step] = steps;
    assert.deepEqual(
      [step?.step, step?.attempts, step?.failure?.type, step?.nextAttemptAt],
      ['extractToken', 1, 'AwsThrottled', null],
    );
    assert.match(await readDetails(handle), /AwsThrottled.*; later attempts are under Pending Activities\.$/);
    released.resolve();
    await endOf(handle);
  });

  it('what failed for good as soon as it has, while other steps are in progress', async () => {
    const released = deferred();
    const handle = await start(
      fakeSteps({
        planRefresh: async () => ({ configHash: 'abc', stores: plannedStores('bad', 'slow'), engines: [] }),
        inspectConnections: async (input, how) => {
          if (input.store === 'bad') throw new RefreshFailure('StoreRequestRejected', 'Airflow bad: 404.');
          return healthy.inspectConnections(input, how);
        },
        updateConnections: async (input, how) => {
          await released.promise;
          return healthy.updateConnections(input, how);
        },
      }),
    );
    const { report, storesDone } = await waitFor(
      handle,
      ({ report: { failures }, steps: [step] }) => failures.length > 0 && step?.step === 'updateConnections',
    );
    assert.deepEqual(
      report.failures.map(({ stage, store, type }) => [stage, store, type]),
      [['inspect', 'bad', 'StoreRequestRejected']],
    );
    assert.equal(report.outcome, 'incomplete');
    assert.deepEqual(storesDone, ['bad']);
    const details = await readDetails(handle);
    assert.match(
      details,
      /^3 steps done, 1 in progress\n\n- updateConnections: slow \S+, since [\d :-]+UTC\n/,
    );
    assert.match(details, /\nFailed:\n\n- inspect bad: \*\*StoreRequestRejected\*\*: Airflow bad: 404\.$/);
    released.resolve();
    await endOf(handle);
  });

  it('its outcome and its failures after it has ended incomplete', async () => {
    const handle = await start(
      fakeSteps({
        inspectConnections: async () => {
          throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 404.');
        },
      }),
    );
    const { report } = await endOf(handle);
    assert.equal(report.outcome, 'incomplete');
    const progress = await readProgress(handle);
    assert.deepEqual([progress.steps, progress.storesDone], [[], ['main']]);
    assert.deepEqual(
      progress.report.failures.map(({ type }) => type),
      ['StoreRequestRejected'],
    );
    assert.equal(
      await readDetails(handle),
      '0 connections refreshed; failed: StoreRequestRejected at inspect (main).',
    );
  });

  it('that it has failed for good after retries until its deadline', async () => {
    const handle = await start(partlyFailing(() => false));
    const { report } = await endOf(handle);
    assert.equal(report.outcome, 'incomplete');
    assert.equal(
      await readDetails(handle),
      '1 connection refreshed; failed: StoreUnauthorized at inspect (down).',
    );
  });
});

// What `apply`, `trigger` and the overlap policy do on a real Temporal server.
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { applySchedule } from '../../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import { findNewRun, triggerRun } from '../../src/schedule/trigger-run.js';
import { readStatus } from '../../src/status/read-status.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import {
  assertNoOverlap,
  configEvery,
  withInterval,
  SECOND_MS,
  startScheduleServer,
  waitUntil,
  type ScheduleServer,
} from './schedule-server.js';

describe('the schedule on a real Temporal server', function () {
  this.timeout(120_000);
  let server: ScheduleServer;

  before(async () => {
    server = await startScheduleServer();
  });

  after(() => server?.stop());

  it('never has two runs at the same time when runs take longer than the interval', async () => {
    const { client, withWorker, runsOf } = server;
    const wanted = configEvery(SECOND_MS);
    const { updateConnections } = fakeSteps();
    let running = 0;
    let peak = 0;
    const steps = fakeSteps({
      updateConnections: async (input, how) => {
        running += 1;
        peak = Math.max(peak, running);
        await delay(3 * SECOND_MS);
        running -= 1;
        return updateConnections(input, how);
      },
    });
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withWorker(steps, wanted.taskQueue, async () => {
      await applySchedule(client, buildScheduleOptions(wanted));
      // Three runs of at least 3 s overlap about eight starts.
      await waitUntil('three runs', async () => (await handle.describe()).info.numActionsTaken >= 3);
      await handle.pause();
      await waitUntil('the last run', async () => (await handle.describe()).info.runningActions.length === 0);
    });
    const { info } = await handle.describe();
    assert.ok(info.numActionsSkippedOverlap >= 2, `skipped ${info.numActionsSkippedOverlap}`);
    assert.equal(peak, 1);
    const runs = await runsOf(wanted.schedule.id);
    assert.ok(runs.length >= 3, `${runs.length} runs`);
    assertNoOverlap(runs);
  });

  it('starts one run when triggered three times at the same time', async () => {
    const { client, withHeldWrites, runsOf } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withHeldWrites(wanted.taskQueue, async (held) => {
      // `apply` is not used here, because its first run would already be in progress.
      await client.schedule.create(buildScheduleOptions(wanted));
      const runs = await Promise.all([triggerRun(handle), triggerRun(handle), triggerRun(handle)]);
      assert.ok(runs[0]);
      assert.deepEqual(new Set(runs.map((run) => run?.runId)), new Set([runs[0].runId]));
      held.release();
      await waitForReport(client, runs[0].workflowId, runs[0].runId);
    });
    assert.equal((await runsOf(wanted.schedule.id)).length, 1);
  });

  it('returns the run that caused a trigger to be skipped, even when it has ended since', async () => {
    const { client, withHeldWrites } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withHeldWrites(wanted.taskQueue, async (held) => {
      const { firstRun } = await applySchedule(client, buildScheduleOptions(wanted));
      assert.ok(firstRun);
      const before = await handle.describe();
      await handle.trigger(ScheduleOverlapPolicy.SKIP);
      const isSkipped = async () => (await handle.describe()).info.numActionsSkippedOverlap === 1;
      await waitUntil('the trigger to be skipped', isSkipped);
      held.release();
      await waitUntil('the end', async () => (await handle.describe()).info.runningActions.length === 0);
      assert.deepEqual(await findNewRun(handle, before), { ...firstRun, alreadyRunning: true });
    });
  });

  it('changes nothing when applied twice, updates after an edit, and keeps an operator’s pause', async () => {
    const { client, withWorker, runsOf } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withWorker(fakeSteps(), wanted.taskQueue, async () => {
      await applySchedule(client, buildScheduleOptions(wanted));
      assert.equal((await applySchedule(client, buildScheduleOptions(wanted))).outcome, 'unchanged');
      await handle.pause('maintenance until noon');

      const everyMs = 6 * 3600 * SECOND_MS;
      const edited = withInterval(everyMs, wanted);
      assert.equal((await applySchedule(client, buildScheduleOptions(edited))).outcome, 'updated');
      const { spec, state } = await handle.describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [everyMs],
      );
      assert.equal(state.paused, true);
      assert.equal(state.note, 'maintenance until noon');
      assert.equal((await applySchedule(client, buildScheduleOptions(edited))).outcome, 'unchanged');
      assert.equal((await runsOf(wanted.schedule.id)).length, 1, 'applying again started a run');
    });
  });

  it('carries lastRefreshedAt and failingSince through failed runs to the next successful one', async () => {
    const { client, withWorker } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    let isDown = false;
    const { inspectConnections } = fakeSteps();
    const steps = fakeSteps({
      inspectConnections: async (input, how) => {
        // The failure is not retryable, so that the run ends immediately.
        if (isDown) throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 404.');
        return inspectConnections(input, how);
      },
    });
    async function runNow() {
      const run = await triggerRun(handle);
      assert.ok(run);
      const { report } = await waitForReport(client, run.workflowId, run.runId);
      assert.ok(report);
      return report;
    }
    await withWorker(steps, wanted.taskQueue, async () => {
      const { firstRun } = await applySchedule(client, buildScheduleOptions(wanted));
      assert.ok(firstRun);
      const refreshed = (await waitForReport(client, firstRun.workflowId, firstRun.runId)).report;
      isDown = true;
      const failed = await runNow();
      const failedAgain = await runNow();
      for (const report of [failed, failedAgain]) {
        assert.equal(report.outcome, 'incomplete');
        assert.equal(report.stores[0]?.refreshed, 0);
        assert.equal(report.stores[0]?.lastRefreshedAt, refreshed?.stores[0]?.lastRefreshedAt);
        assert.equal(report.failures[0]?.failingSince, failed.startedAt);
      }
      const target = { scheduleId: wanted.schedule.id, taskQueue: wanted.taskQueue };
      const status = await readStatus(client, target, { failingForMs: 120_000 });
      assert.equal(status.report?.runId, failedAgain.runId);
      isDown = false;
      const recovered = await runNow();
      assert.equal(recovered.outcome, 'refreshed');
      assert.notEqual(recovered.stores[0]?.lastRefreshedAt, refreshed?.stores[0]?.lastRefreshedAt);
    });
  });

  it('describes the purpose of a run in its static summary', async () => {
    const { client, withWorker } = server;
    const wanted = configEvery();
    await withWorker(fakeSteps(), wanted.taskQueue, async () => {
      const { firstRun } = await applySchedule(client, buildScheduleOptions(wanted));
      assert.ok(firstRun);
      await waitForReport(client, firstRun.workflowId, firstRun.runId);
      const { action } = await client.schedule.getHandle(wanted.schedule.id).describe();
      assert.equal(action.staticSummary, 'Refresh ECR tokens in 1 Airflow instance');
      assert.ok((await client.workflow.getHandle(firstRun.workflowId).describe()).staticDetails);
    });
  });
});

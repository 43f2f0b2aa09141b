// Temporal killed with SIGKILL and started again on its database: what becomes of the run under way, of the worker
// (a real one, as a process, over stand-ins), of the schedule, and of the starts that fell into the outage.
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
  assertNoneSideBySide,
  configEvery,
  SECOND_MS,
  startScheduleServer,
  waitUntil,
  type ScheduleServer,
} from './schedule-server.js';

describe('Temporal killed with SIGKILL and started again on its database', function () {
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

  /** Starts a run of the real worker, whose writes meet faults, and resolves once the last of them is in progress. */
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
    assert.ok(issued && issued.issuedAt >= Date.parse(report.startedAt), 'a token of this run is written');
  }

  function assertWorkerStayed(): void {
    assert.doesNotThrow(() => process.kill(worker.pid, 0));
    assert.equal(readFileSync(worker.logFile, 'utf8').split('"worker started"').length - 1, 1);
  }

  it('takes what the worker finished meanwhile when it is back before heartbeats are missed', async () => {
    const held = deferred();
    // A first attempt of 10 s may end before Temporal is back; a retry may take longer, and has a heartbeat.
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
    assert.equal(writes(), before, 'no second attempt');
    assertWorkerStayed();
    const { code, stdout } = await following;
    assert.equal(code, 0, 'trigger --wait follows on');
    assert.equal((JSON.parse(stdout) as RefreshReport).runId, run.runId);
  });

  describe('for so long that two starts fall into the outage', () => {
    // Temporal's least catch-up window is 10 s: one interval of the first, two of the second.
    const everyTen = configEvery(10 * SECOND_MS);
    const everyFive = configEvery(5 * SECOND_MS);
    const outage = { beganAt: 0, endedAt: 0 };
    let schedulesBefore: ScheduleDescription[];
    let answers: CommandResult[];
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
      // No run of theirs is under way, and the next start is some way off.
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
      answers = await Promise.all(commands.map((args) => scan.command(args, env)));
      await delay(Math.max(0, outage.beganAt + 12 * SECOND_MS - Date.now()));
      await waitForTick(10 * SECOND_MS);
      outage.endedAt = Date.now();
      await server.restart();
    });

    /** Nominal times of the starts that fell into the outage, and of the runs that were started for them. */
    async function missedBy({ schedule }: RefreshConfig): Promise<{ starts: number[]; madeUpFor: number[] }> {
      const everyMs = schedule.longestIntervalMs;
      const starts: number[] = [];
      const { beganAt, endedAt } = outage;
      for (let at = Math.ceil(beganAt / everyMs) * everyMs; at < endedAt; at += everyMs) starts.push(at);
      const runs = (await server.runsOf(schedule.id)).map(nominalTime);
      return { starts, madeUpFor: runs.filter((at) => at > beganAt && at < endedAt) };
    }

    it('finishes the run under way by another attempt of the same worker', async () => {
      await assertRefreshed(run);
      assert.equal(writes(), writesBefore + 1);
      assertWorkerStayed();
    });

    it('has the schedules as they were', async () => {
      const stored = ({ spec, action, policies, state }: ScheduleDescription) => ({
        spec,
        action,
        policies,
        state,
      });
      assert.deepEqual((await describeAll()).map(stored), schedulesBefore.map(stored));
    });

    it('makes up for the last of the missed starts when the window is one interval, and counts the others', async () => {
      const runsAgain = async () => (await server.runsOf(everyTen.schedule.id)).some(isAfter(outage.endedAt));
      await waitUntil('a run by the schedule', runsAgain);
      const { starts, madeUpFor } = await missedBy(everyTen);
      assert.ok(starts.length >= 2);
      assert.deepEqual(madeUpFor, starts.slice(-1));
      const { info } = await server.client.schedule.getHandle(everyTen.schedule.id).describe();
      assert.equal(info.numActionsMissedCatchupWindow, starts.length - 1);
    });

    it('starts one run for all missed starts when the window holds several', async () => {
      const { starts, madeUpFor } = await missedBy(everyFive);
      assert.ok(starts.length >= 3);
      assert.equal(madeUpFor.length, 1, `${madeUpFor.length} of ${starts.length}`);
    });

    it('goes on by the schedule, one run at a time', async () => {
      for (const { schedule } of [everyTen, everyFive]) {
        const runs = await server.runsOf(schedule.id);
        assert.ok(runs.some(isAfter(outage.endedAt)));
        assertNoneSideBySide(runs);
      }
    });

    it('lets the worker say once that Temporal does not answer, and that it is back', async () => {
      // The outage of the test before may not be over for it yet: then both are one.
      const said = () => readFileSync(worker.logFile, 'utf8').split('\n').filter(isAboutTemporal);
      await waitUntil('the end of the outage', () => said().at(-1)?.includes('answers again') ?? false);
      const away = said().filter((line) => line.includes('"Temporal does not answer; waiting for it"'));
      assert.ok(away.length >= 1 && away.length <= 3, said().join('\n'));
      assert.ok(!readFileSync(worker.logFile, 'utf8').includes('gRPC call'));
    });

    it('lets commands say in one line that Temporal does not answer', () => {
      const line = `Temporal at ${server.address}, namespace default: no answer. Start the server, or set TEMPORAL_ADDRESS (and TLS) to where it is.\n`;
      for (const answer of answers) assert.deepEqual(answer, { code: 1, stdout: '', stderr: line });
    });

    it('leaves no secret out of place, nor in the database of the killed server', async () => {
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

/** When the schedule says that a run starts; the workflow id ends with it. */
function nominalTime({ workflowId }: WorkflowExecutionInfo): number {
  return Date.parse(workflowId.slice(-'2026-01-01T00:00:00Z'.length));
}

/** Whether a run starts later than this by the schedule, and has started. */
function isAfter(time: number): (run: WorkflowExecutionInfo) => boolean {
  return (run) => nominalTime(run) > time;
}

/**
 * The database as its killed server left it, with a journal if that was in mid-transaction: the next start tidies up.
 * Answers where the copy is.
 */
function copyDatabase(dbFile: string, folder: string): string {
  const name = basename(dbFile);
  const parts = readdirSync(dirname(dbFile)).filter((part) => part.startsWith(name));
  for (const part of parts) cpSync(join(dirname(dbFile), part), join(folder, part));
  return join(folder, name);
}

/** Until a second and a half after the next start. */
async function waitForTick(everyMs: number): Promise<void> {
  const phaseMs = 1.5 * SECOND_MS;
  await delay((everyMs + phaseMs - (Date.now() % everyMs)) % everyMs);
}

// A worker dies in mid-call, on real parts: another one ends the run in time, the connection holds the newest token
// that was written, and nothing else has changed. All runs start at once, a few at a time; each test judges one.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import {
  readConnectionRow,
  readDecryptedPasswords,
  seedConnection,
  startAirflow,
} from '../support/airflow.js';
import { findDockerEngine } from '../../sandbox/docker-engine.js';
import { canStartDockerEngine, startDockerEngine } from '../support/docker-engine.js';
import { findPython } from '../../sandbox/python-tools.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { Semaphore } from '../../src/refresh/semaphore.js';
import { Secret } from '../../src/log/secret.js';
import { builtCli } from './built-cli.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { randomAwsKey, startSuiteScan, suiteSecrets, type SuiteScan } from './scan-suite.js';
import { CALLS, type Call } from './worker-death/calls.js';
import type { ConnectionRow, Stage } from './worker-death/fleet.js';
import { killDuring, terminateDuring, type LostAttempt, type Outcome } from './worker-death/killed-run.js';

/** The death is noticed after 10 s, and the run must have ended 30 s later. */
const SECONDS_TO_RECOVER = 40;
/** Two workers each; more would measure the machine. */
const FLEETS_AT_ONCE = 6;
/** Written as Temporal or Node prints one. */
const STACK = /^\s+at .+:\d+:\d+\)?$/m;

/** The failure of an update's first attempt when its write gets no response. */
const UNANSWERED_WRITE: LostAttempt = { step: 'updateConnections', cause: 'StoreUnreachable' };

const HANDED_OVER = 'handed-over';
const KILLS = Object.entries(CALLS).flatMap(([key, call]: [string, Call]) =>
  (['before', 'after'] as const).map((point) => ({ name: `${point}-${key}`, call, point })),
);

describe('the death of a worker', function () {
  this.timeout(400_000);
  const stops = new Cleanup();
  const outcomes = new Map<string, PromiseSettledResult<Outcome>>();
  let folder: string | undefined;
  let stage: Stage;
  let temporal: TemporalServer;
  let scan: SuiteScan;
  let passwords: Record<string, string | null>;
  let bystander: (ConnectionRow | undefined)[];

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    await builtCli();
    stage = await startStage();
    const { airflow } = stage;
    await seedConnection(airflow, { connection_id: 'bystander', conn_type: 'docker', password: 'untouched' });
    const rowBefore = await readConnectionRow(airflow, 'bystander');
    await runAll();
    bystander = [rowBefore, await readConnectionRow(airflow, 'bystander')];
    passwords = await readDecryptedPasswords(airflow, [...outcomes.keys()]);
  });

  after(async () => {
    await stops.stopAll();
    if (folder) rmSync(folder, { recursive: true });
  });

  async function startStage(): Promise<Stage> {
    const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-death-'));
    folder = stateFolder;
    // Airflow's own folder holds its passwords and keys in clear: that is where they belong. Its log is looked at.
    scan = stops.add(startSuiteScan(stateFolder, join(stateFolder, 'airflow')));
    const [server, airflow, docker] = await Promise.all([
      startTemporal({ stateFolder }).then((part) => stops.add(part)),
      startAirflow({ stateFolder }).then((part) => stops.add(part)),
      findDockerEngine().then(async (found) => {
        if (found || !canStartDockerEngine()) return found;
        return stops.add(await startDockerEngine({ stateFolder }));
      }),
    ]);
    temporal = server;
    const { address } = temporal;
    const connection = await Connection.connect({ address });
    stops.add({ stop: () => connection.close() });
    const client = new Client({ connection });
    const awsSecretKey = randomAwsKey();
    return {
      folder: stateFolder,
      airflow,
      client,
      temporalAddress: address,
      engine: docker?.dockerHost,
      awsSecretKey,
    };
  }

  /** The slowest begins first. */
  async function runAll(): Promise<void> {
    const limit = new Semaphore(FLEETS_AT_ONCE);
    const kills = KILLS.filter(({ call }) => call.to !== 'engine' || stage.engine !== undefined);
    const runs: { name: string; run: () => Promise<Outcome> }[] = [
      { name: HANDED_OVER, run: () => terminateDuring(stage, HANDED_OVER, CALLS.readAgain, CALLS.write) },
      ...kills.map(({ name, call, point }) => ({
        name,
        run: () => killDuring(stage, name, call, point),
      })),
    ];
    const results = await Promise.allSettled(runs.map(({ run }) => limit.run(run)));
    runs.forEach(({ name }, index) => outcomes.set(name, results[index]!));
  }

  function toOutcome(name: string): Outcome {
    const result = outcomes.get(name);
    if (result?.status !== 'fulfilled') throw result?.reason;
    return result.value;
  }

  function assertWellEnded(outcome: Outcome, call: Call): void {
    const { report, issued, written, rows } = outcome;
    assert.equal(outcome.stepHeld, call.step);
    assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
    // Beyond extractToken the other worker gets a token of its own: shown where it wrote, a warning where it tested.
    const other = new Secret(issued.at(-1) ?? '').fingerprint();
    const isTested = call.step === 'testDocker';
    assert.equal(report.tokens.length, call.step === 'updateConnections' ? 2 : 1);
    assert.equal(report.warnings.length, isTested ? 1 : 0, report.warnings.join('\n'));
    const told = isTested ? report.warnings[0] : report.tokens.at(-1)?.fingerprint;
    assert.ok(told?.includes(other), `${told} does not name ${other}`);
    assert.equal(report.docker.length, stage.engine === undefined ? 0 : 1);

    const password = passwords[outcome.connection] ?? '';
    assert.ok(password === written.at(-1), 'the connection holds what was written last');
    const ages = written.map((token) => issued.indexOf(token));
    assert.ok(!ages.includes(-1), 'only issued tokens were written');
    assert.equal(issued.indexOf(password), Math.max(...ages), 'no newer token was written before');
    assert.equal(new Secret(password).fingerprint(), report.stores[0]?.fingerprint);
    assert.ok(issued.length <= 2, `at most one extra token was issued, not ${issued.length}`);

    const [before, after] = rows;
    assert.ok(before && after);
    assert.notEqual(after['password'], before['password']);
    assert.deepEqual({ ...after, password: null }, { ...before, password: null });
    const path = `/api/v2/connections/${outcome.connection}`;
    // Beside this, Airflow is asked what it is and how it looks connections up; nothing else of it is touched.
    const about = /^GET (?!.*connections)|^POST .*connections\/test$/;
    assert.deepEqual(
      new Set(outcome.askedOfAirflow.filter((request) => !about.test(request))),
      new Set(['POST /auth/token', `GET ${path}`, `PATCH ${path}?update_mask=password`]),
    );
    assert.deepEqual(outcome.residue, []);
    assert.equal(outcome.secondEnded, 'exited with code 0');
    for (const log of outcome.logs) assert.doesNotMatch(readFileSync(log, 'utf8'), STACK);
  }

  for (const { name, call, point } of KILLS) {
    it(`does no harm ${point} ${call.name}`, function () {
      if (call.to === 'engine' && stage.engine === undefined)
        skipOrFail(this, 'a Docker Engine (Debian: docker.io)');
      const outcome = toOutcome(name);
      assertWellEnded(outcome, call);
      assert.equal(outcome.firstEnded.how, 'was ended by SIGKILL');
      assert.deepEqual(outcome.lost, lostWithWorker(call));
      assert.equal(outcome.heldRequest.status !== undefined, point === 'after');
      assert.ok(outcome.seconds < SECONDS_TO_RECOVER, `it took ${outcome.seconds.toFixed(1)} s`);
    });
  }

  it('hands over what a worker cannot end within 30 s of SIGTERM, which then exits with 0', () => {
    const outcome = toOutcome(HANDED_OVER);
    assertWellEnded(outcome, CALLS.write);
    assert.equal(outcome.firstEnded.how, 'exited with code 0');
    assert.ok(outcome.firstEnded.seconds < 45, `it took ${outcome.firstEnded.seconds.toFixed(1)} s`);
    assert.deepEqual(outcome.lost, [
      UNANSWERED_WRITE,
      { step: 'updateConnections', cause: 'WorkerShutdown' },
    ]);
    assert.equal(outcome.heldRequest.status, undefined);
  });

  it('leaves other connections alone', () => {
    const [before, after] = bystander;
    assert.ok(before);
    assert.deepEqual(after, before);
  });

  it('leaves no secret out of place', async () => {
    const ended = [...outcomes.keys()].map(toOutcome);
    const secrets = suiteSecrets({
      env: { AIRFLOW_PASSWORD: stage.airflow.password, AWS_SECRET_ACCESS_KEY: stage.awsSecretKey },
      tokens: ended.flatMap(({ issued }) => issued),
      authorizations: ended.flatMap(({ authorizations }) => authorizations),
    });
    await scan.assertNoSecretOut(secrets, temporal);
  });
});

/** Attempts of up to 10 s have no heartbeat: their own timeout ends them as early. */
function lostWithWorker({ step, afterLost }: Call): LostAttempt[] {
  if (afterLost) return [UNANSWERED_WRITE, { step, cause: 'TIMEOUT_TYPE_HEARTBEAT' }];
  const isShort = step !== 'testDocker';
  return [{ step, cause: isShort ? 'TIMEOUT_TYPE_START_TO_CLOSE' : 'TIMEOUT_TYPE_HEARTBEAT' }];
}

// A worker is killed during a call, with real services: another worker completes the run in time, the connection
// holds the newest token that was written, and nothing else has changed. All runs take place before the tests, a few
// at a time; each test checks one.
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
import type { ConnectionRow, Services } from './worker-death/fleet.js';
import { killDuring, terminateDuring, type LostAttempt, type Outcome } from './worker-death/killed-run.js';

/** Temporal notices a dead worker after 10 s, and the run must end 30 s later. */
const SECONDS_TO_RECOVER = 40;
/** Each fleet has two workers; more fleets would overload the machine. */
const FLEETS_AT_ONCE = 6;
/** A line of a stack trace as Temporal or Node prints it. */
const STACK = /^\s+at .+:\d+:\d+\)?$/m;

/** The failure of an update's first attempt when its write gets no response. */
const UNANSWERED_WRITE: LostAttempt = { step: 'updateConnections', cause: 'StoreUnreachable' };

const HANDED_OVER = 'handed-over';
const KILLS = Object.entries(CALLS).flatMap(([key, call]: [string, Call]) =>
  (['before', 'after'] as const).map((point) => ({ name: `${point}-${key}`, call, point })),
);

describe('worker death during a call', function () {
  this.timeout(400_000);
  const stops = new Cleanup();
  const outcomes = new Map<string, PromiseSettledResult<Outcome>>();
  let folder: string | undefined;
  let services: Services;
  let temporal: TemporalServer;
  let scan: SuiteScan;
  let passwords: Record<string, string | null>;
  let bystander: (ConnectionRow | undefined)[];

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    await builtCli();
    services = await startServices();
    const { airflow } = services;
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

  async function startServices(): Promise<Services> {
    const stateFolder = mkdtempSync(join(tmpdir(), 'ecr-death-'));
    folder = stateFolder;
    // Airflow's folder holds its passwords and keys in plain text, as expected. Its log is scanned.
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

  /** Starts the slowest run first. */
  async function runAll(): Promise<void> {
    const limit = new Semaphore(FLEETS_AT_ONCE);
    const kills = KILLS.filter(({ call }) => call.to !== 'engine' || services.engine !== undefined);
    const runs: { name: string; run: () => Promise<Outcome> }[] = [
      { name: HANDED_OVER, run: () => terminateDuring(services, HANDED_OVER, CALLS.retryRead, CALLS.write) },
      ...kills.map(({ name, call, point }) => ({
        name,
        run: () => killDuring(services, name, call, point),
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

  function assertCompleted(outcome: Outcome, call: Call): void {
    const { report, issued, written, rows } = outcome;
    assert.equal(outcome.stepHeld, call.step);
    assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
    // After extractToken, the other worker gets another token. The report shows it as a second token or in a warning.
    const other = new Secret(issued.at(-1) ?? '').fingerprint();
    const isTested = call.step === 'testDocker';
    assert.equal(report.tokens.length, call.step === 'updateConnections' ? 2 : 1);
    assert.equal(report.warnings.length, isTested ? 1 : 0, report.warnings.join('\n'));
    const mention = isTested ? report.warnings[0] : report.tokens.at(-1)?.fingerprint;
    assert.ok(mention?.includes(other), `${mention} does not include ${other}`);
    assert.equal(report.docker.length, services.engine === undefined ? 0 : 1);

    const password = passwords[outcome.connection] ?? '';
    assert.ok(password === written.at(-1), 'the connection does not hold the token that was written last');
    const ages = written.map((token) => issued.indexOf(token));
    assert.ok(!ages.includes(-1), 'a token was written that AWS did not issue');
    assert.equal(issued.indexOf(password), Math.max(...ages), 'a newer token was written before');
    assert.equal(new Secret(password).fingerprint(), report.stores[0]?.fingerprint);
    assert.ok(issued.length <= 2, `${issued.length} tokens were issued; at most 2 are expected`);

    const [before, after] = rows;
    assert.ok(before && after);
    assert.notEqual(after['password'], before['password']);
    assert.deepEqual({ ...after, password: null }, { ...before, password: null });
    const path = `/api/v2/connections/${outcome.connection}`;
    // Other requests only read the version and the configuration, and check for overridden connections.
    const readOnly = /^GET (?!.*connections)|^POST .*connections\/test$/;
    assert.deepEqual(
      new Set(outcome.airflowRequests.filter((request) => !readOnly.test(request))),
      new Set(['POST /auth/token', `GET ${path}`, `PATCH ${path}?update_mask=password`]),
    );
    assert.deepEqual(outcome.residue, []);
    assert.equal(outcome.secondEnded, 'exited with code 0');
    for (const log of outcome.logs) assert.doesNotMatch(readFileSync(log, 'utf8'), STACK);
  }

  for (const { name, call, point } of KILLS) {
    it(`another worker completes the run when a worker is killed ${point} ${call.name}`, function () {
      if (call.to === 'engine' && services.engine === undefined)
        skipOrFail(this, 'a Docker Engine (Debian: docker.io)');
      const outcome = toOutcome(name);
      assertCompleted(outcome, call);
      assert.equal(outcome.firstEnded.how, 'was terminated by SIGKILL');
      assert.deepEqual(outcome.lost, toLostAttempts(call));
      assert.equal(outcome.heldRequest.status !== undefined, point === 'after');
      assert.ok(outcome.seconds < SECONDS_TO_RECOVER, `it took ${outcome.seconds.toFixed(1)} s`);
    });
  }

  it('hands over a step that does not finish within 30 s of SIGTERM, and exits with 0', () => {
    const outcome = toOutcome(HANDED_OVER);
    assertCompleted(outcome, CALLS.write);
    assert.equal(outcome.firstEnded.how, 'exited with code 0');
    assert.ok(outcome.firstEnded.seconds < 45, `it took ${outcome.firstEnded.seconds.toFixed(1)} s`);
    assert.deepEqual(outcome.lost, [
      UNANSWERED_WRITE,
      { step: 'updateConnections', cause: 'WorkerShutdown' },
    ]);
    assert.equal(outcome.heldRequest.status, undefined);
  });

  it('does not change other connections', () => {
    const [before, after] = bystander;
    assert.ok(before);
    assert.deepEqual(after, before);
  });

  it('leaks no secret', async () => {
    const ended = [...outcomes.keys()].map(toOutcome);
    const secrets = suiteSecrets({
      env: { AIRFLOW_PASSWORD: services.airflow.password, AWS_SECRET_ACCESS_KEY: services.awsSecretKey },
      tokens: ended.flatMap(({ issued }) => issued),
      authorizations: ended.flatMap(({ authorizations }) => authorizations),
    });
    await scan.assertNoSecretOut(secrets, temporal);
  });
});

/** Attempts limited to 10 s have no heartbeat, because their own timeout ends them just as early. */
function toLostAttempts({ step, afterLost }: Call): LostAttempt[] {
  if (afterLost) return [UNANSWERED_WRITE, { step, cause: 'TIMEOUT_TYPE_HEARTBEAT' }];
  const isShort = step !== 'testDocker';
  return [{ step, cause: isShort ? 'TIMEOUT_TYPE_START_TO_CLOSE' : 'TIMEOUT_TYPE_HEARTBEAT' }];
}

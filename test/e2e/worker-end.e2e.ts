// A built worker ends within the documented 40 s after SIGTERM, whatever it waits for. All cases run at the same time,
// since most of the time they only wait.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Child } from '../../sandbox/child-process.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { startAirflowStandIn } from '../support/airflow-stand-in.js';
import { killTemporal } from '../support/kill-temporal.js';
import { startTemporalFront } from '../support/temporal-front.js';
import {
  hasMessage,
  isStarted,
  isWaiting,
  readLog,
  startSilentServer,
  startTemporalFixture,
  type TemporalFixture,
} from './temporal-fixture.js';
import { waitFor } from './wait-for.js';

/** The documented limit, and what a busy machine adds. Not a measurement: a process that hangs would never end. */
const LIMIT_MS = 40_000 + 5_000;
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

describe('SIGTERM ends the built worker within 40 s', function () {
  this.timeout(240_000);
  const ends = new Map<string, Promise<void>>();
  let fixture: TemporalFixture;
  let temporal: TemporalServer;

  before(async () => {
    fixture = await startTemporalFixture();
    const [lasting, killed] = await Promise.all(
      ['lasting', 'killed'].map((name) => startTemporal({ stateFolder: join(fixture.folder, name) })),
    );
    assert.ok(lasting && killed);
    temporal = fixture.stops.add(lasting);
    fixture.stops.add(killed);
    const start = (title: string, end: Promise<void>): void => {
      ends.set(title, end);
      end.catch(() => {});
    };
    start('endpoint', endDuringEndpoint());
    start('program', endDuringProgram());
    start('outage', endDuringOutage(killed));
    start('connection', endDuringStart('GetSystemInfo'));
    start('namespace', endDuringStart('DescribeNamespace'));
    start('schedule', endDuringStart('DescribeSchedule'));
    start('creation', endDuringStart('DescribeNamespace', 2));
    start('first moment', endAtOnce());
  });

  after(async () => {
    await Promise.allSettled(ends.values());
    await fixture.stop();
  });

  /** @returns variables for a worker and a schedule of their own, whose runs need a token from AWS */
  async function startDeployment(name: string, address: string): Promise<NodeJS.ProcessEnv> {
    const connection = { connection_id: 'docker_default', conn_type: 'docker', host: ECR_HOST, login: 'AWS' };
    const airflow = fixture.stops.add(await startAirflowStandIn({ connections: [connection] }));
    const config = join(fixture.folder, `${name}.yaml`);
    writeFileSync(
      config,
      `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: op, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
docker: {engines: []}
temporal: {taskQueue: ${name}}
schedule: {id: ${name}, every: 4h}
`,
    );
    return { ECR_REFRESH_CONFIG: config, AIRFLOW_PASSWORD: 'op', TEMPORAL_ADDRESS: address };
  }

  /** Starts a worker and its first run. */
  async function startRun(name: string, env: NodeJS.ProcessEnv): Promise<Child> {
    const worker = await fixture.startWorker(name, env, isStarted);
    const { code, stderr } = await fixture.command(['schedule', 'apply'], env);
    assert.equal(code, 0, stderr);
    return worker;
  }

  async function assertEnd(worker: Child): Promise<void> {
    // Only to the process: its group contains its credential process, too.
    process.kill(worker.pid, 'SIGTERM');
    const late = delay(LIMIT_MS, `still running after ${LIMIT_MS} ms`, { ref: false });
    assert.equal(await Promise.race([worker.exited, late]), 'exited with code 0');
    assert.ok(hasMessage('worker stopped')(readLog(worker.logFile)));
  }

  async function endDuringEndpoint(): Promise<void> {
    const silent = fixture.stops.add(await startSilentServer());
    const env = await startDeployment('endpoint', temporal.address);
    const endpoint = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${silent.address}/credentials` };
    const worker = await startRun('endpoint', { ...env, ...endpoint });
    await waitFor('a request for credentials', () => silent.countConnections() > 0);
    await assertEnd(worker);
  }

  async function endDuringProgram(): Promise<void> {
    const [started, config] = [join(fixture.folder, 'program-started'), join(fixture.folder, 'aws-config')];
    writeFileSync(config, `[profile slow]\ncredential_process = sh -c "touch ${started}; sleep 600"\n`);
    const env = await startDeployment('program', temporal.address);
    const worker = await startRun('program', { ...env, AWS_CONFIG_FILE: config, AWS_PROFILE: 'slow' });
    await waitFor('the credential process', () => existsSync(started));
    await assertEnd(worker);
  }

  async function endDuringOutage(server: TemporalServer): Promise<void> {
    const silent = fixture.stops.add(await startSilentServer());
    const env = await startDeployment('outage', server.address);
    const endpoint = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://${silent.address}/credentials` };
    const worker = await startRun('outage', { ...env, ...endpoint });
    await waitFor('a request for credentials', () => silent.countConnections() > 0);
    await killTemporal(server);
    await waitFor('the report of the outage', () => isWaiting(readLog(worker.logFile)), 60_000);
    await assertEnd(worker);
  }

  /**
   * The signal arrives while Temporal does not respond to a call of the start.
   * @param number which of the calls of this method, from 1
   */
  async function endDuringStart(method: string, number = 1): Promise<void> {
    const front = fixture.stops.add(await startTemporalFront({ upstream: temporal.address }));
    const countCalls = () => front.calls.filter((call) => call.method === method).length;
    front.setAnswer((call) => (call.method === method && countCalls() >= number ? 'silence' : undefined));
    const env = { TEMPORAL_ADDRESS: front.address };
    const worker = await fixture.startWorker(`${method}-${number}`, env, () => countCalls() >= number);
    await assertEnd(worker);
    assert.ok(!isStarted(readLog(worker.logFile)));
  }

  /** The signal arrives as early as the worker handles it. Before, it ends the process in the same way as any other. */
  async function endAtOnce(): Promise<void> {
    const code = `process.on('newListener', (name) => {
      if (name === 'SIGTERM') setImmediate(() => process.kill(process.pid, 'SIGTERM'));
    });`;
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(code)}`;
    const env = { TEMPORAL_ADDRESS: temporal.address, NODE_OPTIONS };
    const { code: exitCode, stdout, stderr } = await fixture.command(['worker'], env);
    assert.equal(exitCode, 0);
    assert.match(stdout + stderr, /"worker stopped"/);
  }

  it('during a request to a credentials endpoint that never responds', () => ends.get('endpoint'));
  it('during a credential_process that never returns', () => ends.get('program'));
  it('during a run and an outage of Temporal', () => ends.get('outage'));
  it('while Temporal does not respond to the connection', () => ends.get('connection'));
  it('while Temporal does not respond to the check of the namespace', () => ends.get('namespace'));
  it('while Temporal does not respond to the check of the schedule', () => ends.get('schedule'));
  it('while Temporal does not respond to the creation of the worker', () => ends.get('creation'));
  it('as soon as it handles signals', () => ends.get('first moment'));
});

describe('SIGTERM to `npm run worker`', function () {
  this.timeout(120_000);

  it('ends the worker, not only npm and its shell', async () => {
    const env = { ...process.env, TEMPORAL_ADDRESS: '127.0.0.1:1', AIRFLOW_PASSWORD: 'op' };
    const folder = mkdtempSync(join(tmpdir(), 'ecr-npm-worker-'));
    const config = join(folder, 'refresh.yaml');
    writeFileSync(
      config,
      'version: 1\nairflows: [{name: main, url: http://127.0.0.1:1, auth: {username: op, password: {env: AIRFLOW_PASSWORD}}, connections: [docker_default]}]\n',
    );
    const args = ['run', '-s', 'worker', '--', '--config', config];
    const npm = spawn('npm', args, { env, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    try {
      let log = '';
      npm.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
      await waitFor('a worker that waits', () => log.includes('Temporal unavailable; retrying'), 60_000);
      npm.kill('SIGTERM');
      // Not its exit: a worker that is left behind keeps the pipe open.
      await once(npm, 'close', { signal: AbortSignal.timeout(LIMIT_MS) });
      assert.match(log, /"worker stopped"/);
    } finally {
      killGroup(npm.pid ?? 0);
      rmSync(folder, { recursive: true });
    }
  });
});

/** Also a process whose parent has ended. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

// The built worker as a process, with a real Temporal server and stand-ins: how it starts, fails to start, and stops.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import type { Child } from '../../sandbox/child-process.js';
import { startRegistry } from '../support/registry.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { builtCli } from './built-cli.js';
import { startBuiltWorker } from './start-built-worker.js';
import { awkwardPassword, randomAwsKey, startSuiteScan, suiteSecrets, type SuiteScan } from './scan-suite.js';
import { waitFor } from './wait-for.js';

describe('the built worker', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  let stateFolder: string;
  let aws: AwsStandIn;
  let airflow: AirflowStandIn;
  let env: NodeJS.ProcessEnv;
  let temporal: TemporalServer;
  let scan: SuiteScan;

  before(async () => {
    await builtCli();
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-worker-'));
    scan = stops.add(startSuiteScan(stateFolder));
    aws = stops.add(await startAwsStandIn());
    const registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    temporal = stops.add(await startTemporal({ stateFolder }));
    const connection = {
      connection_id: 'docker_default',
      conn_type: 'docker',
      host: registry.host,
      login: 'AWS',
    };
    const password = awkwardPassword();
    airflow = stops.add(
      await startAirflowStandIn({
        users: [{ username: 'ecr-refresh', password, role: 'op' }],
        connections: [{ ...connection, password: 'old' }],
      }),
    );
    const configPath = join(stateFolder, 'refresh.yaml');
    writeFileSync(
      configPath,
      `version: 1
airflows:
  - name: main
    url: ${airflow.url}
    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_default]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: []}
`,
    );
    env = {
      ...scan.env,
      ...aws.env,
      AWS_SECRET_ACCESS_KEY: randomAwsKey(),
      TEMPORAL_ADDRESS: temporal.address,
      AIRFLOW_PASSWORD: password,
      ECR_REFRESH_CONFIG: configPath,
    };
  });

  after(async () => {
    await stops.stopAll();
    rmSync(stateFolder, { recursive: true });
  });

  async function startWorker(name: string): Promise<Child> {
    const logFile = join(stateFolder, `${name}.log`);
    const worker = await startBuiltWorker({ name, env, logFile, args: ['--log-level', 'trace'] });
    return stops.add(worker);
  }

  it('exits with 78 on an invalid configuration, before it connects to anything', async () => {
    const invalid = join(stateFolder, 'invalid.yaml');
    writeFileSync(invalid, 'version: 1\nairflows: []\n');
    const unreachable = { ...env, TEMPORAL_ADDRESS: '127.0.0.1:1' };
    const { code, stderr } = await scan.command(['worker', '--config', invalid], unreachable);
    assert.equal(code, 78);
    assert.match(stderr, /invalid\.yaml:2 airflows/);
    assert.doesNotMatch(stderr, /Temporal/);
  });

  // Two signals within a moment: a supervisor that signals the process and its group.
  for (const { signal, times } of [
    { signal: 'SIGTERM', times: 1 },
    { signal: 'SIGTERM', times: 2 },
    { signal: 'SIGINT', times: 2 },
  ] as const) {
    const name = `${signal}-${times}`;
    it(`finishes the write on ${times} ${signal} and exits with 0; another worker completes the run`, async () => {
      const first = await startWorker(`first-${name}`);
      const before = airflow.requests.length;
      airflow.setFault(({ method }) => (method === 'PATCH' ? { delayMs: 2000 } : undefined));
      const isWriting = () => airflow.requests.slice(before).some(({ method }) => method === 'PATCH');
      const applied = await scan.command(['schedule', 'apply', '--json'], env);
      assert.equal(applied.code, 0, applied.stderr);
      // Only in the first test does `apply` start the run; in the others it changes nothing.
      if (!applied.stdout.includes('created')) await scan.command(['schedule', 'trigger'], env);
      await waitFor('the write', isWriting);

      process.kill(first.pid, signal);
      // Not immediately: two pending signals of the same kind are delivered as one.
      await delay(300);
      if (times === 2) process.kill(first.pid, signal);
      assert.equal(await first.exited, 'exited with code 0');
      assert.match(readFileSync(first.logFile, 'utf8'), /"worker stopped"/);
      const written = airflow.connections.get('docker_default')?.password;
      assert.ok(
        aws.issued.some(({ password }) => password === written),
        'the write was not finished',
      );

      airflow.setFault(undefined);
      const second = await startWorker(`second-${name}`);
      const waited = await scan.command(['schedule', 'trigger', '--wait', '--json'], env);
      assert.equal(waited.code, 0, waited.stdout + waited.stderr);
      const report = JSON.parse(waited.stdout) as RefreshReport;
      assert.equal(report.outcome, 'refreshed');
      await second.stop();
    });
  }

  it('exits with 1 at once on a second signal that comes later', async () => {
    const worker = await startWorker('impatient');
    const before = airflow.requests.length;
    airflow.setFault(({ method }) => (method === 'PATCH' ? { hang: true } : undefined));
    await scan.command(['schedule', 'trigger'], env);
    await waitFor('the write', () => airflow.requests.slice(before).some(({ method }) => method === 'PATCH'));
    process.kill(worker.pid, 'SIGINT');
    await delay(2500);
    const secondMs = performance.now();
    process.kill(worker.pid, 'SIGINT');
    assert.equal(await worker.exited, 'exited with code 1');
    // Well within the 30 s that the activity has.
    assert.ok(performance.now() - secondMs < 15_000);
    assert.match(readFileSync(worker.logFile, 'utf8'), /"second signal; exiting at once"/);
    airflow.setFault(undefined);
  });

  it('leaks no secret', async () => {
    const { code, stderr } = await scan.command(['refresh-once'], env);
    assert.equal(code, 0, stderr);
    const secrets = suiteSecrets({
      env,
      tokens: aws.issued.map(({ password }) => password),
      authorizations: airflow.requests.map(({ headers }) => headers['authorization']),
    });
    await scan.assertNoSecretOut(secrets, temporal);
  });
});

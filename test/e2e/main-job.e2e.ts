// The main job with real services: a DockerOperator fails because its token has expired, a run of the schedule
// refreshes the connection, and the DockerOperator pulls again.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readConnectionRow,
  readDecryptedPassword,
  runDockerOperator,
  seedConnection,
  startAirflow,
  type Airflow,
} from '../support/airflow.js';
import { findDockerEngine } from '../../sandbox/docker-engine.js';
import { canStartDockerEngine, startDockerEngine } from '../support/docker-engine.js';
import { startPausingProxy, type PausingProxy } from '../support/pausing-proxy.js';
import { findPython } from '../../sandbox/python-tools.js';
import { startWorker } from '../../sandbox/quickstart/worker.js';
import { SAMPLE_OUTPUT, startRegistry, type Registry } from '../support/registry.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { SEEDED_CONNECTION, seedDockerDefault } from '../../sandbox/sandbox-airflow.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { Secret } from '../../src/log/secret.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { randomAwsKey, startSuiteScan, suiteSecrets, type SuiteScan } from './scan-suite.js';

describe('the main job with real services', function () {
  this.timeout(300_000);
  let stateFolder: string;
  const stops = new Cleanup();
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: Airflow;
  /** Records the JWTs that are sent to Airflow. */
  let proxy: PausingProxy;
  let temporal: TemporalServer;
  let scan: SuiteScan;
  let env: NodeJS.ProcessEnv;
  let configPath: string;
  let engine: string;
  let image: string;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    const found = await findDockerEngine();
    if (!found && !canStartDockerEngine()) skipOrFail(this, 'a Docker Engine (Debian: docker.io)');
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-main-job-'));
    // Airflow's folder holds its passwords and keys in plain text, as expected. Its log is scanned.
    scan = stops.add(startSuiteScan(stateFolder, join(stateFolder, 'airflow')));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder }));
    if (!registry.pushSampleImage) return skipOrFail(this, 'docker-registry (Debian: docker-registry)');
    image = await registry.pushSampleImage();
    temporal = stops.add(await startTemporal({ stateFolder }));
    airflow = stops.add(await startAirflow({ stateFolder }));
    await seedDockerDefault(airflow, registry.host, aws.mintToken({ lifeSeconds: 0 }).password);
    proxy = stops.add(await startPausingProxy({ upstream: airflow.url }));
    engine = (found ?? stops.add(await startDockerEngine({ stateFolder }))).dockerHost;
    configPath = join(stateFolder, 'refresh.yaml');
    writeFileSync(
      configPath,
      `version: 1
airflows:
  - name: main
    url: ${proxy.url}
    auth: {username: ${airflow.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [${SEEDED_CONNECTION}]
registries:
  - {name: sandbox, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: ["${engine}"]}
`,
    );
    env = {
      ...scan.env,
      ...aws.env,
      DOCKER_HOST: engine,
      TEMPORAL_ADDRESS: temporal.address,
      AWS_SECRET_ACCESS_KEY: randomAwsKey(),
      AIRFLOW_PASSWORD: airflow.password,
      ECR_REFRESH_CONFIG: configPath,
    };
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  function operator() {
    return runDockerOperator(airflow, { connectionId: SEEDED_CONNECTION, image, dockerHost: engine });
  }

  it('refreshes an expired connection so that the DockerOperator pulls again', async () => {
    const failing = await operator();
    assert.equal(failing.ok, false, 'the expired token works');
    assert.match(failing.output, /403 Forbidden|authorization token has expired/);
    const before = await readConnectionRow(airflow, SEEDED_CONNECTION);

    const settings = plainSettings('localhost', 'default');
    const setup = {
      configPath,
      env,
      temporal: settings,
      stateFolder,
      ownsTemporal: false,
      addresses: [],
      hints: [],
    };
    stops.add(await startWorker(setup));
    const applied = await scan.command(['schedule', 'apply', '--json'], env);
    assert.equal(applied.code, 0, applied.stderr);
    const waited = await scan.command(['schedule', 'trigger', '--wait', '--json'], env);
    assert.equal(waited.code, 0, waited.stdout + waited.stderr);

    const report = JSON.parse(waited.stdout) as RefreshReport;
    assert.equal(report.outcome, 'refreshed');
    assert.equal(report.stores[0]?.refreshed, 1);
    assert.equal(report.tokens[0]?.check, 'accepted');
    assert.deepEqual([report.docker[0]?.engine, report.docker[0]?.login], [engine, 'ok']);
    assert.deepEqual(report.warnings, []);

    const password = await readDecryptedPassword(airflow, SEEDED_CONNECTION);
    assert.ok(
      aws.issued.some((token) => token.password === password),
      'Airflow does not hold an issued token',
    );
    assert.equal(new Secret(password ?? '').fingerprint(), report.stores[0]?.fingerprint);

    const after = await readConnectionRow(airflow, SEEDED_CONNECTION);
    assert.ok(before && after);
    assert.notEqual(after['password'], before['password']);
    assert.deepEqual({ ...after, password: null }, { ...before, password: null });

    const working = await operator();
    assert.equal(working.ok, true, working.output);
    assert.ok(working.output.includes(SAMPLE_OUTPUT), 'the container did not print its output');
  });

  it('reports no problem in status and doctor', async () => {
    const status = await scan.command(['status'], env);
    assert.equal(status.code, 0, status.stdout + status.stderr);
    assert.match(status.stdout, /1 refreshed/);
    const doctor = await scan.command(['doctor'], env);
    assert.equal(doctor.code, 0, doctor.stdout + doctor.stderr);
    assert.doesNotMatch(doctor.stdout, /FAILED|warning/);
  });

  it('writes nothing in a dry run', async () => {
    const before = await readConnectionRow(airflow, SEEDED_CONNECTION);
    const preview = await scan.command(['refresh-once', '--dry-run'], env);
    assert.equal(preview.code, 0, preview.stdout + preview.stderr);
    assert.match(preview.stdout, /1 of 1 connections would be written/);
    assert.deepEqual(await readConnectionRow(airflow, SEEDED_CONNECTION), before);
  });

  it('reads registry and region from the host of a connection', async () => {
    const host = '210987654321.dkr.ecr.eu-west-1.amazonaws.com';
    const connection = { connection_id: 'docker_eu', conn_type: 'docker', host, login: 'AWS' };
    await seedConnection(airflow, { ...connection, password: 'expired' });
    const minimalConfig = join(stateFolder, 'minimal.yaml');
    writeFileSync(
      minimalConfig,
      `version: 1
airflows:
  - name: main
    url: ${proxy.url}
    auth: {username: ${airflow.username}, password: {env: AIRFLOW_PASSWORD}}
    connections: [docker_eu]
docker: {engines: []}
`,
    );
    // With network access, AWS itself would reject the stand-in's token.
    const offline = { ...env, HTTPS_PROXY: 'http://127.0.0.1:1' };
    const once = await scan.command(['refresh-once', '--json', '--config', minimalConfig], offline);
    assert.equal(once.code, 0, once.stdout + once.stderr);
    const report = JSON.parse(once.stdout) as RefreshReport;
    assert.deepEqual([report.stores[0]?.registry, report.tokens[0]?.region], [host, 'eu-west-1']);
    assert.equal(report.tokens[0]?.check, 'unreachable');
    assert.match(
      report.warnings[0] ?? '',
      new RegExp(`The token could not be verified with registry ${host}`),
    );
    const password = await readDecryptedPassword(airflow, 'docker_eu');
    assert.equal(aws.issued.find((token) => token.password === password)?.region, 'eu-west-1');
  });

  it('refreshes without Temporal', async () => {
    const once = await scan.command(['refresh-once', '--json'], {
      ...env,
      TEMPORAL_ADDRESS: '127.0.0.1:1',
    });
    assert.equal(once.code, 0, once.stdout + once.stderr);
    const report = JSON.parse(once.stdout) as RefreshReport;
    const password = await readDecryptedPassword(airflow, SEEDED_CONNECTION);
    assert.equal(new Secret(password ?? '').fingerprint(), report.stores[0]?.fingerprint);
  });

  it('leaks no secret', async () => {
    const secrets = suiteSecrets({
      env,
      tokens: aws.issued.map(({ password }) => password),
      authorizations: proxy.requests.map(({ authorization }) => authorization),
    });
    await scan.assertNoSecretOut(secrets, temporal);
  });
});

// A worker whose CA file and password file are mounted as in Kubernetes and replaced between runs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../../sandbox/child-process.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { startTemporal } from '../../sandbox/temporal.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { startAirflowStandIn, type AirflowStandIn, type AirflowUser } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/certificate-authority.js';
import { startRegistry } from '../support/registry.js';
import { putFiles } from '../support/replace-files.js';
import { builtCli } from './built-cli.js';
import { startBuiltWorker } from './start-built-worker.js';
import { startGateway, type Gateway } from './gateway.js';
import { runCommandLine } from './run-command-line.js';
import { awkwardPassword, randomAwsKey } from './scan-suite.js';

describe('a worker whose mounted files are replaced', function () {
  this.timeout(120_000);
  const stops = new Cleanup();
  const user: AirflowUser = { username: 'ecr-refresh', password: '', role: 'op' };
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let aws: AwsStandIn;
  let airflow: AirflowStandIn;
  let worker: Child;
  let gateway: Gateway | undefined;

  before(async () => {
    await builtCli();
    folder = mkdtempSync(join(tmpdir(), 'ecr-rotated-'));
    aws = stops.add(await startAwsStandIn());
    const registry = stops.add(await startRegistry({ aws, stateFolder: folder, storage: false }));
    const temporal = stops.add(await startTemporal({ stateFolder: folder }));
    const connection = { connection_id: 'docker_default', conn_type: 'docker', host: registry.host };
    airflow = stops.add(
      await startAirflowStandIn({
        users: [user],
        connections: [{ ...connection, login: 'AWS', password: 'old' }],
      }),
    );
    stops.add({ stop: async () => gateway?.stop() });
    await rotate(await createCertificateAuthority(join(folder, 'first-ca')));
    writeFileSync(
      join(folder, 'refresh.yaml'),
      `version: 1
airflows:
  - name: main
    url: ${gateway?.url}
    caFile: mount/ca.pem
    auth: {username: ecr-refresh, password: {file: mount/password}}
    connections: [docker_default]
registries:
  - {name: test, account: "123456789012", region: us-east-1, registryHost: "${registry.host}"}
docker: {engines: []}
`,
    );
    env = {
      PATH: process.env['PATH'],
      HOME: folder,
      ...aws.env,
      AWS_SECRET_ACCESS_KEY: randomAwsKey(),
      TEMPORAL_ADDRESS: temporal.address,
      ECR_REFRESH_CONFIG: join(folder, 'refresh.yaml'),
    };
    const logFile = join(folder, 'worker.log');
    worker = await startBuiltWorker({ name: 'worker', env, logFile });
    stops.add(worker);
    const applied = await runCommandLine(['schedule', 'apply'], env);
    assert.equal(applied.code, 0, applied.stderr);
    await assertRefreshed();
  });

  after(async () => {
    await stops.stopAll();
    rmSync(folder, { recursive: true });
  });

  /** Replaces CA and password: the mounted files, the server certificate, and the password and sessions of Airflow. */
  async function rotate(authority: CertificateAuthority): Promise<void> {
    user.password = awkwardPassword();
    mount(readFileSync(authority.caFile, 'utf8'));
    airflow.rotateJwtSecret();
    const tls = await authority.issueServer(['127.0.0.1']);
    const port = gateway && Number(new URL(gateway.url).port);
    await gateway?.stop();
    gateway = await startGateway({ upstream: airflow.url, tls, ...(port === undefined ? {} : { port }) });
  }

  function mount(ca: string): void {
    const files = { 'ca.pem': ca, password: user.password };
    putFiles(join(folder, 'mount'), files, 'swapped with its folder, as in Kubernetes');
  }

  async function run(): Promise<RefreshReport> {
    // caFile is not set, because the command does not start with an unusable file.
    const config = join(folder, 'trigger.yaml');
    const text = readFileSync(join(folder, 'refresh.yaml'), 'utf8');
    writeFileSync(config, text.replace(/^ +caFile: .*\n/m, ''));
    const args = ['schedule', 'trigger', '--wait', '--json', '--config', config];
    const { stdout, stderr } = await runCommandLine(args, env);
    assert.ok(stdout !== '', stderr);
    return JSON.parse(stdout) as RefreshReport;
  }

  /** Triggers a run and asserts that the connection holds the newest token. */
  async function assertRefreshed(): Promise<void> {
    const report = await run();
    assert.deepEqual(report.failures, []);
    assert.equal(airflow.connections.get('docker_default')?.password, aws.issued.at(-1)?.password);
  }

  it('trusts the new CA and logs in with the new password', async () => {
    await rotate(await createCertificateAuthority(join(folder, 'second-ca')));
    const before = aws.issued.length;
    await assertRefreshed();
    assert.ok(aws.issued.length > before);
  });

  it('fails with ConfigInvalid while the CA file is unusable, and recovers in the next run', async () => {
    const ca = readFileSync(join(folder, 'mount/ca.pem'), 'utf8');
    mount('');
    const { failures } = await run();
    assert.deepEqual(new Set(failures.map(({ type }) => type)), new Set(['ConfigInvalid']));
    assert.ok(
      failures.every(({ message }) => /caFile|ca\.pem/.test(message)),
      JSON.stringify(failures),
    );
    mount(ca);
    await assertRefreshed();
    assert.equal(await Promise.race([worker.exited, Promise.resolve('running')]), 'running');
  });
});

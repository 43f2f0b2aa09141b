// What other processes of the machine can get from a built worker: by signals, as its child, and from Node's reports.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Child } from '../../sandbox/child-process.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { builtCli } from './built-cli.js';
import { readLog, startDoctorFixture, type DoctorFixture } from './doctor-fixture.js';

/** Values that no other process may see. */
const SECRETS = ['correct horse', 'api-key-of-temporal', 'header-of-temporal'];
const TEMPORAL_SECRETS = {
  TEMPORAL_TLS: 'false',
  TEMPORAL_API_KEY: 'api-key-of-temporal',
  TEMPORAL_GRPC_META_X_GATEWAY: 'header-of-temporal',
};

describe('the secrets of the process', function () {
  this.timeout(180_000);
  let fixture: DoctorFixture;
  let folder: string;
  let worker: Child;

  before(async () => {
    await builtCli();
    folder = mkdtempSync(join(tmpdir(), 'ecr-process-'));
    mkdirSync(join(folder, 'reports'));
    fixture = await startDoctorFixture();
    fixture.writeConfig('[docker_default]');
    const keys = { Version: 1, AccessKeyId: 'AKIAEXAMPLE', SecretAccessKey: 'not-a-real-key' };
    writeFileSync(join(folder, 'keys.json'), JSON.stringify(keys));
    writeFileSync(
      join(folder, 'aws-config'),
      `[profile program]\ncredential_process = sh -c 'env > ${folder}/seen; cat ${folder}/keys.json'\n`,
    );
    worker = await fixture.startWorker('worker', {
      ...programEnv(),
      NODE_OPTIONS: `--report-on-signal --report-uncaught-exception --report-directory=${join(folder, 'reports')}`,
    });
    assert.equal((await fixture.command(['schedule', 'apply'])).code, 0);
  });

  after(async () => {
    await fixture?.stop();
    rmSync(folder, { recursive: true });
  });

  function programEnv(): NodeJS.ProcessEnv {
    return {
      ...TEMPORAL_SECRETS,
      AWS_PROFILE: 'program',
      AWS_CONFIG_FILE: join(folder, 'aws-config'),
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
    };
  }

  async function assertRefreshed(): Promise<void> {
    const { stdout } = await fixture.command(['schedule', 'trigger', '--wait', '--json']);
    assert.deepEqual((JSON.parse(stdout) as RefreshReport).failures, []);
  }

  /** The environment that a credential process got since the last call. */
  function takeSeen(): string {
    const seen = readFileSync(join(folder, 'seen'), 'utf8');
    rmSync(join(folder, 'seen'));
    return seen;
  }

  function assertNoSecrets(environment: string): void {
    assert.match(environment, /^AWS_PROFILE=program$/m);
    assert.match(environment, /^PATH=/m);
    assert.match(environment, /^TEMPORAL_ADDRESS=/m);
    for (const secret of SECRETS) assert.ok(!environment.includes(secret), secret);
    assert.doesNotMatch(environment, /^(?:AIRFLOW_PASSWORD|TEMPORAL_API_KEY|TEMPORAL_GRPC_META_X_GATEWAY)=/m);
  }

  it('are not in the environment of a credential process of the worker, also after an edit', async () => {
    await assertRefreshed();
    assertNoSecrets(takeSeen());
    fixture.writeConfig('[docker_default, docker_eu]');
    await assertRefreshed();
    assertNoSecrets(takeSeen());
  });

  it('are not in the environment of a credential process of refresh-once', async () => {
    const { code, stdout } = await fixture.command(['refresh-once'], programEnv());
    assert.equal(code, 0, stdout);
    assertNoSecrets(takeSeen());
  });

  it('cannot be read through a debugger or a report that a signal starts', async () => {
    process.kill(worker.pid, 'SIGUSR1');
    process.kill(worker.pid, 'SIGUSR2');
    await assertRefreshed();
    assert.doesNotMatch(readFileSync(worker.logFile, 'utf8'), /Debugger/);
    assert.deepEqual(readdirSync(join(folder, 'reports')), []);
  });

  for (const signal of ['SIGUSR2', 'SIGTERM'] as const) {
    it(`are not written to a heap snapshot that ${signal} starts`, async () => {
      const snapshots = join(folder, signal);
      mkdirSync(snapshots);
      const NODE_OPTIONS = `--heapsnapshot-signal=${signal} --diagnostic-dir=${snapshots}`;
      const second = await fixture.startWorker(signal, { NODE_OPTIONS });
      process.kill(second.pid, signal);
      process.kill(second.pid, 'SIGTERM');
      assert.equal(await second.exited, 'exited with code 0');
      assert.deepEqual(readdirSync(snapshots), []);
    });
  }

  it('stay until activities have finished when the terminal of the worker closes', async () => {
    process.kill(worker.pid, 'SIGHUP');
    assert.equal(await worker.exited, 'exited with code 0');
    assert.equal(readLog(worker).at(-1)?.['msg'], 'worker stopped');
  });
});

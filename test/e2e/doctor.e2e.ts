// `doctor` as its user runs it: it fails for everything that lets tokens expire, and lists what it could not check.
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { NativeConnection, Worker } from '@temporalio/worker';
import { installQuietRuntime, workflowBundle } from '../workflows/test-worker.js';
import type { Child } from '../../sandbox/child-process.js';
import { VERSION } from '../../src/version.js';
import type { RefreshStatus } from '../../src/status/status.js';
import { waitFor } from './wait-for.js';
import { findChecks, readLog, startDoctorFixture, TASK_QUEUE, type DoctorFixture } from './doctor-fixture.js';

const NOWHERE = '127.0.0.1:1';

describe('doctor with a real Temporal server', function () {
  this.timeout(180_000);
  let fixture: DoctorFixture;
  let worker: Child;

  before(async () => {
    installQuietRuntime();
    fixture = await startDoctorFixture();
    fixture.writeConfig('[docker_default]');
  });

  after(() => fixture?.stop());

  async function assertFailed(id: 'schedule' | 'workers' | 'task-queue', message: RegExp): Promise<void> {
    const found = await fixture.doctor();
    assert.deepEqual([found.code, found.outcome], [1, 'failed']);
    const failed = found.checks.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(
      failed.map((check) => check.id),
      [id],
    );
    assert.match(failed[0]?.message ?? '', message);
    assert.notEqual(failed[0]?.remedy, null);
  }

  it('fails without a schedule and without a worker', async () => {
    const found = await fixture.doctor();
    assert.deepEqual([found.code, found.outcome], [1, 'failed']);
    assert.deepEqual(findChecks(found, 'schedule'), ['failed: does not exist']);
    assert.deepEqual(findChecks(found, 'workers'), ['failed: no worker is running']);
    assert.match(findChecks(found, 'config-in-use')[0] ?? '', /^skipped: .*no run has finished yet/);
  });

  it('passes with both, and lists the worker and the configuration in use', async () => {
    worker = await fixture.startWorker('worker');
    assert.equal((await fixture.command(['schedule', 'apply'])).code, 0);
    assert.equal((await fixture.command(['schedule', 'trigger', '--wait'])).code, 0);
    const found = await fixture.doctor();
    assert.deepEqual(
      found.checks.filter(({ outcome }) => outcome !== 'ok'),
      [],
    );
    assert.deepEqual([found.code, found.outcome], [0, 'ok']);
    const hash = String(readLog(worker)[0]?.['configHash']);
    const [line] = found.checks.filter(({ id }) => id === 'worker');
    const identity = new RegExp(`^worker airflow-ecr-refresh/${VERSION}@.*#\\d+ \\(config ${hash}\\)$`);
    assert.match(line?.target ?? '', identity);
    assert.match(line?.message ?? '', /^last seen .* ago; started with .*, the same as in the file$/);
    assert.match(
      findChecks(found, 'config-in-use')[0] ?? '',
      new RegExp(`^ok: .* used ${hash}, the same as in the file$`),
    );
    assert.match(
      findChecks(found, 'identity')[0] ?? '',
      new RegExp(`on host ${hostname()}, with arn:aws:.* for`),
    );
    const text = await fixture.command(['doctor']);
    assert.equal(text.code, 0);
    assert.match(text.stdout, /\n\nOK: \d+ ok\.\n$/);
  });

  it('warns when the last run used another configuration than the file', async () => {
    fixture.writeConfig('[docker_default, docker_eu]');
    const found = await fixture.doctor();
    assert.match(
      findChecks(found, 'config-in-use')[0] ?? '',
      /^warning: the last run used \w+; the file has \w+$/,
    );
    assert.deepEqual([found.code, found.outcome], [0, 'warning']);
    assert.equal((await fixture.command(['schedule', 'trigger', '--wait'])).code, 0);
    assert.match(findChecks(await fixture.doctor(), 'config-in-use')[0] ?? '', /^ok: /);
  });

  it('warns when the schedule differs from the configuration, but tokens do not expire', async () => {
    fixture.writeConfig('[docker_default]', 'schedule: {every: 3h}\n');
    const found = await fixture.doctor();
    assert.match(findChecks(found, 'schedule-match')[0] ?? '', /^warning: .*interval 4 h instead of 3 h/);
    assert.equal(found.code, 0);
    fixture.writeConfig('[docker_default]');
  });

  it('fails when the schedule is paused', async () => {
    await fixture.command(['schedule', 'pause']);
    await assertFailed('schedule', /^is paused.*tokens will expire$/);
    await fixture.command(['schedule', 'unpause']);
  });

  it('fails when someone has made the schedule too slow', async () => {
    await fixture.temporal(
      ...['schedule', 'update', '--schedule-id', 'ecr-refresh', '--interval', '13h'],
      ...['--workflow-id', 'ecr-refresh-run', '--type', 'refreshCredentials', '--task-queue', TASK_QUEUE],
    );
    await assertFailed('schedule', /^starts runs up to 13 h .*apart/);
    assert.equal((await fixture.command(['schedule', 'apply'])).code, 0);
  });

  it('suggests the connection that was meant', async () => {
    fixture.writeConfig('[docker_defalt]');
    const [check] = (await fixture.doctor()).checks.filter(({ id }) => id === 'connection');
    assert.deepEqual([check?.target, check?.outcome], ['connection docker_defalt of main', 'failed']);
    assert.match(check?.message ?? '', /did you mean docker_default\?$/);
    fixture.writeConfig('[docker_default]');
  });

  it('skips what depends on Temporal while it cannot be reached', async () => {
    const found = await fixture.doctor({ TEMPORAL_ADDRESS: NOWHERE });
    assert.deepEqual([found.code, findChecks(found, 'temporal').length], [1, 1]);
    for (const id of ['schedule', 'workers', 'task-queue', 'config-in-use'] as const) {
      assert.deepEqual(
        findChecks(found, id),
        ['skipped: not checked, because the check of Temporal failed'],
        id,
      );
    }
    assert.match(findChecks(found, 'token')[0] ?? '', /^ok/);
  });

  it('skips what depends on a store while it fails', async () => {
    fixture.airflow.setFault(() => ({ status: 503 }));
    const found = await fixture.doctor();
    fixture.airflow.setFault(undefined);
    assert.equal(found.code, 1);
    assert.match(findChecks(found, 'store')[0] ?? '', /^failed/);
    for (const id of ['store-login', 'connection', 'token', 'docker-config'] as const) {
      assert.match(findChecks(found, id)[0] ?? '', /^skipped: not checked, because/, id);
    }
    assert.match(findChecks(found, 'schedule')[0] ?? '', /^ok/);
  });

  it('fails, as status does, when the current version of the task queue is not ours', async () => {
    const connection = await NativeConnection.connect({ address: fixture.address });
    const other = await Worker.create({
      connection,
      taskQueue: TASK_QUEUE,
      workflowBundle: await workflowBundle(),
      workerDeploymentOptions: {
        version: { deploymentName: 'dep', buildId: 'v1' },
        useWorkerVersioning: true,
        defaultVersioningBehavior: 'PINNED',
      },
    });
    const version = ['worker', 'deployment', 'set-current-version', '--deployment-name', 'dep', '--yes'];
    // Temporal knows the deployment from the first poll on.
    const isSet = (): Promise<boolean> =>
      fixture.temporal(...version, '--build-id', 'v1', '--ignore-missing-task-queues').then(
        () => true,
        () => false,
      );
    await other.runUntil(() => waitFor('the deployment', isSet, 60_000));
    await connection.close();
    await assertFailed(
      'task-queue',
      /^has the current version dep\/v1; the workers of airflow-ecr-refresh have no version/,
    );
    const { code, stdout } = await fixture.command(['status', '--json']);
    assert.equal(code, 1);
    const { problems } = JSON.parse(stdout) as RefreshStatus;
    assert.deepEqual(
      problems.map(({ id }) => id),
      ['queue-versioned'],
    );
    await fixture.temporal(...version, '--unversioned', '--ignore-missing-task-queues', '--allow-no-pollers');
  });

  it('fails when the only worker has died, which Temporal still lists', async () => {
    process.kill(worker.pid, 'SIGKILL');
    await worker.exited;
    await assertFailed('workers', /^no worker is running$/);
    assert.equal((await fixture.doctor()).checks.filter(({ id }) => id === 'worker').length >= 1, true);
  });
});

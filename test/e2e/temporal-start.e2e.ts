// How the built worker starts while Temporal, the namespace or permission is missing, and how it is stopped then.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { msToTs } from '@temporalio/common/lib/time.js';
import { freePort } from '../../sandbox/ports.js';
import { startTemporal, type TemporalServer } from '../../sandbox/temporal.js';
import { connectClient } from '../../src/temporal/connection.js';
import { plainSettings } from '../../src/temporal/settings/settings.js';
import { startTemporalFront, type TemporalFront } from '../support/temporal-front.js';
import {
  isStarted,
  isWaiting,
  readLog,
  startSilentServer,
  startTemporalFixture,
  type TemporalFixture,
} from './temporal-fixture.js';
import { waitFor } from './wait-for.js';

/** Not a measurement: a process that hangs would never end. */
const HANGS_AFTER_MS = 30_000;

describe('the start of the built worker', function () {
  this.timeout(180_000);
  let fixture: TemporalFixture;
  let temporal: TemporalServer;
  let front: TemporalFront;

  before(async () => {
    fixture = await startTemporalFixture();
    const stateFolder = join(fixture.folder, 'temporal');
    temporal = fixture.stops.add(await startTemporal({ stateFolder }));
    front = fixture.stops.add(await startTemporalFront({ upstream: temporal.address }));
  });

  beforeEach(() => front.setAnswer(undefined));
  after(() => fixture.stop());

  it('waits for Temporal, and reports it in the log', async () => {
    const port = await freePort(7_233);
    const address = `127.0.0.1:${port}`;
    const worker = await fixture.startWorker('early', { TEMPORAL_ADDRESS: address }, isWaiting);
    const [line] = readLog(worker.logFile);
    assert.deepEqual(
      [line?.['level'], line?.['code'], line?.['reason']],
      ['warn', 'connection-refused', `Temporal at ${address}, namespace default: connection refused`],
    );
    const late = await startTemporal({ stateFolder: join(fixture.folder, 'late'), port });
    await waitFor('the start', () => isStarted(readLog(worker.logFile)));
    await worker.stop();
    assert.equal(await worker.exited, 'exited with code 0');
    await late.stop();
  });

  it('waits for the namespace to be created', async () => {
    const env = { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'soon' };
    const worker = await fixture.startWorker('early-namespace', env, isWaiting);
    assert.equal(readLog(worker.logFile)[0]?.['code'], 'namespace-not-found');
    const { code, stderr } = await fixture.command(['status'], env);
    const message = `Temporal at ${temporal.address}, namespace soon: namespace not found.`;
    const remedy = 'Create the namespace, or set TEMPORAL_NAMESPACE to an existing one.';
    assert.deepEqual([code, stderr], [1, `${message} ${remedy}\n`]);

    const { client, close } = await connectClient(plainSettings(temporal.address, 'default'));
    await client.workflowService.registerNamespace({
      namespace: 'soon',
      workflowExecutionRetentionPeriod: msToTs('3 days'),
    });
    await close();
    await waitFor('the start', () => isStarted(readLog(worker.logFile)));
    await worker.stop();
  });

  it('waits when Temporal fails between its check and the creation of the worker', async () => {
    const before = front.calls.length;
    const countChecks = (): number =>
      front.calls.slice(before).filter(({ method }) => method === 'DescribeNamespace').length;
    front.setAnswer(({ method }) =>
      method === 'DescribeNamespace' && countChecks() > 1 ? { status: 5 } : undefined,
    );
    const worker = await fixture.startWorker('creation', { TEMPORAL_ADDRESS: front.address }, isWaiting);
    front.setAnswer(undefined);
    await waitFor('the start', () => isStarted(readLog(worker.logFile)));
    await worker.stop();
    assert.equal(await worker.exited, 'exited with code 0');
  });

  for (const [status, name] of [
    [7, 'PERMISSION_DENIED'],
    [12, 'UNIMPLEMENTED'],
    [13, 'INTERNAL'],
    [4, 'DEADLINE_EXCEEDED'],
  ] as const) {
    it(`needs no DescribeNamespace: status ${status}`, async () => {
      front.setAnswer(({ method }) => (method === 'DescribeNamespace' ? { status } : undefined));
      const env = { TEMPORAL_ADDRESS: front.address };
      const before = front.calls.length;
      const worker = await fixture.startWorker(`status-${status}`, env, isStarted);
      await waitFor('a poll', () =>
        front.calls.slice(before).some(({ method }) => method === 'PollActivityTaskQueue'),
      );
      const [warning] = readLog(worker.logFile).filter(({ msg }) =>
        String(msg).startsWith('DescribeNamespace failed'),
      );
      assert.match(String(warning?.['reason']), new RegExp(`gRPC status ${status} ${name}`));
      const { stdout } = await fixture.command(['status', '--json'], env);
      const { problems } = JSON.parse(stdout) as { problems: readonly { id: string }[] };
      assert.deepEqual(
        problems.map(({ id }) => id),
        ['schedule-missing'],
      );
      await worker.stop();
      assert.equal(await worker.exited, 'exited with code 0');
    });
  }

  it('waits while access is denied, and starts once it is allowed', async () => {
    const needed = /^(DescribeNamespace|Poll)/;
    front.setAnswer(({ method }) => (needed.test(method) ? { status: 7, message: 'not yet' } : undefined));
    const env = { TEMPORAL_ADDRESS: front.address };
    const worker = await fixture.startWorker('denied', env, isWaiting);
    const [line] = readLog(worker.logFile);
    assert.equal(line?.['code'], 'permission-denied');
    assert.match(String(line?.['reason']), /gRPC status 7 PERMISSION_DENIED: not yet/);
    front.setAnswer(({ method }) => (method === 'DescribeNamespace' ? { status: 7 } : undefined));
    await waitFor('the start', () => isStarted(readLog(worker.logFile)));
    assert.deepEqual(
      readLog(worker.logFile).map(({ msg }) => msg),
      [
        'Temporal unavailable; retrying',
        'DescribeNamespace failed; continuing without it',
        'Temporal available again',
        'worker started',
      ],
    );
    await worker.stop();
  });

  for (const tls of ['true', 'false']) {
    it(`ends on SIGTERM while the server is silent, TEMPORAL_TLS=${tls}`, async () => {
      const silent = fixture.stops.add(await startSilentServer());
      const env = { TEMPORAL_ADDRESS: silent.address, TEMPORAL_TLS: tls };
      const [worker, status] = await Promise.all([
        fixture.startWorker(`silent-${tls}`, env, isWaiting),
        fixture.command(['status'], env),
      ]);
      assert.equal(status.code, 1);
      assert.match(status.stderr, /timed out after 5 s/);
      assert.match(String(readLog(worker.logFile)[0]?.['reason']), /timed out after 5 s/);
      const startedMs = performance.now();
      await worker.stop();
      assert.equal(await worker.exited, 'exited with code 0');
      assert.ok(performance.now() - startedMs < HANGS_AFTER_MS);
    });
  }
});

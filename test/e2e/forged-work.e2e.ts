// What someone who can write to the Temporal namespace may try, with a real Temporal and a real worker: forged inputs,
// results, heartbeats, memos and earlier reports. Nothing but the write that this run has seen counts as a refresh.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Child } from '../../sandbox/child-process.js';
import { runCommand } from '../../sandbox/run-command.js';
import { findTemporalCli } from '../../sandbox/temporal.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { waitForReport } from '../../src/schedule/run-report.js';
import type { AirflowRequest } from '../support/airflow-stand-in.js';
import {
  CONNECTION,
  NEIGHBOR,
  ONE_ATTEMPT_MS,
  seedConnections,
  startFixture,
  type Fixture,
} from './every-failure/fixture.js';
import { startForgedCalls, toEcrHost, type ForgedCalls } from './every-failure/forged-calls.js';
import { waitFor } from './wait-for.js';

const { PENDING_ACTIVITY_STATE_STARTED: STARTED } = proto.temporal.api.enums.v1.PendingActivityState;
const GROUP = 'default/us-east-1';
const FUTURE = '2099-01-01T00:00:00.000Z';
/** An encoding that no converter of this program has. */
const UNKNOWN: Payload = { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('x') };

const isWrite = ({ method }: AirflowRequest): boolean => method === 'PATCH';
const isRead = ({ method, path }: AirflowRequest): boolean =>
  method === 'GET' && path.startsWith('/api/v2/connections');

describe('forged work', function () {
  this.timeout(240_000);
  let fixture: Fixture;
  let worker: Child;
  let calls: ForgedCalls;

  before(async () => {
    fixture = await startFixture();
    // No entry takes its registry from the host of a connection.
    fixture.writeConfig({ connections: [CONNECTION, NEIGHBOR].map((id) => `{id: ${id}, registry: test}`) });
    worker = await fixture.startWorker('main');
    calls = await startForgedCalls(fixture);
  });
  beforeEach(() => {
    fixture.airflow.setFault(undefined);
    seedConnections(fixture);
  });
  after(async () => {
    await calls?.stop();
    await fixture?.stop();
  });

  function toPayload(value: unknown): Payload {
    const payload = defaultPayloadConverter.toPayload(value);
    assert.ok(payload);
    return payload;
  }

  interface Start {
    readonly input?: Payload;
    readonly memo?: Payload;
    readonly lastResult?: Payload;
  }

  /** Starts a run as anyone with access to the namespace can. */
  async function start({
    input = toPayload({ retryForMs: ONE_ATTEMPT_MS }),
    memo,
    lastResult,
  }: Start): Promise<WorkflowHandle> {
    const workflowId = randomUUID();
    const { runId } = await fixture.client.workflowService.startWorkflowExecution({
      namespace: 'default',
      workflowId,
      requestId: randomUUID(),
      workflowType: { name: 'refreshCredentials' },
      taskQueue: { name: 'main' },
      input: { payloads: [input] },
      ...(memo ? { memo: { fields: { stores: memo } } } : {}),
      ...(lastResult ? { lastCompletionResult: { payloads: [lastResult] } } : {}),
    });
    return fixture.client.workflow.getHandle(workflowId, runId ?? undefined);
  }

  async function endOf({ workflowId }: WorkflowHandle): Promise<RefreshReport> {
    const { runId } = await fixture.client.workflow.getHandle(workflowId).describe();
    const { report, ...why } = await waitForReport(fixture.client, workflowId, runId);
    assert.ok(report, JSON.stringify(why));
    return report;
  }

  /** The id of the activity that the worker attempts now. */
  async function findPending(handle: WorkflowHandle, step: string, attempt = 1): Promise<string> {
    let id = '';
    await waitFor(
      `an attempt of ${step}`,
      async () => {
        const { raw } = await handle.describe();
        const found = raw.pendingActivities?.find(
          ({ activityType, state, attempt: number }) =>
            activityType?.name === step && state === STARTED && (number ?? 1) >= attempt,
        );
        id = found?.activityId ?? '';
        return id !== '';
      },
      60_000,
    );
    return id;
  }

  describe('as the input of a run', () => {
    const inputs: Readonly<Record<string, readonly string[]>> = {
      'no input': [],
      null: ['--input', 'null'],
      text: ['--input', '"4h"'],
      'a duration as text': ['--input', '{"retryForMs": "4h"}'],
      'a negative duration': ['--input', '{"retryForMs": -1}'],
      'a duration of 1e300 ms': ['--input', '{"retryForMs": 1e300}'],
      'another encoding': ['--input', 'x', '--input-meta', 'encoding=binary/encrypted'],
      protobuf: ['--input', '{}', '--input-meta', 'encoding=json/protobuf'],
    };
    for (const [title, args] of Object.entries(inputs)) {
      it(`fails the run at once for ${title}`, async () => {
        const before = calls.traffic();
        const workflowId = randomUUID();
        const target = ['--address', fixture.temporal.address, '--disable-config-file'];
        const type = ['--type', 'refreshCredentials', '--task-queue', 'main', '--workflow-id', workflowId];
        await runCommand(await findTemporalCli(), ['workflow', 'start', ...target, ...type, ...args]);
        const handle = fixture.client.workflow.getHandle(workflowId);
        const error: unknown = await handle.result().catch((reason: unknown) => reason);
        assert.ok(error instanceof WorkflowFailedError && error.cause instanceof ApplicationFailure);
        assert.equal(error.cause.type, 'InputNotAllowed');
        assert.match(error.cause.message, /^The run received an invalid input: /);
        const { events } = await handle.fetchHistory();
        // Started, one task, failed.
        assert.equal(events?.length, 5);
        assert.deepEqual(calls.traffic(), before);
      });
    }
  });

  it('as a memo of another encoding or shape does not stop a run', async () => {
    for (const memo of [UNKNOWN, toPayload('x'.repeat(100_000)), toPayload([{ name: 1 }])]) {
      assert.equal((await endOf(await start({ memo }))).outcome, 'refreshed');
    }
  });

  it('as an ECR host of another account gets no token, where no entry needs it', async () => {
    const before = calls.traffic();
    const host = toEcrHost(1);
    for (const craft of [
      ({ configHash }) => ['extractToken', { configHash, group: GROUP, registries: [host] }],
      ({ configHash, engine }) => ['testDocker', { configHash, engine, registry: host, group: GROUP }],
      ({ configHash }) => [
        'updateConnections',
        {
          configHash,
          store: 'main',
          registry: host,
          group: GROUP,
          connections: [CONNECTION],
          attemptsBefore: 0,
        },
      ],
    ] satisfies Parameters<ForgedCalls['byWorkflow']>[0][]) {
      const { type, message } = await calls.byWorkflow(craft);
      assert.deepEqual(
        [type, message],
        ['InputNotAllowed', 'The requested registry is not in the configuration.'],
      );
    }
    assert.deepEqual(calls.traffic(), before, 'a request was sent');
  });

  describe('as the result of an activity', () => {
    async function complete(
      { workflowId }: WorkflowHandle,
      activityId: string,
      result: Payload,
    ): Promise<void> {
      await fixture.client.workflowService.respondActivityTaskCompletedById({
        namespace: 'default',
        workflowId,
        activityId,
        result: { payloads: [result] },
      });
    }

    const token = {
      group: GROUP,
      region: 'us-east-1',
      principalArn: null,
      issuedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: FUTURE,
      fingerprint: '0123456789ab',
      probes: [],
    };
    const outcome = { written: [CONNECTION], refused: [], toRetry: [], token };
    const results: Readonly<Record<string, readonly [step: string, result: Payload]>> = {
      'an inspection of another encoding': ['inspectConnections', UNKNOWN],
      'an inspection without a value': ['inspectConnections', toPayload(null)],
      'an inspection of 100,000 connections': [
        'inspectConnections',
        toPayload({
          writable: [
            { registry: 'r', group: GROUP, connections: Array.from({ length: 1e5 }, (_, i) => `a${i}`) },
          ],
          refused: [],
          toRetry: [],
          warnings: [],
        }),
      ],
      'an update that counts a connection 1,000 times': [
        'updateConnections',
        toPayload({ ...outcome, written: Array.from({ length: 1000 }, () => CONNECTION) }),
      ],
      'an update of another connection': [
        'updateConnections',
        toPayload({ ...outcome, written: ['aws_default'] }),
      ],
      'an update that leaves out a connection': ['updateConnections', toPayload(outcome)],
      'an update of another encoding': ['updateConnections', UNKNOWN],
    };
    for (const [title, [step, result]] of Object.entries(results)) {
      it(`fails the step for ${title}, and counts nothing as refreshed`, async () => {
        fixture.airflow.setFault((request) =>
          (step === 'updateConnections' ? isWrite : isRead)(request) ? { hang: true } : undefined,
        );
        const handle = await start({});
        await complete(handle, await findPending(handle, step), result);
        const report = await endOf(handle);
        assert.equal(report.outcome, 'incomplete');
        assert.deepEqual(
          report.failures.map(({ type, message }) => [type, message]),
          [['InputNotAllowed', `${step} completed with an invalid result.`]],
        );
        assert.ok(report.stores.every(({ refreshed, expiresAt }) => refreshed === 0 && expiresAt !== FUTURE));
      });
    }
  });

  it('as the failure of an activity does not end the run, even as a cancellation', async () => {
    fixture.airflow.setFault((request) => (isRead(request) ? { hang: true } : undefined));
    const handle = await start({});
    await fixture.client.workflowService.respondActivityTaskFailedById({
      namespace: 'default',
      workflowId: handle.workflowId,
      activityId: await findPending(handle, 'inspectConnections'),
      failure: { message: 'x'.repeat(10_000), canceledFailureInfo: { details: { payloads: [UNKNOWN] } } },
    });
    const report = await endOf(handle);
    assert.deepEqual(
      report.failures.map(({ stage, type }) => [stage, type]),
      [['inspect', 'Unexpected']],
    );
  });

  it('as a signal does nothing', async () => {
    fixture.airflow.setFault((request) => (isRead(request) ? { delayMs: 1000 } : undefined));
    const handle = await start({});
    for (const payload of [UNKNOWN, toPayload('x'.repeat(100_000))]) {
      await fixture.client.workflowService.signalWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: handle.workflowId },
        signalName: 'progress',
        input: { payloads: [payload] },
      });
    }
    assert.equal((await endOf(handle)).outcome, 'refreshed');
  });

  it('as a heartbeat does not count: after the death of the worker, the next attempt writes again', async () => {
    let writes = 0;
    // The first attempt has no heartbeat: it is too short.
    fixture.airflow.setFault((request) => {
      if (!isWrite(request)) return undefined;
      writes += 1;
      return writes <= 2 ? { status: 503, body: '' } : { hang: true };
    });
    const handle = await start({ input: toPayload({ retryForMs: 600_000 }) });
    await waitFor('a write of the second attempt', () => writes >= 3, 60_000);
    const activityId = await findPending(handle, 'updateConnections');
    const beat = { written: [CONNECTION, NEIGHBOR], refused: [], toRetry: [], token: { expiresAt: FUTURE } };
    await fixture.client.workflowService.recordActivityTaskHeartbeatById({
      namespace: 'default',
      workflowId: handle.workflowId,
      activityId,
      details: { payloads: [toPayload(beat), UNKNOWN] },
    });
    process.kill(worker.pid, 'SIGKILL');
    fixture.airflow.setFault(undefined);
    const before = fixture.airflow.requests.filter(isWrite).length;
    worker = await fixture.startWorker('second');
    const report = await endOf(handle);
    assert.equal(report.outcome, 'refreshed', JSON.stringify(report.failures));
    assert.ok(
      fixture.airflow.requests.filter(isWrite).length >= before + 2,
      'a connection was not written again',
    );
    for (const id of [CONNECTION, NEIGHBOR]) {
      const password = fixture.airflow.connections.get(id)?.password ?? '';
      assert.equal(fixture.aws.check(password), 'valid');
    }
    assert.ok(report.stores.every(({ expiresAt }) => expiresAt !== FUTURE));
  });

  it('as the report of an earlier run hides no token that expires, and breaks no run', async () => {
    const good = await endOf(await start({}));
    const forged = {
      ...good,
      stores: good.stores.map((row) => ({ ...row, expiresAt: FUTURE, usableUntil: FUTURE })),
    };
    const late = { ...good, stores: good.stores.map((row) => ({ ...row, lastRefreshedAt: FUTURE })) };
    const huge = { ...good, warnings: Array.from({ length: 10_000 }, () => 'x'.repeat(100)) };
    for (const lastResult of [
      toPayload(forged),
      toPayload(late),
      toPayload(huge),
      UNKNOWN,
      toPayload('report'),
    ]) {
      fixture.airflow.setFault((request) => (isRead(request) ? { status: 503, body: '' } : undefined));
      const report = await endOf(await start({ lastResult }));
      assert.equal(report.outcome, 'incomplete');
      assert.deepEqual(report.stores, [], 'a row was carried forward');
    }
    const [row] = (await endOf(await start({ lastResult: toPayload(good) }))).stores;
    assert.equal(
      row?.expiresAt,
      good.stores[0]?.expiresAt,
      'control: a report of an earlier run is carried forward',
    );
  });
});

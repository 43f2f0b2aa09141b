import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { fakeSteps, GROUP, listedStore, NOTHING, readRows, REGISTRY } from '../fakes/fake-steps.js';
import { hangingCall } from '../fakes/hanging-call.js';
import {
  MINUTE_MS,
  scheduledActivities,
  useTestServer,
  type RunHandle,
  type ScheduledActivity,
} from './test-server.js';

const SECOND_MS = 1000;
const healthy = fakeSteps();

function seconds(duration: ScheduledActivity['heartbeatTimeout']): number {
  return Number(duration?.seconds ?? 0);
}

function inputOf({ input }: ScheduledActivity): Record<string, unknown> {
  const [payload] = input?.payloads ?? [];
  assert.ok(payload);
  return defaultPayloadConverter.fromPayload(payload);
}

/** A list with `count` connections for each registry. */
function listOf(parts: readonly { registry: string; group: string }[], count = 1): Partial<RefreshSteps> {
  const all = parts.flatMap((part, index) =>
    Array.from({ length: count }, (_, number) => ({ part, id: `docker_${index}_${number}` })),
  );
  return {
    planRefresh: async () => ({ configHash: 'abc', stores: [listedStore()], engines: [] }),
    inspectConnections: async (input) => {
      const { rows, list } = readRows(all, input);
      const writable = parts
        .map((part) => ({
          ...part,
          connections: rows.filter((row) => row.part === part).map(({ id }) => id),
        }))
        .filter(({ connections }) => connections.length > 0);
      return { ...NOTHING, writable, list };
    },
  };
}

describe('the first attempt of a step', function () {
  this.timeout(60_000);
  const server = useTestServer();

  it('does not delay other token groups if it is denied', async () => {
    // More than the concurrency limit of extractions.
    const denied = Array.from({ length: 30 }, (_, index) => ({
      registry: `r${index}.example`,
      group: `g${index}`,
    }));
    const { report, calls } = await server.run(
      fakeSteps({
        ...listOf([...denied, { registry: REGISTRY, group: GROUP }]),
        extractToken: async (input, how) => {
          if (input.group === GROUP) return healthy.extractToken(input, how);
          throw new RefreshFailure('AwsAccessDenied', `No token for ${input.group}.`);
        },
      }),
      { retryForMs: 25 * MINUTE_MS },
    );
    const last = calls.find(({ target }) => target === GROUP);
    assert.ok(last && last.atMs - Date.parse(report.startedAt) < MINUTE_MS);
    const row = report.stores.find(({ registry }) => registry === REGISTRY);
    assert.equal(row?.refreshed, 1);
    assert.ok(Date.parse(row?.lastRefreshedAt ?? '') - Date.parse(report.startedAt) < MINUTE_MS);
    assert.deepEqual(new Set(report.failures.map(({ type }) => type)), new Set(['AwsAccessDenied']));
    assert.equal(
      report.failures.reduce((sum, { count }) => sum + count, 0),
      denied.length,
    );
    // At 0, 10 and 20 minutes.
    assert.equal(calls.filter(({ target }) => target === 'g0').length, 3);
  });

  it('times out if an update hangs, so that it does not delay other updates of the same store', async () => {
    const started: number[] = [];
    const { report } = await server.run(
      fakeSteps({
        ...listOf([{ registry: REGISTRY, group: GROUP }], 500),
        updateConnections: async (input, how) => {
          started.push(input.attemptsBefore);
          // Two of five updates: the concurrency limit.
          if (!/_0_[01]/.test(input.connections[0] ?? '') || input.attemptsBefore > 0) {
            return healthy.updateConnections(input, how);
          }
          return hangingCall().wait(Context.current().cancellationSignal);
        },
      }),
      // An attempt may take 2 s.
      { retryForMs: 50 * SECOND_MS },
    );
    assert.equal(report.outcome, 'refreshed');
    assert.equal(report.stores[0]?.refreshed, 500);
    // No update waited for the retry of another.
    assert.deepEqual(started, [0, 0, 0, 0, 0, 1, 1]);
  });

  it('has no heartbeat timeout if it is short; retries have one of 10 s', async () => {
    const failed = new Set<string>();
    function failFirst<I, T>(step: string, run: (input: I) => Promise<T>): (input: I) => Promise<T> {
      return async (input) => {
        if (failed.has(step)) return run(input);
        failed.add(step);
        throw new RefreshFailure('StoreThrottled', 'Too many requests.');
      };
    }
    const how = { attemptsBefore: 0 };
    const { report, history } = await server.run(
      fakeSteps({
        inspectConnections: failFirst('inspect', (input) => healthy.inspectConnections(input, how)),
        extractToken: failFirst('extract', (input) => healthy.extractToken(input, how)),
        updateConnections: failFirst('update', (input) => healthy.updateConnections(input, how)),
        testDocker: failFirst('test', (input) => healthy.testDocker(input, how)),
      }),
    );
    assert.equal(report.outcome, 'refreshed');
    const described = scheduledActivities(history).map((activity) => [
      activity.activityType?.name,
      seconds(activity.startToCloseTimeout),
      seconds(activity.heartbeatTimeout),
      activity.retryPolicy?.maximumAttempts,
      seconds(activity.retryPolicy?.initialInterval),
    ]);
    assert.deepEqual(described, [
      ['planRefresh', 10, 0, 1, 1],
      ['inspectConnections', 10, 0, 1, 5],
      ['inspectConnections', 120, 10, 0, 10],
      ['extractToken', 10, 0, 1, 2],
      ['extractToken', 120, 10, 0, 4],
      ['updateConnections', 10, 0, 1, 5],
      ['updateConnections', 120, 10, 0, 10],
      // The first attempt at an engine also has a minute.
      ['testDocker', 60, 10, 1, 5],
      ['testDocker', 60, 10, 0, 10],
    ]);
  });

  it('passes the number of earlier attempts to each activity', async () => {
    const { type, scope, message, remedy } = new RefreshFailure('StoreThrottled', 'Airflow main: 429.');
    const toRetry = [{ connection: 'docker_0_1', type, scope, message, remedy }];
    const { report, history } = await server.run(
      fakeSteps({
        ...listOf([{ registry: REGISTRY, group: GROUP }], 2),
        updateConnections: async (input, how) => {
          const outcome = await healthy.updateConnections(input, how);
          const written = input.connections.filter((id) => id !== 'docker_0_1');
          return input.attemptsBefore < 2 ? { ...outcome, written, toRetry } : outcome;
        },
      }),
    );
    assert.equal(report.stores[0]?.refreshed, 2);
    const inputs = scheduledActivities(history, 'updateConnections').map(inputOf);
    assert.deepEqual(
      inputs.map(({ attemptsBefore, connections }) => [attemptsBefore, connections]),
      [
        [0, ['docker_0_0', 'docker_0_1']],
        [1, ['docker_0_1']],
        [2, ['docker_0_1']],
      ],
    );
    const [inspection] = scheduledActivities(history, 'inspectConnections').map(inputOf);
    assert.equal(inspection?.['attemptsBefore'], 0);
  });

  it('also writes connections that were read only at a retry', async () => {
    const { type, scope, message, remedy } = new RefreshFailure('StoreThrottled', 'Airflow main: 429.');
    const { report } = await server.run(
      fakeSteps({
        inspectConnections: async (input, how) => {
          const inspection = await healthy.inspectConnections(input, how);
          const [part] = inspection.writable;
          assert.ok(part);
          return 'connections' in input.target
            ? { ...inspection, writable: [{ ...part, connections: input.target.connections }] }
            : { ...inspection, toRetry: [{ connection: 'docker_eu', type, scope, message, remedy }] };
        },
      }),
    );
    assert.equal(report.outcome, 'refreshed');
    assert.equal(report.stores[0]?.refreshed, 2);
  });

  describe('if a retry of the step is pending', () => {
    const denied = fakeSteps({
      extractToken: async () => {
        throw new RefreshFailure('AwsAccessDenied', 'The principal is not authorized.');
      },
    });

    async function startWaiting(): Promise<{ handle: RunHandle; details: string }> {
      const taskQueue = randomUUID();
      await server.startWorker(taskQueue, denied);
      const handle = await server.start(taskQueue);
      for (;;) {
        const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
        const details = metadata.currentDetails ?? '';
        if (details.includes('next attempt at')) return { handle, details };
        await delay(50);
      }
    }

    it('shows type, message and time of the next attempt in the current details', async () => {
      const startedMs = await server.now();
      const { handle, details } = await startWaiting();
      const [, at] =
        /^- extractToken: default\/us-east-1: \*\*AwsAccessDenied\*\*: The principal is not authorized\. Fix: .+ Failing since [\d :-]+ UTC; next attempt at ([\d :-]+ UTC)\.$/m.exec(
          details,
        ) ?? [];
      const waitMs = Date.parse(at ?? '') - startedMs;
      assert.ok(waitMs >= 10 * MINUTE_MS && waitMs < 11 * MINUTE_MS, details);
      assert.match(details, /^2 steps done, 1 in progress\n/);
      await handle.terminate();
    });

    it('ends the run as canceled if it is canceled', async () => {
      const { handle } = await startWaiting();
      await handle.cancel();
      await assert.rejects(
        handle.result(),
        (error) => error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure,
      );
      const { events } = await handle.fetchHistory();
      assert.ok(
        events?.at(-1)?.workflowExecutionCanceledEventAttributes,
        'the last event is not a cancellation',
      );
      assert.equal(events.filter((event) => event.workflowTaskFailedEventAttributes).length, 0);
    });
  });
});

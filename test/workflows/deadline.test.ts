import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import {
  fakeSteps,
  GROUP,
  listedStore,
  NOTHING,
  plannedStores,
  readRows,
  REGISTRY,
} from '../fakes/fake-steps.js';
import {
  durationMs,
  MINUTE_MS,
  refreshedAfterMs,
  RETRY_FOR_MS,
  scheduledActivities,
  useTestServer,
  type Run,
} from './test-server.js';

const SECOND_MS = 1000;
const healthy = fakeSteps();

/** Two Airflow instances in parallel; `overrides` make the instance `down` fail. */
function twoAirflows(overrides: Partial<RefreshSteps>): RefreshSteps {
  return fakeSteps({
    planRefresh: async () => ({ configHash: 'abc', stores: plannedStores('down', 'up'), engines: [] }),
    ...overrides,
  });
}

function unreachable(): RefreshFailure {
  return new RefreshFailure('StoreUnreachable', 'Airflow down: refused.');
}

function assertEndedInTime({ report, history }: Run): void {
  assert.ok(
    history.events?.at(-1)?.workflowExecutionFailedEventAttributes,
    'the run did not end with a failure',
  );
  const tookMs = durationMs(report);
  assert.ok(tookMs > RETRY_FOR_MS - 10 * MINUTE_MS, `gave up too early, after ${tookMs} ms`);
  assert.ok(tookMs <= RETRY_FOR_MS, `did not end in time, but after ${tookMs} ms`);
  assert.ok(refreshedAfterMs(report, 'up') < MINUTE_MS, 'the other Airflow instance was delayed');
}

describe('the deadline of a run', function () {
  this.timeout(60_000);
  const server = useTestServer();

  it('ends the run with the real cause if an Airflow instance stays down, and does not delay the other one', async () => {
    const run = await server.run(
      twoAirflows({
        inspectConnections: async (input, how) => {
          if (input.store === 'down') throw unreachable();
          return healthy.inspectConnections(input, how);
        },
      }),
    );
    assertEndedInTime(run);
    assert.deepEqual(
      run.report.failures.map(({ stage, store, type, message }) => [stage, store, type, message]),
      [['inspect', 'down', 'StoreUnreachable', 'Airflow down: refused.']],
    );
    assert.deepEqual(
      run.report.stores.map(({ store, refreshed }) => [store, refreshed]),
      [['up', 1]],
    );
  });

  it('ends the run with the real cause if Airflow throttles every update, and counts all connections as failed', async () => {
    const connections = Array.from({ length: 450 }, (_, index) => `docker_${index}`);
    const run = await server.run(
      twoAirflows({
        planRefresh: async () => ({
          configHash: 'abc',
          stores: [listedStore('down'), ...plannedStores('up')],
          engines: [],
        }),
        inspectConnections: async (input, how) => {
          if (input.store !== 'down') return healthy.inspectConnections(input, how);
          const { rows, list } = readRows(connections, input);
          return { ...NOTHING, writable: [{ registry: REGISTRY, group: GROUP, connections: rows }], list };
        },
        updateConnections: async (input, how) => {
          if (input.store === 'down') throw new RefreshFailure('StoreThrottled', 'Airflow down: 429.');
          return healthy.updateConnections(input, how);
        },
      }),
    );
    assertEndedInTime(run);
    assert.deepEqual(
      run.report.failures.map(({ stage, store, registry, type, count, message }) => [
        stage,
        store,
        registry,
        type,
        count,
        message,
      ]),
      [['update', 'down', REGISTRY, 'StoreThrottled', 450, 'Airflow down: 429.']],
    );
    assert.deepEqual(
      new Map(run.report.stores.map(({ store, refreshed, failed }) => [store, [refreshed, failed]])),
      new Map([
        ['down', [0, 450]],
        ['up', [1, 0]],
      ]),
    );
    // Five chunks of one instance, each with a first attempt and an activity for retries, and one update of the other.
    assert.equal(scheduledActivities(run.history, 'updateConnections').length, 5 * 2 + 1);
  });

  it('allows one attempt if less time than one attempt is left', async () => {
    const run = await server.run(
      // The token is available 5 s before the deadline; a first attempt may take 10 s.
      fakeSteps({ ...deniedTwice(), updateConnections: failingUpdate }),
      { retryForMs: 20 * MINUTE_MS + 5 * SECOND_MS },
    );
    const [update, ...others] = scheduledActivities(run.history, 'updateConnections');
    assert.deepEqual(others, []);
    assert.deepEqual(
      [update?.retryPolicy?.maximumAttempts, Number(update?.scheduleToCloseTimeout?.seconds)],
      [1, 10],
    );
    assert.equal(run.calls.filter(({ step }) => step === 'updateConnections').length, 1);
    assert.deepEqual(
      run.report.failures.map(({ stage, type }) => [stage, type]),
      [['update', 'StoreThrottled']],
    );
  });

  it('schedules no retry after it, and reports the real cause', async () => {
    const run = await server.run(
      fakeSteps({
        extractToken: async () => {
          throw new RefreshFailure('AwsAccessDenied', 'The principal is not authorized.');
        },
      }),
      // The next attempt after the second would start at 20 minutes.
      { retryForMs: 15 * MINUTE_MS },
    );
    assert.deepEqual(
      run.report.failures.map(({ stage, type, message }) => [stage, type, message]),
      [['extract', 'AwsAccessDenied', 'The principal is not authorized.']],
    );
    assert.equal(run.calls.filter(({ step }) => step === 'extractToken').length, 2);
    const tookMs = durationMs(run.report);
    assert.ok(tookMs >= 10 * MINUTE_MS && tookMs < 11 * MINUTE_MS, `ended after ${tookMs} ms`);
  });

  it('schedules no first retry after it', async () => {
    const run = await server.run(
      fakeSteps({
        inspectConnections: async () => {
          throw new RefreshFailure('StoreUnauthorized', 'Airflow main: 401.');
        },
      }),
      { retryForMs: 20 * MINUTE_MS },
    );
    assert.equal(scheduledActivities(run.history, 'inspectConnections').length, 1);
    assert.deepEqual(
      run.report.failures.map(({ stage, type, message }) => [stage, type, message]),
      [['inspect', 'StoreUnauthorized', 'Airflow main: 401.']],
    );
    assert.ok(durationMs(run.report) < MINUTE_MS, `ended after ${durationMs(run.report)} ms`);
  });

  describe('near the end of the execution timeout', () => {
    // Deadline 48 s. Inspection and extraction wait 2.5 + 5 + 10 + 20 + 2 s: an attempt of 10 s and the report fit in.
    const options = { retryForMs: 250 * SECOND_MS, executionTimeoutMs: 64 * SECOND_MS };

    it('reports a step that was not scheduled because no time was left', async () => {
      const run = await server.run(
        fakeSteps({ ...failingInspections(4), extractToken: throttledOnceThenSlow() }),
        options,
      );
      assert.ok(
        run.history.events?.at(-1)?.workflowExecutionFailedEventAttributes,
        'the run did not end with a failure before its timeout',
      );
      assert.equal(scheduledActivities(run.history, 'updateConnections').length, 0);
      assert.deepEqual(
        run.report.failures.map(({ stage, store, registry, type, connections, message }) => [
          stage,
          store,
          registry,
          type,
          connections,
          message,
        ]),
        [
          [
            'update',
            'main',
            REGISTRY,
            'RunOutOfTime',
            ['docker_default'],
            'No time was left for updateConnections.',
          ],
        ],
      );
      assert.equal(run.report.stores[0]?.refreshed, 0);
      assert.ok(durationMs(run.report) < 64 * SECOND_MS);
    });

    it('reports why a step failed if no time is left for its retry', async () => {
      // With the limits of four hours, a retry takes up to two minutes.
      const run = await server.run(fakeSteps(failingInspections(1)), {
        executionTimeoutMs: 64 * SECOND_MS,
      });
      assert.deepEqual(
        run.report.failures.map(({ stage, type, message }) => [stage, type, message]),
        [['inspect', 'StoreUnavailable', 'Airflow main: 503.']],
      );
      assert.equal(scheduledActivities(run.history, 'inspectConnections').length, 1);
    });
  });
});

/** Succeeds at the third attempt, 20 minutes later. */
function deniedTwice(): Partial<RefreshSteps> {
  let calls = 0;
  return {
    extractToken: async (input, how) => {
      calls += 1;
      if (calls <= 2) throw new RefreshFailure('AwsAccessDenied', 'The principal is not authorized.');
      return healthy.extractToken(input, how);
    },
  };
}

/** The second attempt takes 5 s of real time. */
function throttledOnceThenSlow(): RefreshSteps['extractToken'] {
  let calls = 0;
  return async (input, how) => {
    calls += 1;
    if (calls === 1) throw new RefreshFailure('AwsThrottled', 'ECR throttled the request.');
    await delay(5 * SECOND_MS);
    return healthy.extractToken(input, how);
  };
}

/** The first `count` inspections fail. */
function failingInspections(count: number): Partial<RefreshSteps> {
  let calls = 0;
  return {
    inspectConnections: async (input, how) => {
      calls += 1;
      if (calls <= count) throw new RefreshFailure('StoreUnavailable', 'Airflow main: 503.');
      return healthy.inspectConnections(input, how);
    },
  };
}

async function failingUpdate(): Promise<never> {
  throw new RefreshFailure('StoreThrottled', 'Airflow main: 429.');
}

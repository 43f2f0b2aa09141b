import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { fakeSteps, GROUP, REGISTRY, plannedStores } from '../fakes/fake-steps.js';
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
const good = fakeSteps();

/** Two airflows side by side; `overrides` make the one called `down` sick. */
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
  assert.ok(history.events?.at(-1)?.workflowExecutionFailedEventAttributes, 'the run failed, not timed out');
  const tookMs = durationMs(report);
  assert.ok(tookMs > RETRY_FOR_MS - 10 * MINUTE_MS, `gave up too early, after ${tookMs} ms`);
  assert.ok(tookMs <= RETRY_FOR_MS, `did not end in time, but after ${tookMs} ms`);
  assert.ok(refreshedAfterMs(report, 'up') < MINUTE_MS, 'the other airflow did not wait');
}

describe('the deadline of a run', function () {
  this.timeout(60_000);
  const server = useTestServer();

  it('ends it with the real cause when an airflow stays down, the other refreshed at once', async () => {
    const run = await server.run(
      twoAirflows({
        inspectConnections: async (input, how) => {
          if (input.store === 'down') throw unreachable();
          return good.inspectConnections(input, how);
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

  it('ends it likewise when an airflow goes down before its update, and counts chunks that were not tried', async () => {
    const connections = Array.from({ length: 450 }, (_, index) => `docker_${index}`);
    const run = await server.run(
      twoAirflows({
        inspectConnections: async (input, how) =>
          input.store === 'down'
            ? {
                writable: [{ registry: REGISTRY, group: GROUP, connections }],
                refused: [],
                warnings: [],
                toRetry: [],
              }
            : good.inspectConnections(input, how),
        updateConnections: async (input, how) => {
          if (input.store === 'down') throw unreachable();
          return good.updateConnections(input, how);
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
      [['update', 'down', REGISTRY, 'StoreUnreachable', 450, 'Airflow down: refused.']],
    );
    assert.deepEqual(
      new Map(run.report.stores.map(({ store, refreshed, failed }) => [store, [refreshed, failed]])),
      new Map([
        ['down', [0, 450]],
        ['up', [1, 0]],
      ]),
    );
    // Two chunks of an airflow at a time, and one update of the other; the other three chunks were not tried.
    assert.equal(scheduledActivities(run.history, 'updateConnections').length, 2 + 1);
    assert.equal(
      run.calls.filter(({ step, attempt }) => step === 'updateConnections' && attempt === 1).length,
      3,
    );
  });

  it('leaves one attempt to what has less than one attempt left', async () => {
    const run = await server.run(
      // Failures for 155 s of the 180 s: too little is left for a whole attempt at what follows.
      fakeSteps({ ...failingInspections(5), updateConnections: failingUpdate }),
      { retryForMs: 3 * MINUTE_MS },
    );
    const [inspection] = scheduledActivities(run.history, 'inspectConnections');
    assert.equal(inspection?.retryPolicy?.maximumAttempts ?? 0, 0, 'before, attempts were not counted');
    const updates = scheduledActivities(run.history, 'updateConnections');
    assert.deepEqual(
      updates.map(({ retryPolicy }) => retryPolicy?.maximumAttempts),
      [1],
    );
    assert.equal(run.calls.filter(({ step }) => step === 'updateConnections').length, 1);
    assert.deepEqual(
      run.report.failures.map(({ stage, type }) => [stage, type]),
      [['update', 'StoreUnavailable']],
    );
  });

  it('does not schedule what no time is left for, and says so', async () => {
    const run = await server.run(fakeSteps(failingInspections(5)), {
      retryForMs: 3 * MINUTE_MS,
      // An update takes up to 120 s: from second 155 it would end at 275, with 5 s left for the report.
      executionTimeoutMs: 280 * SECOND_MS,
    });
    const steps = scheduledActivities(run.history).map(({ activityType }) => activityType?.name);
    assert.deepEqual(steps, ['planRefresh', 'inspectConnections', 'extractToken']);
    assert.ok(run.history.events?.at(-1)?.workflowExecutionFailedEventAttributes, 'it ended by itself');
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
    assert.ok(durationMs(run.report) < 280 * SECOND_MS);
  });
});

/** The first inspections fail: five of them take 155 s. */
function failingInspections(count: number): Partial<RefreshSteps> {
  let calls = 0;
  return {
    inspectConnections: async (input, how) => {
      calls += 1;
      if (calls <= count) throw new RefreshFailure('StoreUnavailable', 'Airflow main: 503.');
      return good.inspectConnections(input, how);
    },
  };
}

async function failingUpdate(): Promise<never> {
  throw new RefreshFailure('StoreUnavailable', 'Airflow main: 503.');
}

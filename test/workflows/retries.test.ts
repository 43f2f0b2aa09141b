import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { InspectInput } from '../../src/refresh/activity-types.js';
import { computeIntervals, planSchedule } from '../../src/refresh/schedule-margins.js';
import { ENGINE, fakeSteps, plannedStores } from '../fakes/fake-steps.js';
import { gapsMs } from '../fakes/recording-steps.js';
import {
  MINUTE_MS,
  refreshedAfterMs,
  RETRY_FOR_MS,
  scheduledActivities,
  useTestServer,
} from './test-server.js';

const SECOND_MS = 1000;
/** Time for the server and its worker, in addition to the back-off. */
const SLACK_MS = 30 * SECOND_MS;

/** Each gap has the expected length, plus at most the slack. */
function assertGaps(actualMs: readonly number[], expectedMs: readonly number[]): void {
  const matches = expectedMs.map((ms, index) => {
    const gapMs = actualMs[index] ?? NaN;
    return gapMs >= ms && gapMs < ms + SLACK_MS;
  });
  assert.ok(
    actualMs.length === expectedMs.length && matches.every(Boolean),
    `gaps of ${actualMs.join(', ')} ms instead of ${expectedMs.join(', ')} ms`,
  );
}

describe('retries within a run', function () {
  this.timeout(60_000);
  const server = useTestServer();
  const healthy = fakeSteps();

  it('get a token after ECR throttled twice', async () => {
    let calls = 0;
    const run = await server.run(
      fakeSteps({
        extractToken: async (input, how) => {
          calls += 1;
          if (calls <= 2) throw new RefreshFailure('AwsThrottled', 'ECR throttled the request.');
          return healthy.extractToken(input, how);
        },
      }),
    );
    assert.equal(run.report.outcome, 'refreshed');
    assert.equal(run.report.stores[0]?.refreshed, 1);
    const attempts = run.calls.filter(({ step }) => step === 'extractToken');
    // The first attempt is a separate activity; the retry policy applies to the second.
    assert.deepEqual(
      attempts.map(({ attempt }) => attempt),
      [1, 1, 2],
    );
    assertGaps(gapsMs(attempts), [2 * SECOND_MS, 4 * SECOND_MS]);
  });

  it('run every 10 minutes while AWS denies access, and succeed within the run once access is allowed', async () => {
    let calls = 0;
    const run = await server.run(
      fakeSteps({
        extractToken: async (input, how) => {
          calls += 1;
          if (calls <= 3) throw new RefreshFailure('AwsAccessDenied', 'The principal is not authorized.');
          return healthy.extractToken(input, how);
        },
      }),
    );
    assert.equal(run.report.outcome, 'refreshed');
    assert.deepEqual(run.report.failures, []);
    const attempts = run.calls.filter(({ step }) => step === 'extractToken');
    assertGaps(gapsMs(attempts), [10 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS]);
    assert.ok(refreshedAfterMs(run.report, 'main') >= 30 * MINUTE_MS);
  });

  it('send a rejected Airflow password at most once in 30 minutes, and the report shows the failure', async () => {
    const run = await server.run(
      fakeSteps({
        inspectConnections: async () => {
          throw new RefreshFailure('StoreUnauthorized', 'Airflow main: 401.');
        },
      }),
    );
    assert.deepEqual(
      run.report.failures.map(({ stage, type, message }) => [stage, type, message]),
      [['inspect', 'StoreUnauthorized', 'Airflow main: 401.']],
    );
    const attempts = run.calls.filter(({ step }) => step === 'inspectConnections');
    const expected = Math.floor(RETRY_FOR_MS / (30 * MINUTE_MS));
    assertGaps(
      gapsMs(attempts),
      Array.from({ length: expected }, () => 30 * MINUTE_MS),
    );
  });

  it('send a password that is rejected at the update at most once in 30 minutes', async () => {
    const run = await server.run(
      fakeSteps({
        updateConnections: async () => {
          throw new RefreshFailure('StoreUnauthorized', 'Airflow main: 401.');
        },
      }),
    );
    const gaps = gapsMs(run.calls.filter(({ step }) => step === 'updateConnections'));
    assert.ok(gaps.length >= 6);
    assert.ok(Math.min(...gaps) >= 30 * MINUTE_MS, `gaps of ${gaps.join(', ')} ms`);
  });

  it('are made within a run of the shortest schedule, which reports that the store was not reached', async () => {
    const settings = planSchedule({
      id: 'short',
      cadence: { everyMs: 3 * MINUTE_MS },
      times: computeIntervals(3 * MINUTE_MS),
      allowNarrowMargin: true,
    });
    const { retryForMs, executionTimeoutMs } = settings;
    const run = await server.run(
      fakeSteps({
        inspectConnections: async () => {
          throw new RefreshFailure('StoreUnreachable', 'Airflow main: connection reset.');
        },
      }),
      { retryForMs, executionTimeoutMs },
    );
    const attempts = run.calls.filter(({ step }) => step === 'inspectConnections');
    assert.ok(attempts.length >= 5, `${attempts.length} attempts`);
    assert.deepEqual(
      run.report.failures.map(({ stage, type }) => [stage, type]),
      [['inspect', 'StoreUnreachable']],
    );
  });

  it('refresh an Airflow instance that was down for two hours within the run, and do not delay the other one', async () => {
    const downUntilMs = (await server.now()) + 120 * MINUTE_MS;
    const run = await server.run(
      fakeSteps({
        planRefresh: async () => ({
          configHash: 'abc',
          stores: plannedStores('down', 'up'),
          engines: [ENGINE],
        }),
        inspectConnections: async (input: InspectInput, how) => {
          if (input.store === 'down' && (await server.now()) < downUntilMs) {
            throw new RefreshFailure('StoreUnreachable', 'Airflow down: refused.');
          }
          return healthy.inspectConnections(input, how);
        },
      }),
    );
    const { report, history } = run;
    assert.equal(report.outcome, 'refreshed');
    assert.equal(report.runId, run.runId);
    assert.ok(history.events?.at(-1)?.workflowExecutionCompletedEventAttributes, 'the run did not complete');
    assert.equal(scheduledActivities(history, 'inspectConnections').length, 3);
    assert.deepEqual(
      new Map(report.stores.map(({ store, refreshed }) => [store, refreshed])),
      new Map([
        ['down', 1],
        ['up', 1],
      ]),
    );
    assert.ok(refreshedAfterMs(report, 'up') < MINUTE_MS, 'the other instance was delayed');
    const afterMs = refreshedAfterMs(report, 'down');
    assert.ok(afterMs >= 120 * MINUTE_MS, `refreshed after ${afterMs} ms, while Airflow was down`);
    // Five minutes is the longest back-off.
    assert.ok(afterMs < 126 * MINUTE_MS, `refreshed only after ${afterMs} ms`);
  });
});

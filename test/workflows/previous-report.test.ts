import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { parseReport, type RefreshReport } from '../../src/refresh/report.js';
import type { RefreshSteps } from '../../src/refresh/activity-types.js';
import { refreshCredentials } from '../../src/workflows/index.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { MINUTE_MS, useTestServer } from './test-server.js';

const HOUR_MS = 60 * MINUTE_MS;

describe('what a run takes over from the one before', function () {
  this.timeout(60_000);
  const server = useTestServer();

  /** A run every four hours, by the server's cron, as the time-skipping server has no schedules. */
  async function runEveryFourHours(steps: RefreshSteps, runs: number): Promise<RefreshReport[]> {
    const { workflow } = server.env().client;
    const workflowId = randomUUID();
    await server.startWorker(workflowId, steps);
    const first = await workflow.start(refreshCredentials, {
      taskQueue: workflowId,
      workflowId,
      cronSchedule: '0 */4 * * *',
      args: [{ retryForMs: 10 * MINUTE_MS }],
    });
    await server.env().sleep(runs * 4 * HOUR_MS + HOUR_MS);
    const reports: RefreshReport[] = [];
    let runId = first.firstExecutionRunId;
    while (reports.length < runs) {
      const left = whatWasLeft(await workflow.getHandle(workflowId, runId).fetchHistory());
      reports.push(left.report);
      runId = left.nextRunId;
    }
    await workflow.getHandle(workflowId).terminate();
    return reports;
  }

  it('is when a connection was refreshed last, through failed and successful runs', async () => {
    const good = fakeSteps();
    // The second run writes, and fails at the test; the third cannot look into the Airflow; the fourth has no plan;
    // the fifth cannot write.
    let run = 0;
    const steps = fakeSteps({
      planRefresh: async (how) => {
        run += 1;
        if (run === 4) throw new RefreshFailure('ConfigInvalid', 'There is no good configuration.');
        return good.planRefresh(how);
      },
      inspectConnections: async (input, how) => {
        if (run === 3) throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 404.');
        return good.inspectConnections(input, how);
      },
      updateConnections: async (input, how) => {
        if (run === 5) throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 400.');
        return good.updateConnections(input, how);
      },
      testDocker: async (input, how) => {
        if (run === 2) throw new RefreshFailure('DockerLoginRejected', 'The registry refused the token.');
        return good.testDocker(input, how);
      },
    });
    const reports = await runEveryFourHours(steps, 6);

    const outcomes = reports.map(({ outcome, failures }) => failures[0]?.stage ?? outcome);
    assert.deepEqual(outcomes, ['refreshed', 'test', 'inspect', 'plan', 'update', 'refreshed']);
    const refreshedAt = reports.map(({ stores: airflows }) => airflows[0]?.lastRefreshedAt ?? 'never');
    const [first, second, third, fourth, fifth, sixth] = refreshedAt;
    assert.equal(hoursBetween(first, second), 4);
    assert.deepEqual([third, fourth, fifth], [second, second, second]);
    assert.equal(hoursBetween(second, sixth), 16);
    assert.deepEqual(
      reports.map(({ stores: airflows }) => airflows.map(({ refreshed }) => refreshed)),
      [[1], [1], [0], [0], [0], [1]],
    );
  });
});

function hoursBetween(earlier = '', later = ''): number {
  return Math.round((Date.parse(later) - Date.parse(earlier)) / HOUR_MS);
}

/** A run of a cron ends as continued: with the result or the failure that the next one is given. */
function whatWasLeft({ events }: History): { report: RefreshReport; nextRunId: string } {
  const next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  const [failed] = next?.failure?.applicationFailureInfo?.details?.payloads ?? [];
  const payload = failed ?? next?.lastCompletionResult?.payloads?.[0];
  const report = payload && parseReport(defaultPayloadConverter.fromPayload(payload));
  assert.ok(report, 'each run left its report');
  return { report, nextRunId: next?.newExecutionRunId ?? '' };
}

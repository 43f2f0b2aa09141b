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

describe('what a run carries forward from the previous run', function () {
  this.timeout(60_000);
  const server = useTestServer();

  /** A run every four hours with a cron schedule: the time-skipping server does not support schedules. */
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
      const ended = readReport(await workflow.getHandle(workflowId, runId).fetchHistory());
      reports.push(ended.report);
      runId = ended.nextRunId;
    }
    await workflow.getHandle(workflowId).terminate();
    return reports;
  }

  it('includes the time of the last refresh, after failed and successful runs', async () => {
    const healthy = fakeSteps();
    // The second run writes and fails at the test, the third fails at the inspection, the fourth at the plan, the fifth
    // at the update.
    let run = 0;
    const steps = fakeSteps({
      planRefresh: async (how) => {
        run += 1;
        if (run === 4) throw new RefreshFailure('ConfigInvalid', 'refresh.yaml is invalid.');
        return healthy.planRefresh(how);
      },
      inspectConnections: async (input, how) => {
        if (run === 3) throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 404.');
        return healthy.inspectConnections(input, how);
      },
      updateConnections: async (input, how) => {
        if (run === 5) throw new RefreshFailure('StoreRequestRejected', 'Airflow main: 400.');
        return healthy.updateConnections(input, how);
      },
      testDocker: async (input, how) => {
        if (run === 2) throw new RefreshFailure('DockerLoginRejected', 'The registry rejected the token.');
        return healthy.testDocker(input, how);
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

/** A run of a cron schedule ends as continued-as-new, with the result or failure that is passed to the next run. */
function readReport({ events }: History): { report: RefreshReport; nextRunId: string } {
  const next = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  const [failed] = next?.failure?.applicationFailureInfo?.details?.payloads ?? [];
  const payload = failed ?? next?.lastCompletionResult?.payloads?.[0];
  const report = payload && parseReport(defaultPayloadConverter.fromPayload(payload));
  assert.ok(report, 'a run has no report');
  return { report, nextRunId: next?.newExecutionRunId ?? '' };
}

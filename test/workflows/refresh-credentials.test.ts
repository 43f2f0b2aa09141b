import assert from 'node:assert/strict';
import { temporal } from '@temporalio/proto';
import { randomUUID } from 'node:crypto';
import { CancelledFailure, WorkflowFailedError } from '@temporalio/client';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { deferred } from '../fakes/deferred.js';
import { ENGINE, fakeSteps, FINGERPRINT, GROUP, REGISTRY, plannedStores } from '../fakes/fake-steps.js';
import { scheduledActivities, useTestServer } from './test-server.js';

const UNHANDLED_COMMAND =
  temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;

describe('refreshCredentials', function () {
  this.timeout(60_000);
  const server = useTestServer();

  it('refreshes, tests and reports', async () => {
    const { report } = await server.run(fakeSteps());
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.warnings, []);
    assert.equal(report.stores.length, 1);
    const [row] = report.stores;
    assert.deepEqual([row?.store, row?.registry, row?.refreshed, row?.failed], ['main', REGISTRY, 1, 0]);
    assert.equal(row?.fingerprint, FINGERPRINT);
    assert.equal(report.tokens[0]?.check, 'accepted');
    assert.deepEqual(
      report.docker.map(({ engine, login }) => [engine, login]),
      [[ENGINE, 'ok']],
    );
  });

  it('gives its activities readable ids', async () => {
    const { history } = await server.run(fakeSteps());
    assert.deepEqual(
      scheduledActivities(history).map(({ activityId }) => activityId),
      [
        'planRefresh',
        'inspectConnections: main',
        `extractToken: ${GROUP}`,
        `updateConnections: main ${REGISTRY}`,
        `testDocker: ${ENGINE} ${REGISTRY}`,
      ],
    );
  });

  it('gives each activity a summary, and shows the outcome in the current details', async () => {
    const taskQueue = randomUUID();
    await server.startWorker(taskQueue, fakeSteps());
    const handle = await server.start(taskQueue);
    await handle.result();
    const { events } = await handle.fetchHistory();
    const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
    const summaries = scheduled.map(({ userMetadata }) => {
      return JSON.parse(new TextDecoder().decode(userMetadata?.summary?.data ?? undefined)) as string;
    });
    assert.deepEqual(summaries, [
      'Read the configuration',
      'Inspect connections in main',
      'Get ECR token for 1 registry',
      'Update 1 connection in main',
      `Log in from ${ENGINE} to ${REGISTRY}`,
    ]);
    const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
    assert.equal(metadata.currentDetails, '1 connection refreshed.');
  });

  it('refreshes with the last valid configuration, then fails because of the invalid one', async () => {
    const { planRefresh } = fakeSteps();
    const steps = fakeSteps({
      planRefresh: async (how) => ({
        ...(await planRefresh(how)),
        configProblem: 'refresh.yaml:3 airflows: is missing',
      }),
    });
    const { report } = await server.run(steps);
    assert.equal(report.stores[0]?.refreshed, 1);
    assert.deepEqual([report.failures[0]?.stage, report.failures[0]?.type], ['plan', 'ConfigInvalid']);
  });

  it('ends as canceled if it is canceled during retries and Docker tests', async () => {
    const healthy = fakeSteps();
    const [retrying, testing] = [deferred(), deferred()];
    const taskQueue = randomUUID();
    await server.startWorker(
      taskQueue,
      fakeSteps({
        planRefresh: async () => ({
          configHash: 'abc',
          stores: plannedStores('down', 'up'),
          engines: [ENGINE],
        }),
        inspectConnections: async (input, how) => {
          if (input.store === 'up') return healthy.inspectConnections(input, how);
          retrying.resolve();
          throw new RefreshFailure('StoreUnreachable', 'Airflow down: refused.');
        },
        testDocker: async () => {
          testing.resolve();
          throw new RefreshFailure('DockerEngineUnreachable', 'The Docker Engine does not respond.');
        },
      }),
    );
    const handle = await server.start(taskQueue);
    await Promise.all([retrying.promise, testing.promise]);
    await handle.cancel();
    const isCanceled = (error: unknown): boolean =>
      error instanceof WorkflowFailedError && error.cause instanceof CancelledFailure;
    await assert.rejects(handle.result(), isCanceled);
    const events = (await handle.fetchHistory()).events ?? [];
    assert.ok(
      events.at(-1)?.workflowExecutionCanceledEventAttributes,
      'the last event is not a cancellation',
    );
    const failed = events.flatMap(({ workflowTaskFailedEventAttributes: task }) => (task ? [task] : []));
    // The server rejects the end of a run while a new event is pending: this is not a bug in the workflow code.
    const isInCode = ({ cause }: (typeof failed)[number]): boolean => cause !== UNHANDLED_COMMAND;
    assert.deepEqual(failed.filter(isInCode), []);
  });
});

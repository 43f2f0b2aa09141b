import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, WorkflowFailedError } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { RefreshFailure } from '../../src/domain/failures.js';
import { asReport, INCOMPLETE, type RefreshReport } from '../../src/domain/report.js';
import type { RefreshSteps } from '../../src/domain/steps.js';
import { refreshCredentials } from '../../src/workflows/index.js';
import { findTestServer } from '../../sandbox/temporal.js';
import { ENGINE, fakeSteps, FINGERPRINT, GROUP, REGISTRY } from '../fakes/fake-steps.js';
import { createTestWorker, installQuietRuntime, workflowBundle } from './test-worker.js';

const MINUTE_MS = 60_000;
const RETRY_FOR_MS = 225 * MINUTE_MS;
const EXECUTION_TIMEOUT_MS = 230 * MINUTE_MS;

interface Run {
  readonly report: RefreshReport;
  readonly workflowId: string;
  /** Null when the run succeeded. */
  readonly failure: ApplicationFailure | null;
}

function durationMs(report: RefreshReport): number {
  return Date.parse(report.finishedAt) - Date.parse(report.startedAt);
}

describe('refreshCredentials', function () {
  this.timeout(120_000);
  let env: TestWorkflowEnvironment;

  before(async () => {
    installQuietRuntime();
    const executable = { type: 'existing-path', path: await findTestServer() } as const;
    env = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
    await workflowBundle();
  });

  after(() => env?.teardown());

  async function run(steps: RefreshSteps, retryForMs = RETRY_FOR_MS): Promise<Run> {
    const taskQueue = randomUUID();
    const workflowId = randomUUID();
    const worker = await createTestWorker(env.nativeConnection, taskQueue, steps);
    return worker.runUntil(async () => {
      const handle = await env.client.workflow.start(refreshCredentials, {
        taskQueue,
        workflowId,
        args: [{ retryForMs }],
        workflowExecutionTimeout: EXECUTION_TIMEOUT_MS,
      });
      try {
        return { report: await handle.result(), workflowId, failure: null };
      } catch (error) {
        assert.ok(error instanceof WorkflowFailedError, String(error));
        assert.ok(error.cause instanceof ApplicationFailure, `ended as ${String(error.cause)}`);
        const report = asReport(error.cause.details?.[0]);
        assert.ok(report, 'a failed run carries its report');
        return { report, workflowId, failure: error.cause };
      }
    });
  }

  it('refreshes, tests and reports', async () => {
    const { report } = await run(fakeSteps());
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.failures, []);
    assert.deepEqual(report.warnings, []);
    assert.equal(report.airflows.length, 1);
    const [row] = report.airflows;
    assert.deepEqual([row?.airflow, row?.registry, row?.refreshed, row?.failed], ['main', REGISTRY, 1, 0]);
    assert.equal(row?.fingerprint, FINGERPRINT);
    assert.equal(report.tokens[0]?.probe, 'accepted');
    assert.deepEqual(
      report.docker.map(({ engine, signIn }) => [engine, signIn]),
      [[ENGINE, 'ok']],
    );
  });

  it('names its activities so that the run reads in the Temporal UI', async () => {
    const { workflowId } = await run(fakeSteps());
    const { events } = await env.client.workflow.getHandle(workflowId).fetchHistory();
    const ids = (events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes?.activityId ?? [],
    );
    assert.deepEqual(ids, [
      'planRefresh',
      'inspectConnections: main',
      `extractToken: ${GROUP}`,
      `updateConnections: main ${REGISTRY}`,
      `testDocker: ${ENGINE} ${REGISTRY}`,
    ]);
  });

  it('says in a summary what each activity does, and in the current details how the run ended', async () => {
    const taskQueue = randomUUID();
    const worker = await createTestWorker(env.nativeConnection, taskQueue, fakeSteps());
    await worker.runUntil(async () => {
      const handle = await env.client.workflow.start(refreshCredentials, {
        taskQueue,
        workflowId: taskQueue,
        args: [{ retryForMs: RETRY_FOR_MS }],
      });
      await handle.result();
      const { events } = await handle.fetchHistory();
      const scheduled = (events ?? []).filter((event) => event.activityTaskScheduledEventAttributes);
      const summaries = scheduled.map(({ userMetadata }) => {
        return JSON.parse(new TextDecoder().decode(userMetadata?.summary?.data ?? undefined)) as string;
      });
      assert.deepEqual(summaries, [
        'Read the configuration',
        'Look at the connections of main',
        'Get a token for 1 registry',
        'Write the token into 1 connection of main',
        `Sign in from ${ENGINE}`,
      ]);
      const metadata = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      assert.equal(metadata.currentDetails, '**refreshed**: 1 connection refreshed');
    });
  });

  it('tries again when ECR is throttled', async () => {
    let calls = 0;
    const { extractToken } = fakeSteps();
    const steps = fakeSteps({
      extractToken: async (input) => {
        calls += 1;
        if (calls < 3) throw new RefreshFailure('AwsThrottled', 'ECR asked for fewer requests.');
        return extractToken(input);
      },
    });
    const { report } = await run(steps);
    assert.equal(report.outcome, 'refreshed');
    assert.equal(calls, 3);
  });

  it('reports a missing connection and refreshes the others', async () => {
    const problem = new RefreshFailure('AirflowConnectionMissing', 'Airflow has no connection docker_eu.');
    const { inspectConnections } = fakeSteps();
    const steps = fakeSteps({
      inspectConnections: async (input) => ({
        ...(await inspectConnections(input)),
        refused: [
          { connection: 'docker_eu', type: problem.type, message: problem.message, remedy: problem.remedy },
        ],
      }),
    });
    const { report, failure } = await run(steps);
    assert.equal(failure?.type, INCOMPLETE);
    assert.equal(report.outcome, 'incomplete');
    assert.equal(report.airflows[0]?.refreshed, 1);
    assert.deepEqual(
      report.failures.map(({ stage, type, connections }) => [stage, type, connections]),
      [['inspect', 'AirflowConnectionMissing', ['docker_eu']]],
    );
  });

  it('ends with the real cause when an airflow stays down, and refreshes the other at once', async () => {
    const { inspectConnections } = fakeSteps();
    const steps = fakeSteps({
      planRefresh: async () => ({ configHash: 'abc', airflows: ['down', 'up'], engines: [] }),
      inspectConnections: async (input) => {
        if (input.airflow === 'down')
          throw new RefreshFailure('AirflowUnreachable', 'Airflow down: refused.');
        return inspectConnections(input);
      },
    });
    const { report } = await run(steps);
    const tookMs = durationMs(report);
    assert.deepEqual(
      report.failures.map(({ airflow, type, message }) => [airflow, type, message]),
      [['down', 'AirflowUnreachable', 'Airflow down: refused.']],
    );
    const [healthy] = report.airflows;
    assert.equal(healthy?.airflow, 'up');
    const waitedMs = Date.parse(healthy?.lastRefreshedAt ?? '') - Date.parse(report.startedAt);
    assert.ok(waitedMs < MINUTE_MS, `the healthy airflow waited ${waitedMs} ms`);
    assert.ok(tookMs > RETRY_FOR_MS - 10 * MINUTE_MS, `gave up too early, after ${tookMs} ms`);
    assert.ok(tookMs < EXECUTION_TIMEOUT_MS, `did not end in time, but after ${tookMs} ms`);
  });

  it('tries a wrong Airflow password at most once in 30 minutes', async () => {
    let calls = 0;
    const steps = fakeSteps({
      inspectConnections: async () => {
        calls += 1;
        throw new RefreshFailure('AirflowUnauthorized', 'Airflow main: 401.');
      },
    });
    const { report } = await run(steps);
    assert.equal(report.failures[0]?.type, 'AirflowUnauthorized');
    assert.ok(calls >= 7 && calls <= 8, `tried ${calls} times in 3 h 45 min`);
  });

  it('says that the connections were refreshed when only the Docker test fails', async () => {
    const steps = fakeSteps({
      testDocker: async () => {
        throw new RefreshFailure('DockerEngineUnreachable', 'The Docker Engine does not answer.');
      },
    });
    const { report } = await run(steps);
    assert.equal(report.outcome, 'incomplete');
    assert.equal(report.airflows[0]?.refreshed, 1);
    assert.deepEqual(
      [report.failures[0]?.stage, report.failures[0]?.type],
      ['test', 'DockerEngineUnreachable'],
    );
    assert.ok(durationMs(report) < 16 * MINUTE_MS, `given up after ${durationMs(report)} ms`);
  });

  it('leaves connections alone whose registry refuses the token', async () => {
    let updates = 0;
    const { updateConnections } = fakeSteps();
    const steps = fakeSteps({
      extractToken: async () => {
        throw new RefreshFailure('RegistryRefusedToken', `${REGISTRY}: 403`);
      },
      updateConnections: async (input) => {
        updates += 1;
        return updateConnections(input);
      },
    });
    const { report } = await run(steps);
    assert.equal(updates, 0);
    assert.deepEqual(
      report.failures.map(({ stage, type, connections }) => [stage, type, connections]),
      [['extract', 'RegistryRefusedToken', ['docker_default']]],
    );
  });

  it('refreshes by the last good configuration and then fails for the invalid one', async () => {
    const { planRefresh } = fakeSteps();
    const steps = fakeSteps({
      planRefresh: async () => ({
        ...(await planRefresh()),
        configProblem: 'refresh.yaml:3 airflows: is missing',
      }),
    });
    const { report } = await run(steps);
    assert.equal(report.airflows[0]?.refreshed, 1);
    assert.deepEqual([report.failures[0]?.stage, report.failures[0]?.type], ['plan', 'ConfigInvalid']);
  });

  it('gives one attempt to what comes after the deadline', async () => {
    const { inspectConnections } = fakeSteps();
    let inspections = 0;
    let attempts = 0;
    const steps = fakeSteps({
      inspectConnections: async (input) => {
        inspections += 1;
        // Five failures take 155 s of the 180 s: too little is left for a whole attempt at what follows.
        if (inspections <= 5) throw new RefreshFailure('AirflowUnavailable', 'Airflow main: 503.');
        return inspectConnections(input);
      },
      updateConnections: async () => {
        attempts += 1;
        throw new RefreshFailure('AirflowUnavailable', 'Airflow main: 503.');
      },
    });
    const { report } = await run(steps, 3 * MINUTE_MS);
    assert.equal(inspections, 6);
    assert.equal(attempts, 1);
    assert.equal(report.failures[0]?.type, 'AirflowUnavailable');
  });

  it('replays from its history in JSON, and notices a changed order', async () => {
    const { workflowId } = await run(fakeSteps());
    const history = await env.client.workflow.getHandle(workflowId).fetchHistory();
    const json: unknown = JSON.parse(historyToJSON(history));
    const options = { workflowBundle: await workflowBundle() };
    await Worker.runReplayHistory(options, json, workflowId);

    const changed = JSON.parse(
      JSON.stringify(json).replaceAll('"inspectConnections"', '"extractToken"'),
    ) as unknown;
    await assert.rejects(Worker.runReplayHistory(options, changed, workflowId), /Nondeterminism/);
  });
});

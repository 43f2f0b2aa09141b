// Temporal's time-skipping test server. Its time jumps while a run only waits: read the time from the server, not from
// the clock of this machine.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  ApplicationFailure,
  WorkflowFailedError,
  type WorkflowHandleWithFirstExecutionRunId,
} from '@temporalio/client';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { findTestServer } from '../support/temporal-test-server.js';
import { parseReport, type RefreshReport } from '../../src/refresh/report.js';
import type { RefreshSteps, StepName } from '../../src/refresh/activity-types.js';
import { refreshCredentials } from '../../src/workflows/index.js';
import { recordCalls, type RecordedCall } from '../fakes/recording-steps.js';
import { createTestWorker, installQuietRuntime, workflowBundle } from './test-worker.js';

export const MINUTE_MS = 60_000;
/** The limits of the default schedule: every four hours, five minutes of jitter. */
export const RETRY_FOR_MS = 225 * MINUTE_MS;
export const EXECUTION_TIMEOUT_MS = 230 * MINUTE_MS;

export interface RunOptions {
  readonly retryForMs?: number;
  readonly executionTimeoutMs?: number;
  /** Default: the name of the task queue. */
  readonly workflowId?: string;
}

export interface EndedRun {
  readonly report: RefreshReport;
  /** Null when the run succeeded. */
  readonly failure: ApplicationFailure | null;
  readonly history: History;
}

export interface Run extends EndedRun {
  readonly runId: string;
  readonly workflowId: string;
  /** Every attempt at a step, in the order of their start. */
  readonly calls: readonly RecordedCall[];
}

export type RunHandle = WorkflowHandleWithFirstExecutionRunId<typeof refreshCredentials>;

export interface RunningWorker {
  /** As SIGTERM without a grace period: activities in progress are canceled and handed over. */
  stop(): Promise<void>;
}

export interface TestServer {
  env(): TestWorkflowEnvironment;
  /** The server's time. */
  now(): Promise<number>;
  /** Runs the workflow to its end on a worker with these steps, one run at a time. */
  run(steps: RefreshSteps, options?: RunOptions): Promise<Run>;
  /** Starts a run. Time does not jump until the end of the run is awaited. */
  start(taskQueue: string, options?: RunOptions): Promise<RunHandle>;
  startWorker(taskQueue: string, steps: RefreshSteps, identity?: string): Promise<RunningWorker>;
}

/** Starts a server for the calling suite, and stops workers that its tests leave running. */
export function useTestServer(): TestServer {
  let started: TestWorkflowEnvironment | undefined;
  const running = new Set<RunningWorker>();
  // Creating a worker takes longer than a run, so all runs of the suite, which are sequential, share one.
  let shared: RunningWorker | undefined;
  let stepsOfRun: RefreshSteps | undefined;
  const sharedQueue = randomUUID();

  before(async function () {
    this.timeout(60_000);
    started = await startTestServer();
    await workflowBundle();
  });
  afterEach(async () => {
    await Promise.all([...running].map((worker) => worker.stop()));
    running.clear();
  });
  after(async () => {
    await shared?.stop();
    await started?.teardown();
  });

  const server: TestServer = {
    env() {
      assert.ok(started, 'the server has not been started');
      return started;
    },
    now: () => server.env().currentTimeMs(),
    start: (taskQueue, options) => startRun(server.env(), taskQueue, options),
    async startWorker(taskQueue, steps, identity) {
      const worker = await startWorker(server.env(), taskQueue, steps, identity);
      running.add(worker);
      return worker;
    },
    async run(steps, options) {
      const recorder = recordCalls(steps, server.now);
      stepsOfRun = recorder.steps;
      shared ??= await startWorker(
        server.env(),
        sharedQueue,
        delegateSteps(() => stepsOfRun ?? steps),
      );
      const workflowId = randomUUID();
      const handle = await server.start(sharedQueue, { ...options, workflowId });
      const ended = await endOf(handle);
      return { ...ended, workflowId, runId: handle.firstExecutionRunId, calls: recorder.calls };
    },
  };
  return server;
}

/** Looks the steps up at each call. */
function delegateSteps(steps: () => RefreshSteps): RefreshSteps {
  return {
    planRefresh: (how) => steps().planRefresh(how),
    inspectConnections: (input, how) => steps().inspectConnections(input, how),
    extractToken: (input, how) => steps().extractToken(input, how),
    updateConnections: (input, how) => steps().updateConnections(input, how),
    testDocker: (input, how) => steps().testDocker(input, how),
  };
}

export async function startTestServer(): Promise<TestWorkflowEnvironment> {
  installQuietRuntime();
  const executable = { type: 'existing-path', path: await findTestServer() } as const;
  return TestWorkflowEnvironment.createTimeSkipping({ server: { executable } });
}

export function startRun(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  options: RunOptions = {},
): Promise<RunHandle> {
  const {
    retryForMs = RETRY_FOR_MS,
    executionTimeoutMs = EXECUTION_TIMEOUT_MS,
    workflowId = taskQueue,
  } = options;
  return env.client.workflow.start(refreshCredentials, {
    taskQueue,
    workflowId,
    args: [{ retryForMs }],
    workflowExecutionTimeout: executionTimeoutMs,
  });
}

export async function startWorker(
  env: TestWorkflowEnvironment,
  taskQueue: string,
  steps: RefreshSteps,
  identity?: string,
): Promise<RunningWorker> {
  const worker = await createTestWorker(env.nativeConnection, taskQueue, steps, identity);
  const stopped = worker.run();
  return {
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await stopped;
    },
  };
}

/** Waits for the end of a run while the server skips time. Fails if the run has no report. */
export async function endOf(handle: RunHandle): Promise<EndedRun> {
  try {
    return { report: await handle.result(), failure: null, history: await handle.fetchHistory() };
  } catch (error) {
    assert.ok(error instanceof WorkflowFailedError, String(error));
    assert.ok(error.cause instanceof ApplicationFailure, `ended as ${String(error.cause)}`);
    const report = parseReport(error.cause.details?.[0]);
    assert.ok(report, 'the failed run has no report');
    return { report, failure: error.cause, history: await handle.fetchHistory() };
  }
}

type HistoryEvent = NonNullable<History['events']>[number];
export type ScheduledActivity = NonNullable<HistoryEvent['activityTaskScheduledEventAttributes']>;

/** The activities scheduled by a run, in order. */
export function scheduledActivities({ events }: History, step?: StepName): ScheduledActivity[] {
  return (events ?? [])
    .flatMap((event) => event.activityTaskScheduledEventAttributes ?? [])
    .filter(({ activityType }) => step === undefined || activityType?.name === step);
}

export function durationMs({ startedAt, finishedAt }: RefreshReport): number {
  return Date.parse(finishedAt) - Date.parse(startedAt);
}

/** The time from the start of the run to the refresh of a store. */
export function refreshedAfterMs(report: RefreshReport, airflow: string): number {
  const row = report.stores.find((candidate) => candidate.store === airflow);
  return Date.parse(row?.lastRefreshedAt ?? '') - Date.parse(report.startedAt);
}

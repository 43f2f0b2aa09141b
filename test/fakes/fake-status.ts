// What `status` reads from Temporal: a schedule every 4 h, a live worker, and a last run that refreshed everything.
import { refreshedReport } from '../golden/sample-reports.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { ScheduleState } from '../../src/schedule/schedule-state.js';
import type { LastRun, StatusFacts } from '../../src/status/find-problems.js';
import type { RunInProgress, RunStep } from '../../src/schedule/run-in-progress.js';
import type { QueueWorkers } from '../../src/temporal/queue-workers.js';

/** 55 min after the run of `refreshedReport`. */
export const NOW = new Date('2026-01-01T01:00:30.000Z');
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

export function scheduleState(changes: Partial<ScheduleState> = {}): ScheduleState {
  return {
    id: 'ecr-refresh',
    paused: false,
    note: null,
    nextRunsAt: [1, 2, 3].map(
      (count) => new Date(Date.parse('2026-01-01T00:04:00.000Z') + count * 4 * HOUR_MS),
    ),
    everyMs: 4 * HOUR_MS,
    jitterMs: 5 * MINUTE_MS,
    longestGapMs: 4 * HOUR_MS,
    workflowType: 'refreshCredentials',
    taskQueue: 'ecr-refresh',
    executionTimeoutMs: 230 * MINUTE_MS,
    skipsOverlaps: true,
    ...changes,
  };
}

export function queueWorkers(changes: Partial<QueueWorkers> = {}): QueueWorkers {
  const identity = 'airflow-ecr-refresh/0.1.0@host#1';
  return {
    taskQueue: 'ecr-refresh',
    isAlive: true,
    hasAnswered: true,
    pollers: [{ identity, lastAccessAt: NOW, version: null }],
    currentVersion: null,
    ...changes,
  };
}

export function runInProgress(changes: Partial<RunInProgress> = {}): RunInProgress {
  return {
    workflowId: 'ecr-refresh-run-2026-01-01T04:04:00Z',
    runId: 'run-in-progress',
    startedAt: '2026-01-01T04:04:00.000Z',
    taskQueue: 'ecr-refresh',
    waitingForWorkerSince: null,
    failedWorkflowTasks: 0,
    isIdle: false,
    steps: [],
    progress: { stepsDone: 1, stepsInProgress: 0, storesDone: [] },
    report: null,
    ...changes,
  };
}

export function runStep(changes: Partial<RunStep> = {}): RunStep {
  return {
    step: 'inspectConnections',
    target: 'main',
    failedAttempts: 0,
    failingSince: null,
    failure: null,
    nextAttemptAt: null,
    ...changes,
  };
}

export function lastRun(report: RefreshReport): LastRun {
  const { runId, finishedAt: closedAt, outcome } = report;
  return { workflowId: 'ecr-refresh-run-2026-01-01T00:04:00Z', runId, closedAt, outcome, reason: null };
}

export async function statusFacts(changes: Partial<StatusFacts> = {}): Promise<StatusFacts> {
  const report = changes.report ?? (await refreshedReport());
  return {
    now: NOW,
    clockOffsetMs: 0,
    scheduleId: 'ecr-refresh',
    schedule: scheduleState(),
    workers: queueWorkers(),
    run: undefined,
    openRuns: [],
    lastRun: lastRun(report),
    report,
    ...changes,
  };
}

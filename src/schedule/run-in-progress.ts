// What a run in progress does now: Temporal's pending activities, and what the run itself reports by its query.
import { DefaultFailureConverter } from '@temporalio/common';
import { ApplicationFailure, TimeoutFailure, type Client } from '@temporalio/client';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';
import { describeFailure, parseFailure, type FailureInfo } from '../refresh/failures.js';
import type { RefreshReport } from '../refresh/report.js';
import { parseProgress, PROGRESS_QUERY, type RunProgress } from '../refresh/run-progress.js';
import { payloadConverter } from '../temporal/payload-converter.js';
import type { Run } from './find-runs.js';

/** A live worker answers within 0.1 s. Without one the server waits for as long as it may. */
const QUERY_LIMIT_MS = 5_000;
/** A live worker takes a task within a second. */
const TAKEN_AFTER_MS = 10_000;
const MAX_STEPS = 100;

const { PENDING_ACTIVITY_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingActivityState;
const { PENDING_WORKFLOW_TASK_STATE_SCHEDULED } = proto.temporal.api.enums.v1.PendingWorkflowTaskState;

/** A step that is running or waits. */
export interface RunStep {
  readonly step: string;
  /** Names of the store, token group or engine concerned. */
  readonly target: string;
  /** Attempts that have ended without success. */
  readonly failedAttempts: number;
  /** ISO 8601, UTC; null before the first failure. */
  readonly failingSince: string | null;
  readonly failure: FailureInfo | null;
  /** Null while an attempt is running. */
  readonly nextAttemptAt: string | null;
}

export interface RunInProgress {
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly taskQueue: string;
  /** Since when a task of the run waits for a worker, where that is longer than usual. */
  readonly waitingForWorkerSince: string | null;
  /** Failed attempts of the run's own code, such as after an incompatible upgrade of the worker. */
  readonly failedWorkflowTasks: number;
  /** Whether no step is being attempted now. */
  readonly isIdle: boolean;
  /** Failing steps first; of long lists the first 100. */
  readonly steps: readonly RunStep[];
  /** Null when no worker reported it. */
  readonly progress: Pick<RunProgress, 'stepsDone' | 'stepsInProgress' | 'storesDone'> | null;
  /** What is done, and what failed for good; null when no worker reported it. */
  readonly report: RefreshReport | null;
}

/** Undefined when the run has ended in the meantime. */
export async function readRunInProgress(
  client: Client,
  { workflowId, runId, startedAt, taskQueue }: Run,
  now: Date,
): Promise<RunInProgress | undefined> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const [{ raw, status }, progress] = await Promise.all([handle.describe(), queryProgress(client, handle)]);
  if (status.name !== 'RUNNING') return undefined;
  const activities = (raw.pendingActivities ?? []).map(toPendingActivity);
  const task = raw.pendingWorkflowTask;
  const failedWorkflowTasks = Math.max(0, (task?.attempt ?? 1) - 1);
  const isTaskWaiting = task?.state === PENDING_WORKFLOW_TASK_STATE_SCHEDULED && failedWorkflowTasks === 0;
  const waiting = [
    ...(isTaskWaiting ? [optionalTsToDate(task.originalScheduledTime)] : []),
    // With a live worker they wait for a free slot of it.
    ...(progress ? [] : activities.filter(({ isScheduled }) => isScheduled)).map(
      ({ scheduledAt }) => scheduledAt,
    ),
  ].filter((time) => time !== undefined && now.getTime() - time.getTime() > TAKEN_AFTER_MS);
  const steps = mergeSteps(activities, progress, now);
  const [oldest] = waiting.map((time) => time?.toISOString() ?? '').sort(compare);
  return {
    workflowId,
    runId,
    startedAt: startedAt.toISOString(),
    taskQueue,
    waitingForWorkerSince: oldest ?? null,
    failedWorkflowTasks,
    isIdle: steps.every(({ nextAttemptAt }) => nextAttemptAt !== null),
    steps: steps.slice(0, MAX_STEPS),
    progress: progress ?? null,
    report: progress?.report ?? null,
  };
}

async function queryProgress(
  client: Client,
  handle: { query: (name: string) => Promise<unknown> },
): Promise<RunProgress | undefined> {
  try {
    const deadline = Date.now() + QUERY_LIMIT_MS;
    return parseProgress(await client.withDeadline(deadline, () => handle.query(PROGRESS_QUERY)));
  } catch {
    // No worker is alive, or the run has not begun: what Temporal itself knows is shown then.
    return undefined;
  }
}

interface PendingActivity {
  readonly id: string;
  readonly type: string;
  readonly attempt: number;
  readonly isScheduled: boolean;
  /** When the next attempt may start, or could have started. */
  readonly scheduledAt: Date | undefined;
  readonly failure: FailureInfo | undefined;
}

function toPendingActivity(info: proto.temporal.api.workflow.v1.IPendingActivityInfo): PendingActivity {
  const type = info.activityType?.name ?? '';
  return {
    id: info.activityId ?? '',
    type,
    attempt: info.attempt ?? 1,
    isScheduled: info.state === PENDING_ACTIVITY_STATE_SCHEDULED,
    scheduledAt: optionalTsToDate(info.nextAttemptScheduleTime ?? info.scheduledTime),
    failure: info.lastFailure ? toFailure(info.lastFailure, type) : undefined,
  };
}

function toFailure(failure: proto.temporal.api.failure.v1.IFailure, activityType: string): FailureInfo {
  const error = new DefaultFailureConverter().failureToError(failure, payloadConverter);
  const known =
    error instanceof ApplicationFailure
      ? parseFailure(error.type ?? '', error.message, error.details?.[0])
      : undefined;
  if (known) return known;
  if (error instanceof TimeoutFailure) {
    return describeFailure('AttemptTimedOut', `${activityType} timed out (${error.timeoutType}).`);
  }
  return describeFailure('Unexpected', `${activityType} failed with an unknown error type.`);
}

/** Attempts of Temporal's own retries are known to Temporal alone, what came before to the run alone. */
function mergeSteps(
  activities: readonly PendingActivity[],
  progress: RunProgress | undefined,
  now: Date,
): RunStep[] {
  const byId = new Map(progress?.steps.map((step) => [step.activityId, step]));
  const running = activities.map(({ id, type, attempt, isScheduled, scheduledAt, failure }): RunStep => {
    const reported = byId.get(id);
    const isWaiting = isScheduled && attempt > 1 && scheduledAt !== undefined && scheduledAt > now;
    return {
      step: type,
      target: reported?.target ?? id.replace(/^\w+(: )?/, ''),
      failedAttempts: (reported?.attempts ?? 0) + attempt - 1,
      failingSince: reported?.failingSince ?? null,
      failure: failure ?? reported?.failure ?? null,
      nextAttemptAt: isWaiting ? scheduledAt.toISOString() : null,
    };
  });
  const waiting = (progress?.steps ?? [])
    .filter(({ activityId }) => activityId === null)
    .map(({ step, target, attempts, failingSince, nextAttemptAt, failure }): RunStep => ({
      step,
      target,
      failedAttempts: attempts,
      failingSince,
      failure,
      nextAttemptAt,
    }));
  return [...running, ...waiting].sort(
    (a, b) => b.failedAttempts - a.failedAttempts || compare(a.target, b.target),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

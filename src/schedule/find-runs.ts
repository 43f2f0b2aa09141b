// The runs that a schedule has started, also those of a schedule that was deleted.
import type { Client, ScheduleDescription } from '@temporalio/client';
import { findGrpcStatus } from '../temporal/grpc-status.js';
import { optionalTsToDate } from '@temporalio/common/lib/time.js';
import { status } from '@grpc/grpc-js';

/** Older runs say nothing about what connections hold: they are days old. */
const MAX_RUNS = 20;
/** Of a run that ended before a worker took it: its start, its first task, its end. */
const UNTAKEN_EVENTS = 3;

export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  /** Temporal's name: `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TERMINATED`, `TIMED_OUT`, … */
  readonly status: string;
  readonly startedAt: Date;
  /** Undefined while the run is in progress. */
  readonly closedAt: Date | undefined;
  /** Whether a worker has ever worked on it. */
  readonly wasTaken: boolean;
}

export interface RunIds {
  readonly workflowId: string;
  readonly runId: string;
}

/** A run as Temporal describes it. */
export interface RunInfo extends Run {
  /** When Temporal ends the run if it has not ended; undefined: never. */
  readonly endsAt: Date | undefined;
}

/**
 * The newest runs, the newest first. Temporal's list may be some seconds late, so that runs which the schedule names are
 * looked up as well.
 * @param description undefined when there is no schedule
 */
export async function findRuns(
  client: Client,
  scheduleId: string,
  description: ScheduleDescription | undefined,
): Promise<Run[]> {
  const listed = await listRuns(client, scheduleId);
  const known = new Set(listed.map(({ runId }) => runId));
  const named = description ? startedRuns(description).filter(({ runId }) => !known.has(runId)) : [];
  const late = await Promise.all(named.map((run) => describeRun(client, run)));
  return [...listed, ...late.filter((run) => run !== undefined)].sort(
    (a, b) => b.startedAt.getTime() - a.startedAt.getTime(),
  );
}

/**
 * The runs of a schedule that are in progress, the newest first; also runs that a deleted schedule with this id has left,
 * which the present one does not know.
 * @param description undefined when there is no schedule
 */
export async function findRunsInProgress(
  client: Client,
  scheduleId: string,
  description: ScheduleDescription | undefined,
): Promise<RunInfo[]> {
  const listed = await listRuns(client, scheduleId, ' AND ExecutionStatus = "Running"');
  const known = new Set(listed.map(({ runId }) => runId));
  const named = (description ? runningRuns(description) : []).filter(({ runId }) => !known.has(runId));
  // The list may be late: a run in it may have ended.
  const runs = await Promise.all([...listed, ...named].map((run) => describeRun(client, run)));
  return runs
    .filter((run) => run !== undefined)
    .filter(({ closedAt }) => closedAt === undefined)
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
}

/** Those runs in progress that the schedule does not know, so that its overlap policy ignores them. */
export async function findLeftRuns(
  client: Client,
  scheduleId: string,
  description: ScheduleDescription | undefined,
): Promise<RunInfo[]> {
  const known = new Set((description ? runningRuns(description) : []).map(({ runId }) => runId));
  const runs = await findRunsInProgress(client, scheduleId, description);
  return runs.filter(({ runId }) => !known.has(runId));
}

/** Recent runs of the schedule, the oldest first; Temporal keeps about ten. */
export function startedRuns(description: ScheduleDescription): RunIds[] {
  return description.info.recentActions.map(({ action }) => toIds(action.workflow));
}

/** The runs in progress that the schedule knows: those that it has started itself. */
export function runningRuns({ info }: Pick<ScheduleDescription, 'info'>): RunIds[] {
  return info.runningActions.map(({ workflow }) => toIds(workflow));
}

function toIds(workflow: { workflowId: string; firstExecutionRunId: string }): RunIds {
  return { workflowId: workflow.workflowId, runId: workflow.firstExecutionRunId };
}

/** The runs that have ended, the newest end first. */
export function findClosedRuns(runs: readonly Run[]): Run[] {
  const toTime = ({ closedAt }: Run): number => closedAt?.getTime() ?? 0;
  return runs.filter(({ closedAt }) => closedAt !== undefined).sort((a, b) => toTime(b) - toTime(a));
}

/** Empty where the list cannot be read: the schedule itself names about ten runs. */
async function listRuns(client: Client, scheduleId: string, condition = ''): Promise<Run[]> {
  const query = `TemporalScheduledById = "${scheduleId.replaceAll(/[\\"]/g, '\\$&')}"${condition}`;
  const runs: Run[] = [];
  try {
    for await (const info of client.workflow.list({ query, pageSize: MAX_RUNS })) {
      runs.push(toRun(info));
      if (runs.length === MAX_RUNS) break;
    }
  } catch (error) {
    if (!isUnavailableCall(error)) throw error;
  }
  return runs;
}

/** Undefined when Temporal no longer retains the run. */
export async function describeRun(
  client: Client,
  { workflowId, runId }: RunIds,
): Promise<RunInfo | undefined> {
  try {
    const description = await client.workflow.getHandle(workflowId, runId).describe();
    const { executionExpirationTime, runExpirationTime } = description.raw.workflowExtendedInfo ?? {};
    return {
      ...toRun(description),
      endsAt: optionalTsToDate(executionExpirationTime) ?? optionalTsToDate(runExpirationTime),
    };
  } catch (error) {
    if (error instanceof Error && error.name === 'WorkflowNotFoundError') return undefined;
    throw error;
  }
}

function toRun(info: {
  workflowId: string;
  runId: string;
  taskQueue: string;
  status: { name: string };
  startTime: Date;
  closeTime?: Date;
  historyLength?: number;
}): Run {
  const { workflowId, runId, taskQueue, startTime, closeTime, historyLength = Infinity } = info;
  return {
    workflowId,
    runId,
    taskQueue,
    status: info.status.name,
    startedAt: startTime,
    closedAt: closeTime,
    wasTaken: historyLength > UNTAKEN_EVENTS,
  };
}

/** Not allowed, or not known to this server. */
function isUnavailableCall(error: unknown): boolean {
  const code = findGrpcStatus(error);
  return code === status.PERMISSION_DENIED || code === status.UNIMPLEMENTED;
}

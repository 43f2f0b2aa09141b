// The runs that a schedule has started, also those of a schedule that was deleted.
import { isGrpcServiceError, type Client, type ScheduleDescription } from '@temporalio/client';
import { status } from '@grpc/grpc-js';
import { startedRuns } from '../schedule/trigger-run.js';

/** Older runs say nothing about what connections hold: they are days old. */
const MAX_RUNS = 20;

export interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly taskQueue: string;
  /** Temporal's name: `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED`, `TERMINATED`, `TIMED_OUT`, … */
  readonly status: string;
  readonly startedAt: Date;
  /** Undefined while the run is in progress. */
  readonly closedAt: Date | undefined;
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

/** Empty where the list cannot be read: the schedule itself names about ten runs. */
async function listRuns(client: Client, scheduleId: string): Promise<Run[]> {
  const query = `TemporalScheduledById = "${scheduleId.replaceAll(/[\\"]/g, '\\$&')}"`;
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

async function describeRun(
  client: Client,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<Run | undefined> {
  try {
    return toRun(await client.workflow.getHandle(workflowId, runId).describe());
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
}): Run {
  const { workflowId, runId, taskQueue, startTime, closeTime } = info;
  return {
    workflowId,
    runId,
    taskQueue,
    status: info.status.name,
    startedAt: startTime,
    closedAt: closeTime,
  };
}

/** Not allowed, or not known to this server. */
function isUnavailableCall(error: unknown): boolean {
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(cause) && [status.PERMISSION_DENIED, status.UNIMPLEMENTED].includes(cause.code);
}

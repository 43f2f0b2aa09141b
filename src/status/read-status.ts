// Reads from Temporal what `status` shows: the schedule, the workers, the run in progress and the last report.
import type { Client, ScheduleDescription } from '@temporalio/client';
import { describeOrUndefined } from '../schedule/apply-schedule.js';
import { describeRun, findClosedRuns, findRuns, type Run } from '../schedule/find-runs.js';
import { waitForReport } from '../schedule/run-report.js';
import { toScheduleState } from '../schedule/schedule-state.js';
import { readQueueWorkers } from '../temporal/queue-workers.js';
import { estimateClockOffsetMs } from './clock.js';
import { type LastRun, type StatusFacts, type StatusLimits } from './find-problems.js';
import { readRunInProgress } from '../schedule/run-in-progress.js';
import { toStatus, type RefreshStatus } from './status.js';

/** Runs without a report, such as terminated ones, are looked behind, but not forever. */
const MAX_REPORTS = 10;

export interface StatusRequest {
  readonly scheduleId: string;
  /** Where there is neither schedule nor run to name it. */
  readonly taskQueue: string;
}

export async function readStatus(
  client: Client,
  { scheduleId, taskQueue }: StatusRequest,
  limits: StatusLimits,
): Promise<RefreshStatus> {
  const description = await describeOrUndefined(client.schedule.getHandle(scheduleId));
  const schedule = description && toScheduleState(description);
  const runs = await readRuns(client, scheduleId, description);
  const closed = findClosedRuns(runs);
  const open = runs.filter((run) => run.closedAt === undefined);
  const queue = schedule?.taskQueue ?? runs[0]?.taskQueue ?? taskQueue;
  const localNow = new Date();
  const [workers, last] = await Promise.all([
    readQueueWorkers(
      client,
      queue,
      closed.find(({ wasTaken }) => wasTaken),
    ),
    readLastReport(client, closed),
  ]);
  const offsetMs = estimateClockOffsetMs(localNow, { workers, runs });
  const now = new Date(Date.now() + offsetMs);
  const run = open[0] && (await readRunInProgress(client, open[0], now));
  const openRuns = open.map(({ runId }) => runId);
  const facts = { now, clockOffsetMs: offsetMs, scheduleId, schedule, workers, run, openRuns, ...last };
  return toStatus(facts, limits);
}

/** Temporal's list may be late: each run that is in progress by the list is looked up. */
async function readRuns(
  client: Client,
  scheduleId: string,
  description: ScheduleDescription | undefined,
): Promise<Run[]> {
  const runs = await findRuns(client, scheduleId, description);
  const current = await Promise.all(
    runs.map(async (run) => (run.closedAt === undefined ? describeRun(client, run) : run)),
  );
  return current.filter((run) => run !== undefined);
}

/** @param closed the newest first */
async function readLastReport(
  client: Client,
  closed: readonly Run[],
): Promise<Pick<StatusFacts, 'lastRun' | 'report'>> {
  let lastRun: LastRun | undefined;
  for (const { workflowId, runId, closedAt } of closed.slice(0, MAX_REPORTS)) {
    const result = await waitForReport(client, workflowId, runId);
    lastRun ??= {
      workflowId,
      runId,
      closedAt: closedAt?.toISOString() ?? '',
      outcome: result.report?.outcome ?? 'no report',
      reason: result.report ? null : result.why,
    };
    if (result.report) return { lastRun, report: result.report };
  }
  return { lastRun, report: undefined };
}

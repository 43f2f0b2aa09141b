// Reads the schedule, and the report of the last run that has one.
import type { Client } from '@temporalio/client';
import type { RefreshReport } from '../refresh/report.js';
import { describeOrUndefined } from '../schedule/apply-schedule.js';
import { reportIfEnded } from '../schedule/run-report.js';
import { startedRuns } from '../schedule/trigger-run.js';

export interface RefreshStatus {
  readonly scheduleId: string;
  /** False if `schedule apply` was not run here, or the schedule was deleted. */
  readonly exists: boolean;
  readonly paused: boolean;
  readonly note: string | null;
  /** ISO 8601, UTC; null while paused, or without a schedule. */
  readonly nextRunAt: string | null;
  /** Whether a run is in progress. */
  readonly running: boolean;
  /** Why the last completed run has no report; null if it has one. */
  readonly lastRunWithoutReport: string | null;
  readonly report: RefreshReport | null;
}

export async function readStatus(client: Client, scheduleId: string): Promise<RefreshStatus> {
  const description = await describeOrUndefined(client.schedule.getHandle(scheduleId));
  if (!description) return { ...NO_SCHEDULE, scheduleId };
  const last = await readLastReport(client, startedRuns(description).toReversed());
  const { state, info } = description;
  return {
    scheduleId,
    exists: true,
    paused: state.paused,
    note: state.note || null,
    nextRunAt: (!state.paused && info.nextActionTimes[0]?.toISOString()) || null,
    running: info.runningActions.length > 0,
    ...last,
  };
}

const NO_SCHEDULE = {
  exists: false,
  paused: false,
  note: null,
  nextRunAt: null,
  running: false,
  lastRunWithoutReport: null,
  report: null,
} as const;

/** @param runs the newest first */
async function readLastReport(
  client: Client,
  runs: readonly { workflowId: string; runId: string }[],
): Promise<Pick<RefreshStatus, 'report' | 'lastRunWithoutReport'>> {
  let lastRunWithoutReport: string | null = null;
  for (const { workflowId, runId } of runs) {
    const end = await reportIfEnded(client, workflowId, runId);
    if (end?.report) return { report: end.report, lastRunWithoutReport };
    if (end && lastRunWithoutReport === null) lastRunWithoutReport = end.why;
  }
  return { report: null, lastRunWithoutReport };
}

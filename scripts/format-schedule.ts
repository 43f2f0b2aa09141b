// What `schedule describe` prints: the schedule as it is in Temporal, whatever the configuration says.
import type { ScheduleDescription } from '@temporalio/client';
import type { Problem } from '../src/refresh/problem.js';
import type { RunIds } from '../src/schedule/find-runs.js';
import { describeState, findScheduleProblems, toScheduleState } from '../src/schedule/schedule-state.js';
import { formatTime } from '../src/refresh/format-time.js';

/** With the configuration, or why there was none. */
export type Comparison =
  { readonly differences: readonly string[]; readonly summary: string } | { readonly notCompared: string };

/** What `schedule describe --json` prints. */
export interface ScheduleDocument {
  readonly scheduleId: string;
  /** What lets tokens expire. */
  readonly problems: readonly Problem[];
  /** Whether the schedule matches the configuration; null when it was not compared. */
  readonly upToDate: boolean | null;
  readonly differences: readonly string[];
  /** Why it was not compared with the configuration; null when it was. */
  readonly notCompared: string | null;
  /** Of the configuration, which the schedule matches; null when it does not, or was not compared. */
  readonly summary: string | null;
  /** In one line: `every 4 h, jitter 5 min, task queue ecr-refresh`. */
  readonly inTemporal: string;
  readonly taskQueue: string;
  readonly workflowType: string;
  /** Null for calendars, to which Temporal compiles cron expressions. */
  readonly everyMs: number | null;
  readonly jitterMs: number;
  /** Null: Temporal never ends a run. */
  readonly executionTimeoutMs: number | null;
  readonly paused: boolean;
  readonly note: string | null;
  readonly runsStarted: number;
  readonly startsSkipped: number;
  readonly startsMissed: number;
  /** Runs in progress, also those that a deleted schedule with this id has left. */
  readonly running: readonly RunIds[];
  /** ISO 8601, UTC; none while paused. */
  readonly nextRunsAt: readonly string[];
}

export function toScheduleDocument(
  description: ScheduleDescription,
  running: readonly RunIds[],
  comparison: Comparison,
): ScheduleDocument {
  const { info } = description;
  const state = toScheduleState(description);
  const { id, taskQueue, workflowType, jitterMs, paused, note } = state;
  const differences = 'differences' in comparison ? comparison.differences : [];
  const isCompared = 'differences' in comparison;
  return {
    scheduleId: id,
    problems: findScheduleProblems(id, state),
    upToDate: isCompared ? differences.length === 0 : null,
    differences,
    notCompared: isCompared ? null : comparison.notCompared,
    summary: isCompared && differences.length === 0 ? comparison.summary : null,
    inTemporal: describeState(state),
    taskQueue,
    workflowType,
    everyMs: state.everyMs ?? null,
    jitterMs,
    executionTimeoutMs: state.executionTimeoutMs ?? null,
    paused,
    note,
    runsStarted: info.numActionsTaken,
    startsSkipped: info.numActionsSkippedOverlap,
    startsMissed: info.numActionsMissedCatchupWindow,
    running: running.map(({ workflowId, runId }) => ({ workflowId, runId })),
    nextRunsAt: state.nextRunsAt.map((time) => time.toISOString()),
  };
}

export function formatSchedule(document: ScheduleDocument): string {
  const { scheduleId, inTemporal, paused, note, problems, running } = document;
  const lines = [`Schedule ${scheduleId}: ${inTemporal}.`];
  if (paused) {
    const why = note === null ? '' : ` (${note})`;
    lines.push(`PAUSED${why}: no runs start; tokens will expire. Run \`schedule unpause\`.`);
  } else {
    lines.push(...problems.map(({ message, remedy }) => `PROBLEM: it ${message}. ${remedy}`));
  }
  lines.push(describeComparison(document));
  lines.push(
    `Runs started: ${document.runsStarted}; skipped (already running): ${document.startsSkipped}; ` +
      `missed: ${document.startsMissed}.`,
    ...running.map(({ workflowId, runId }) => `In progress: workflow ${workflowId}, run ${runId}.`),
    `Next runs: ${
      document.nextRunsAt
        .slice(0, 3)
        .map((time) => formatTime(time))
        .join(', ') || 'none'
    }.`,
  );
  return lines.join('\n');
}

function describeComparison({ summary, differences, notCompared }: ScheduleDocument): string {
  if (notCompared !== null) return `It was not compared with the configuration: ${notCompared}.`;
  if (summary !== null) return `It matches the configuration: ${summary}.`;
  return `It differs from the configuration: ${differences.join('; ')}. Run \`schedule apply\`.`;
}

import type { ScheduleDescription } from '@temporalio/client';
import { describeSchedule, type ScheduleSettings } from '../src/refresh/schedule-margins.js';
import type { ApplyOutcome } from '../src/schedule/apply-schedule.js';
import type { TriggeredRun } from '../src/schedule/trigger-run.js';
import { formatTime } from './format-report.js';
import { ECR_TOKEN_LIFE_MS } from '../src/refresh/token.js';

/** What `schedule apply --json` prints. */
export interface ApplyDocument {
  readonly scheduleId: string;
  readonly outcome: ApplyOutcome;
  readonly summary: string;
  /** Null unless the schedule was created and its first run has started. */
  readonly firstRun: TriggeredRun | null;
}

/** What `schedule describe --json` prints. */
export interface ScheduleDocument {
  readonly scheduleId: string;
  /** Whether the schedule matches the configuration. */
  readonly upToDate: boolean;
  readonly paused: boolean;
  readonly note: string | null;
  readonly runsStarted: number;
  readonly startsSkipped: number;
  readonly startsMissed: number;
  readonly running: readonly { readonly workflowId: string; readonly firstExecutionRunId: string }[];
  /** ISO 8601, UTC; none while paused. */
  readonly nextRunsAt: readonly string[];
}

export function formatApplied({ scheduleId, outcome, summary, firstRun }: ApplyDocument): string {
  const words: Record<ApplyOutcome, string> = {
    created: `Schedule ${scheduleId} created; its first run ${firstRun ? `is ${firstRun.runId}` : 'has not started yet'}.`,
    updated: `Schedule ${scheduleId} updated.`,
    unchanged: `Schedule ${scheduleId} is up to date; not changed.`,
  };
  return `${words[outcome]}\nRuns ${summary}.`;
}

export function toScheduleDocument(
  scheduleId: string,
  { state, info }: Pick<ScheduleDescription, 'state' | 'info'>,
  upToDate: boolean,
): ScheduleDocument {
  return {
    scheduleId,
    upToDate,
    paused: state.paused,
    note: state.note || null,
    runsStarted: info.numActionsTaken,
    startsSkipped: info.numActionsSkippedOverlap,
    startsMissed: info.numActionsMissedCatchupWindow,
    running: info.runningActions.map(({ workflow }) => workflow),
    // Temporal lists these for a paused schedule as well.
    nextRunsAt: state.paused ? [] : info.nextActionTimes.map((time) => time.toISOString()),
  };
}

export function formatSchedule(document: ScheduleDocument, settings: ScheduleSettings): string {
  const lines = [`Schedule ${document.scheduleId}: ${describeSchedule(settings, ECR_TOKEN_LIFE_MS)}.`];
  if (!document.upToDate) lines.push('It differs from the configuration: run `schedule apply`.');
  if (document.paused)
    lines.push(`PAUSED${document.note ? ` (${document.note})` : ''}: no runs start; tokens will expire.`);
  lines.push(
    `Runs started: ${document.runsStarted}; skipped (already running): ${document.startsSkipped}; ` +
      `missed: ${document.startsMissed}; in progress: ${document.running.length}.`,
    `Next runs: ${document.nextRunsAt.slice(0, 3).map(formatTime).join(', ') || 'none'}.`,
  );
  return lines.join('\n');
}

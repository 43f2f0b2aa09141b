// What `status` reports, made from what was read from Temporal.
import type { Problem } from '../refresh/problem.js';
import type { RefreshReport, StoreReport } from '../refresh/report.js';
import { formatDuration } from '../refresh/schedule-margins.js';
import type { ScheduleState } from '../schedule/schedule-state.js';
import { isRecent, type QueueWorkers } from '../temporal/queue-workers.js';
import {
  findProblems,
  listRows,
  type LastRun,
  type StatusFacts,
  type StatusLimits,
} from './find-problems.js';
import type { RunInProgress } from '../schedule/run-in-progress.js';

/** What `status --json` prints. */
export interface RefreshStatus {
  readonly outcome: 'ok' | 'failing';
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
  /** By Temporal's clock. ISO 8601, UTC, as all times here. */
  readonly checkedAt: string;
  readonly schedule: {
    readonly id: string;
    /** False: `schedule apply` has not been run, or the schedule was deleted. */
    readonly exists: boolean;
    readonly paused: boolean;
    readonly note: string | null;
    readonly nextRunAt: string | null;
  };
  readonly workers: {
    readonly taskQueue: string;
    readonly alive: boolean;
    /** Of those seen within two minutes. */
    readonly identities: readonly string[];
  };
  readonly run: RunInProgress | null;
  readonly lastRun: LastRun | null;
  /** What the connections hold now, by store and registry. */
  readonly stores: readonly StoreReport[];
  /** Of the newest closed run that left one. */
  readonly report: RefreshReport | null;
}

export function toStatus(facts: StatusFacts, limits: StatusLimits): RefreshStatus {
  const { now, scheduleId, schedule, workers, run, lastRun, report } = facts;
  const problems = findProblems(facts, limits);
  return {
    outcome: problems.length === 0 ? 'ok' : 'failing',
    problems,
    warnings: listWarnings(facts),
    checkedAt: now.toISOString(),
    schedule: toScheduleSummary(scheduleId, schedule),
    workers: toWorkersSummary(workers, now),
    run: run ?? null,
    lastRun: lastRun ?? null,
    stores: listRows(facts),
    report: report ?? null,
  };
}

function toScheduleSummary(id: string, schedule: ScheduleState | undefined): RefreshStatus['schedule'] {
  return {
    id,
    exists: schedule !== undefined,
    paused: schedule?.paused ?? false,
    note: schedule?.note ?? null,
    nextRunAt: schedule?.nextRunsAt[0]?.toISOString() ?? null,
  };
}

function toWorkersSummary(workers: QueueWorkers, now: Date): RefreshStatus['workers'] {
  const { taskQueue, isAlive, pollers } = workers;
  const recent = pollers.filter((poller) => isRecent(poller, now)).map(({ identity }) => identity);
  return { taskQueue, alive: isAlive, identities: [...new Set(recent)] };
}

function listWarnings({ openRuns, clockOffsetMs: offsetMs, schedule }: StatusFacts): string[] {
  const warnings: string[] = [];
  if (schedule && !schedule.skipsOverlaps) {
    warnings.push(
      'The schedule may start a run while another is in progress: run `schedule apply` to restore it.',
    );
  }
  if (offsetMs !== 0) {
    const side = offsetMs > 0 ? 'behind' : 'ahead of';
    warnings.push(
      `The clock of this machine is ${formatDuration(Math.abs(offsetMs))} ${side} Temporal's. Times are computed with ` +
        "Temporal's clock. Synchronize the clock of this machine (NTP).",
    );
  }
  if (openRuns.length > 1) {
    const ids = openRuns.join(', ');
    warnings.push(`${openRuns.length} runs are in progress at once (${ids}); the newest is shown.`);
  }
  return warnings;
}

// What `schedule apply`, `pause`, `unpause` and `delete` print.
import type { ApplyOutcome } from '../src/schedule/apply-schedule.js';
import type { RunIds } from '../src/schedule/find-runs.js';
import type { TriggeredRun } from '../src/schedule/trigger-run.js';
import { formatTime } from '../src/refresh/format-time.js';

/** What `schedule apply --json` prints. */
export interface ApplyDocument {
  readonly scheduleId: string;
  readonly outcome: ApplyOutcome;
  readonly summary: string;
  /** The first run of a new schedule, or the one that a deleted schedule has left. Null unless the schedule was created. */
  readonly firstRun: TriggeredRun | null;
  readonly paused: boolean;
  /** ISO 8601, UTC; null while paused. */
  readonly nextRunAt: string | null;
}

/** What `schedule pause`, `unpause` and `delete` print with --json. */
export interface ChangeDocument {
  readonly scheduleId: string;
  readonly outcome: 'paused' | 'unpaused' | 'deleted';
  /** Runs in progress, which continue. */
  readonly running: readonly RunIds[];
  /** ISO 8601, UTC; null unless the schedule was unpaused. */
  readonly nextRunAt: string | null;
}

export function formatApplied(document: ApplyDocument): string {
  const { scheduleId, outcome, summary, paused } = document;
  const words: Record<ApplyOutcome, string> = {
    created: `Schedule ${scheduleId} created${describeFirstRun(document)}`,
    updated: `Schedule ${scheduleId} updated.`,
    unchanged: `Schedule ${scheduleId} is up to date; not changed.`,
    replaced:
      `Schedule ${scheduleId} taken over from another deployment. A run in progress still refreshes the connections of ` +
      'that deployment; to end it and start another, run `schedule trigger --now`.',
  };
  const lines = [words[outcome], `Runs ${summary}.`];
  if (paused)
    lines.push('It is still paused: run `schedule unpause`. Until then no runs start; tokens will expire.');
  return lines.join('\n');
}

function describeFirstRun({ firstRun, nextRunAt }: ApplyDocument): string {
  if (!firstRun) return '; its first run has not started yet.';
  const { workflowId, runId, alreadyRunning } = firstRun;
  if (!alreadyRunning) return `; its first run is ${runId}.`;
  const next =
    nextRunAt === null ? '' : ` The first run of the new schedule starts ${formatTime(nextRunAt)}.`;
  return `.\nA run of the deleted schedule is still in progress: workflow ${workflowId}, run ${runId}.${next}`;
}

export function formatChanged({ scheduleId, outcome, running, nextRunAt }: ChangeDocument): string {
  const consequences: Record<ChangeDocument['outcome'], string> = {
    paused: 'No runs start until `schedule unpause`; tokens will expire.',
    unpaused: describeNext(nextRunAt),
    deleted: 'No more runs start; tokens will expire.',
  };
  const runs = running.map(
    ({ workflowId, runId }) => `A run is in progress and continues: workflow ${workflowId}, run ${runId}.`,
  );
  return [`Schedule ${scheduleId} ${outcome}. ${consequences[outcome]}`, ...runs].join('\n');
}

/** Temporal shows no times of a schedule that has come to its end. */
function describeNext(nextRunAt: string | null): string {
  if (nextRunAt === null) return 'It has no further runs: run `schedule apply`.';
  return `The next run starts ${formatTime(nextRunAt)}. To refresh now, run \`schedule trigger\`.`;
}

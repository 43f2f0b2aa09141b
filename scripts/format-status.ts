// How `status` looks in a terminal: first what is wrong, then what is.
import { formatTime } from '../src/refresh/format-time.js';
import type { Problem } from '../src/refresh/problem.js';
import { findReliableEnd, type FailureReport, type StoreReport } from '../src/refresh/report.js';
import { describeMissingProof, describeResult } from '../src/refresh/report-texts.js';
import { formatDuration } from '../src/refresh/schedule-margins.js';
import type { RefreshStatus } from '../src/status/status.js';
import type { RunInProgress, RunStep } from '../src/schedule/run-in-progress.js';
import { labelRemedy } from './format-checks.js';
import { table, terminalWidth } from './format-report.js';

export function formatStatus(status: RefreshStatus, width = terminalWidth()): string {
  const { problems, warnings, run } = status;
  return [
    describeOutcome(problems, run),
    ...problems.map(formatProblem),
    describeSchedule(status),
    storesTable(status, width),
    ...(run ? [describeRun(run)] : []),
    describeLastRun(status),
    ...(status.report?.warnings ?? []).concat(warnings).map((warning) => `Warning: ${warning}`),
  ]
    .filter((section) => section !== '')
    .join('\n\n');
}

function describeOutcome({ length }: readonly Problem[], run: RunInProgress | null | undefined): string {
  if (length > 0) return `FAILING: ${length} ${length === 1 ? 'problem' : 'problems'}.`;
  const isRetrying = run?.steps.some(({ failure }) => failure) === true;
  // A reader may stop at the first line.
  return `OK: no problems.${isRetrying ? ' The run in progress retries failed steps, see below.' : ''}`;
}

function formatProblem({ target, message, remedy, since }: Problem): string {
  const failing = since === undefined ? '' : `\n  Failing since ${formatTime(since)}.`;
  return `FAILED ${target}: ${message}\n  ${labelRemedy(remedy)}${failing}`;
}

function describeSchedule({ schedule, workers }: RefreshStatus): string {
  const next = schedule.paused
    ? 'paused'
    : schedule.nextRunAt === null
      ? 'none'
      : formatTime(schedule.nextRunAt);
  const { length } = workers.identities;
  const running = workers.alive
    ? `running${length > 0 ? ` (${workers.identities.join(', ')})` : ''}`
    : 'not running';
  return [`Schedule:  ${schedule.id}`, `Next run:  ${next}`, `Worker:    ${running}`].join('\n');
}

function storesTable({ stores, checkedAt, run, report }: RefreshStatus, width: number): string {
  const failures: FailureReport[] = [...(run?.report?.failures ?? []), ...(report?.failures ?? [])];
  return table(
    ['Airflow', 'registry', 'last refreshed', 'expires in', 'principal', 'result'],
    stores
      .toSorted(failedFirst)
      .map((row) => [
        row.store,
        row.registry,
        row.lastRefreshedAt === null ? 'never' : formatTime(row.lastRefreshedAt),
        formatExpiry(row, new Date(checkedAt)),
        row.principalArn ?? 'unknown',
        describeResult(row, failures),
      ]),
    width,
  );
}

/** There may be many rows, and an engineer on call looks for these. */
function failedFirst(a: StoreReport, b: StoreReport): number {
  return Number(isFailed(b)) - Number(isFailed(a));
}

function isFailed({ failed, refreshed }: StoreReport): boolean {
  return failed > 0 || refreshed === 0;
}

function formatExpiry(row: StoreReport, now: Date): string {
  const end = findReliableEnd(row);
  if (end === null) return '-';
  const leftMs = Date.parse(end) - now.getTime();
  return leftMs > 0 ? inMinutes(leftMs) : `EXPIRED ${inMinutes(-leftMs)} ago`;
}

/** Whole minutes: seconds do not matter next to hours. */
function inMinutes(ms: number): string {
  return formatDuration(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}

const MAX_STEPS = 10;

function describeRun({ runId, startedAt, progress, steps, waitingForWorkerSince }: RunInProgress): string {
  const counts = progress
    ? `; steps done: ${progress.stepsDone}, in progress: ${progress.stepsInProgress}`
    : '';
  const more = steps.length > MAX_STEPS ? [`  and ${steps.length - MAX_STEPS} more steps`] : [];
  return [
    `Run in progress: ${runId}, started ${formatTime(startedAt)}${counts}.`,
    ...(waitingForWorkerSince
      ? [`  No worker has taken it since ${formatTime(waitingForWorkerSince)}.`]
      : []),
    ...steps.slice(0, MAX_STEPS).map(describeStep),
    ...more,
  ].join('\n');
}

function describeStep({
  step,
  target,
  failedAttempts,
  failure,
  failingSince,
  nextAttemptAt,
}: RunStep): string {
  const name = `  ${step} ${target}`.trimEnd();
  if (!failure) return `${name}: attempt ${failedAttempts + 1} in progress`;
  const since = failingSince ? `, failing since ${formatTime(failingSince)}` : '';
  const next = nextAttemptAt ? `next attempt ${formatTime(nextAttemptAt)}` : 'attempt in progress';
  return (
    `${name}: ${failedAttempts} failed ${failedAttempts === 1 ? 'attempt' : 'attempts'}${since}; ${next}\n` +
    `    ${failure.type}: ${failure.message}\n    ${labelRemedy(failure.remedy)}`
  );
}

function describeLastRun({ lastRun, report }: RefreshStatus): string {
  if (!lastRun) return 'No run has finished yet.';
  const missing = lastRun.outcome === 'refreshed' && report ? describeMissingProof(report) : undefined;
  const why = lastRun.reason === null ? '' : ` (${lastRun.reason})`;
  const but = missing === undefined ? '' : `, but ${missing}`;
  return `Last run: ${lastRun.outcome}${why}, finished ${formatTime(lastRun.closedAt)}${but}.`;
}

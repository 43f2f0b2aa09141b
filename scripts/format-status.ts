import type { StoreReport, RefreshReport } from '../src/refresh/report.js';
import { formatDuration } from '../src/refresh/schedule-margins.js';
import type { RefreshStatus } from '../src/status/read-status.js';
import { formatFailure, formatTime, table, terminalWidth } from './format-report.js';

export function formatStatus(status: RefreshStatus, now: Date, width = terminalWidth()): string {
  if (!status.exists)
    return `Schedule ${status.scheduleId} does not exist. Create it with \`schedule apply\`.`;
  const lines = [
    status.paused
      ? `Schedule ${status.scheduleId} is PAUSED${status.note ? ` (${status.note})` : ''}: no runs start.`
      : `Next run: ${formatTime(status.nextRunAt)}.`,
  ];
  if (status.running) lines.push('A run is in progress.');
  if (status.lastRunWithoutReport) lines.push(`The last run has no report: ${status.lastRunWithoutReport}.`);
  if (!status.report) return [...lines, 'No run has completed with a report yet.'].join('\n');
  return [...lines, ...formatLastRun(status.report, now, width)].join('\n');
}

function formatLastRun(report: RefreshReport, now: Date, width: number): string[] {
  return [
    `Last run: ${report.outcome}, ended ${formatTime(report.finishedAt)}.`,
    '',
    table(
      ['airflow', 'registry', 'refreshed at', 'expires in', 'principal', 'result'],
      report.stores
        .toSorted(failedFirst)
        .map((row) => [
          row.store,
          row.registry,
          formatTime(row.lastRefreshedAt),
          formatExpiry(row, now),
          row.principalArn ?? '(unknown)',
          row.failed === 0 && row.refreshed > 0
            ? `refreshed ${row.refreshed}`
            : `${row.failed} FAILED, ${row.refreshed} refreshed: see below`,
        ]),
      width,
    ),
    ...report.failures.map((failure) => `\n${formatFailure(failure)}`),
    ...report.warnings.map((warning) => `\nWarning: ${warning}`),
  ];
}

/** Rows with failures come first: they are easy to miss among many rows. */
function failedFirst(a: StoreReport, b: StoreReport): number {
  return Number(b.failed > 0) - Number(a.failed > 0);
}

/** Shows the end of the AWS session first if it is before the end of the token: the token may not work after it. */
function formatExpiry({ expiresAt, usableUntil }: StoreReport, now: Date): string {
  if (expiresAt === null) return 'never refreshed';
  const leftMs = (iso: string): number => new Date(iso).getTime() - now.getTime();
  const expiry =
    leftMs(expiresAt) > 0 ? inMinutes(leftMs(expiresAt)) : `EXPIRED ${inMinutes(-leftMs(expiresAt))} ago`;
  if (!usableUntil || usableUntil >= expiresAt || leftMs(expiresAt) <= 0) return expiry;
  return leftMs(usableUntil) > 0
    ? `${inMinutes(leftMs(usableUntil))} (AWS session; token: ${expiry})`
    : `AWS session ENDED ${inMinutes(-leftMs(usableUntil))} ago (token: ${expiry})`;
}

/** Rounds down to whole minutes, except below one minute. */
function inMinutes(ms: number): string {
  return formatDuration(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}

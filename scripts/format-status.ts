// Owns how `status` looks in a terminal.
import type { StoreReport, RefreshReport } from '../src/refresh/report.js';
import { formatDuration } from '../src/refresh/schedule-margins.js';
import type { RefreshStatus } from '../src/status/read-status.js';
import { formatFailure, formatTime, table, terminalWidth } from './format-report.js';

export function formatStatus(status: RefreshStatus, now: Date, width = terminalWidth()): string {
  if (!status.exists) return `There is no schedule ${status.scheduleId}. Create it by \`schedule apply\`.`;
  const lines = [
    status.paused
      ? `Schedule ${status.scheduleId} is PAUSED${status.note ? ` (${status.note})` : ''}: no runs start.`
      : `Next run: ${formatTime(status.nextRunAt)}.`,
  ];
  if (status.running) lines.push('A run is under way.');
  if (status.lastRunWithoutReport)
    lines.push(`The newest run left no report: ${status.lastRunWithoutReport}.`);
  if (!status.report) return [...lines, 'No run has reported yet.'].join('\n');
  return [...lines, ...formatLastRun(status.report, now, width)].join('\n');
}

function formatLastRun(report: RefreshReport, now: Date, width: number): string[] {
  return [
    `Last run: ${report.outcome}, ended ${formatTime(report.finishedAt)}.`,
    '',
    table(
      ['airflow', 'registry', 'refreshed at', 'expires in', 'issued to', 'last outcome'],
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

/** There may be many rows, and whoever looks at night looks for these. */
function failedFirst(a: StoreReport, b: StoreReport): number {
  return Number(b.failed > 0) - Number(a.failed > 0);
}

/** Where the AWS session behind the token ends first, that comes first: the token may be of no use from then on. */
function formatExpiry({ expiresAt, usableUntil }: StoreReport, now: Date): string {
  if (expiresAt === null) return 'never refreshed';
  const leftMs = (iso: string): number => new Date(iso).getTime() - now.getTime();
  const expiry =
    leftMs(expiresAt) > 0 ? inMinutes(leftMs(expiresAt)) : `EXPIRED ${inMinutes(-leftMs(expiresAt))} ago`;
  if (!usableUntil || usableUntil >= expiresAt || leftMs(expiresAt) <= 0) return expiry;
  return leftMs(usableUntil) > 0
    ? `${inMinutes(leftMs(usableUntil))} (its AWS session; the token: ${expiry})`
    : `its AWS session ENDED ${inMinutes(-leftMs(usableUntil))} ago (the token: ${expiry})`;
}

/** Whole minutes: seconds say nothing of hours. */
function inMinutes(ms: number): string {
  return formatDuration(ms < 60_000 ? ms : Math.floor(ms / 60_000) * 60_000);
}

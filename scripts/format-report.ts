import Table from 'cli-table3';
import type { FailureReport, RefreshReport, TokenReport } from '../src/refresh/report.js';
import { formatTime } from '../src/refresh/format-time.js';
import {
  describeConnections,
  describePlace,
  plural,
  toHeadline,
  describeResult,
} from '../src/refresh/report-texts.js';
import type { Preview } from '../src/refresh-once/refresh-once.js';
import { labelRemedy } from './format-checks.js';

export function formatReport(report: RefreshReport, width = terminalWidth()): string {
  return joinSections([
    toHeadline(report),
    table(
      ['Airflow', 'registry', 'result', 'last refreshed', 'token expires', 'fingerprint'],
      report.stores.map((row) => [
        row.store,
        row.registry,
        describeResult(row, report.failures),
        row.lastRefreshedAt === null ? 'never' : formatTime(row.lastRefreshedAt),
        row.expiresAt === null ? '-' : formatTime(row.expiresAt),
        row.fingerprint ?? '-',
      ]),
      width,
    ),
    tokensTable(report, width),
    dockerTable(report, width),
    ...report.failures.map((failure) => formatFailure(failure, report.startedAt)),
    ...report.warnings.map((warning) => `Warning: ${warning}`),
    report.configHash === null ? '' : `Configuration hash: ${report.configHash}`,
  ]);
}

export function formatPreview(preview: Preview, width = terminalWidth()): string {
  return joinSections([
    toPreviewHeadline(preview),
    table(
      ['Airflow', 'connection', 'action', 'registry', 'why'],
      preview.connections.map((row) => [
        row.store,
        row.connection,
        row.action === 'leave' ? 'skip' : row.action,
        row.registry ?? '-',
        row.remedy === null ? row.why : `${row.why} ${row.remedy}`,
      ]),
      width,
    ),
    tokensTable(preview, width),
    dockerTable(preview, width),
    ...preview.failures.map((failure) => formatFailure(failure, failure.failingSince)),
    ...preview.warnings.map((warning) => `Warning: ${warning}`),
  ]);
}

function toPreviewHeadline({ connections, failures }: Preview): string {
  const writes = connections.filter(({ action }) => action !== 'leave').length;
  const written = `${writes} of ${connections.length} connections would be written`;
  if (failures.length === 0) return `Dry run: ${written}. Nothing was changed.`;
  const found = connections.length === 0 ? 'no connection could be checked' : written;
  return `Dry run INCOMPLETE: ${found}; ${plural(failures.length, 'failure')} below. Nothing was changed.`;
}

/** Shows "Failing since" only when the failure began before the run that started at `startedAt`. */
export function formatFailure(failure: FailureReport, startedAt?: string): string {
  const { failingSince } = failure;
  const since =
    failingSince && failingSince !== startedAt ? `\n  Failing since ${formatTime(failingSince)}.` : '';
  // Failures of one type are one entry with the message of the first; the messages of the others can differ.
  const others =
    failure.stage === 'inspect' && failure.count > 1
      ? `\n  This is the first of ${failure.count} messages. Run \`doctor\` to see all.`
      : '';
  const message = `${failure.message}${others}\n  ${labelRemedy(failure.remedy)}${since}`;
  return `FAILED ${describePlace(failure)}: ${failure.type}${describeConnections(failure)}\n  ${message}`;
}

/** Where the width is unknown: pipes, containers, CI. */
const DEFAULT_WIDTH = 160;
const MIN_PROSE_WIDTH = 40;

export function terminalWidth(): number {
  return process.stdout.columns ?? DEFAULT_WIDTH;
}

/** A table if it fits the terminal, else one block of lines per row: a table with wrapped lines is unreadable. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  width = terminalWidth(),
): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => row.map(String));
  const widths = head.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const last = widths.at(-1) ?? 0;
  // Each column has two spaces and a border.
  const spare = width - 1 - 3 * head.length - widths.reduce((sum, each) => sum + each, -last);
  if (spare >= last) return drawTable(head, cells);
  const isProse = cells.some((row) => (row.at(-1) ?? '').split(' ').length > 8);
  if (!isProse || spare < MIN_PROSE_WIDTH) return cells.map((row) => block(head, row)).join('\n\n');
  return drawTable(head, cells, {
    wordWrap: true,
    colWidths: [...widths.slice(0, -1).map(() => null), spare + 2],
  });
}

function drawTable(
  head: readonly string[],
  rows: readonly string[][],
  options: Pick<Table.TableConstructorOptions, 'wordWrap' | 'colWidths'> = {},
): string {
  const drawn = new Table({ head: [...head], style: { head: [], border: [] }, ...options });
  drawn.push(...rows);
  return drawn.toString();
}

function block(head: readonly string[], row: readonly string[]): string {
  const width = Math.max(...head.map((title) => title.length));
  return head.map((title, at) => `${title.padEnd(width)}  ${row[at] ?? ''}`).join('\n');
}

function tokensTable(
  { tokens, failures }: Pick<RefreshReport, 'tokens' | 'failures'>,
  width: number,
): string {
  return table(
    ['fingerprint', 'region', 'principal', 'expires', 'registry check'],
    tokens.map((token) => [
      token.fingerprint,
      token.region,
      token.principalArn ?? 'unknown',
      token.usableUntil < token.expiresAt
        ? `${formatTime(token.expiresAt)}; AWS session ends ${formatTime(token.usableUntil)}`
        : formatTime(token.expiresAt),
      formatCheck(token, failures),
    ]),
    width,
  );
}

const MAX_NAMED_REGISTRIES = 3;

/** `check` is the worst result of all registries of the token. */
function formatCheck({ check, registries }: TokenReport, failures: readonly FailureReport[]): string {
  if (check === 'accepted' || registries.length < 2) return check;
  const rejecting = failures.filter(
    ({ type }) => type === 'TokenRejected' || type === 'RegistryRealmForeign',
  );
  const named = registries.filter((host) => rejecting.some(({ registry }) => registry === host));
  if (check !== 'rejected' || named.length === 0) return `${check} for at least one registry; see below`;
  const more = named.length > MAX_NAMED_REGISTRIES ? ', …' : '';
  return `rejected by ${named.slice(0, MAX_NAMED_REGISTRIES).join(', ')}${more}`;
}

function dockerTable({ docker }: Pick<RefreshReport, 'docker'>, width: number): string {
  return table(
    ['Docker Engine', 'version', 'registry', 'login'],
    docker.map((row) => [
      row.engine,
      row.version ?? '-',
      row.registry,
      row.login === 'none' ? 'not tested' : row.login,
    ]),
    width,
  );
}

function joinSections(sections: readonly string[]): string {
  return sections.filter((section) => section !== '').join('\n\n');
}

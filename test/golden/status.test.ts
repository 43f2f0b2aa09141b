import { formatJson } from '../../scripts/command-line.js';
import { formatStatus } from '../../scripts/format-status.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import type { RefreshStatus } from '../../src/status/read-status.js';
import { assertGolden } from './assert-golden.js';
import { incompleteReport, refreshedReport } from './sample-reports.js';

const WIDTH = 240;
const NOW = new Date('2026-01-01T05:00:30.000Z');
const STATUS: RefreshStatus = {
  scheduleId: 'ecr-refresh',
  exists: true,
  paused: false,
  note: null,
  nextRunAt: '2026-01-01T08:00:00.000Z',
  running: false,
  lastRunWithoutReport: null,
  report: null,
};

interface Situation {
  readonly title: string;
  readonly status: Partial<RefreshStatus>;
  readonly now?: Date;
}

async function listSituations(): Promise<Situation[]> {
  const report: RefreshReport = await refreshedReport();
  const never = report.stores.map((row) => ({
    ...row,
    refreshed: 0,
    failed: 1,
    expiresAt: null,
    lastRefreshedAt: null,
    principalArn: null,
  }));
  return [
    { title: 'no schedule', status: { exists: false, nextRunAt: null } },
    { title: 'no run yet', status: {} },
    { title: 'first run', status: { running: true } },
    { title: 'refreshed', status: { report } },
    { title: 'paused', status: { report, paused: true, nextRunAt: null, note: 'maintenance' } },
    { title: 'paused without a note', status: { report, paused: true, nextRunAt: null } },
    {
      title: 'incomplete, and the last run has no report',
      status: {
        report: await incompleteReport(),
        running: true,
        lastRunWithoutReport: 'it ended with TerminatedFailure',
      },
    },
    {
      title: 'AWS session ended',
      status: { report: await incompleteReport() },
      now: new Date('2026-01-01T07:00:00Z'),
    },
    { title: 'expired', status: { report }, now: new Date('2026-01-01T13:30:00Z') },
    { title: 'never refreshed', status: { report: { ...report, stores: never } } },
  ];
}

describe('status', () => {
  it('matches its golden files in each situation', async () => {
    const texts = (await listSituations()).map(
      ({ title, status, now = NOW }) =>
        `=== ${title}\n${formatStatus({ ...STATUS, ...status }, now, WIDTH)}\n`,
    );
    assertGolden('status.txt', texts.join('\n'));
    const status = { ...STATUS, report: await incompleteReport() };
    assertGolden('status.json', formatJson(status));
  });
});

import { formatJson } from '../../scripts/command-line.js';
import { formatStatus } from '../../scripts/format-status.js';
import { describeFailure } from '../../src/refresh/failures.js';
import type { StatusFacts } from '../../src/status/find-problems.js';
import { toStatus } from '../../src/status/status.js';
import {
  lastRun,
  queueWorkers,
  runInProgress,
  runStep,
  scheduleState,
  statusFacts,
} from '../fakes/fake-status.js';
import { assertGolden } from './assert-golden.js';
import { incompleteReport, refreshedReport, unprovenReport, unreachedReport } from './sample-reports.js';

const WIDTH = 240;
const LIMITS = { failingForMs: 120_000 };

interface Situation {
  readonly title: string;
  readonly facts: Partial<StatusFacts>;
}

const FAILING_STEP = runStep({
  failedAttempts: 4,
  failingSince: '2026-01-01T04:05:00.000Z',
  failure: describeFailure('StoreUnreachable', 'Airflow main: connection refused'),
  nextAttemptAt: '2026-01-01T04:20:00.000Z',
});

async function listSituations(): Promise<Situation[]> {
  const report = await refreshedReport();
  const incomplete = await incompleteReport();
  const never = report.stores.map((row) => ({
    ...row,
    refreshed: 0,
    failed: 1,
    expiresAt: null,
    lastRefreshedAt: null,
    principalArn: null,
  }));
  const unreached = await unreachedReport();
  const unproven = await unprovenReport();
  const ended = report.stores.map((row) => ({
    ...row,
    usableUntil: '2026-01-01T01:00:00.000Z',
    outlivesSession: false,
  }));
  const isEmpty = { report: undefined, lastRun: undefined };
  const at = (time: string): Date => new Date(`2026-01-01T${time}:00Z`);
  return [
    { title: 'no schedule, no run', facts: { schedule: undefined, ...isEmpty } },
    { title: 'schedule deleted', facts: { schedule: undefined } },
    { title: 'no run yet', facts: isEmpty },
    { title: 'first run', facts: { ...isEmpty, run: runInProgress() } },
    { title: 'refreshed', facts: {} },
    {
      title: 'paused',
      facts: { schedule: scheduleState({ paused: true, nextRunsAt: [], note: 'maintenance' }) },
    },
    {
      title: 'no worker takes the run in progress',
      facts: {
        now: at('04:30'),
        workers: queueWorkers({ isAlive: false, hasAnswered: false, pollers: [] }),
        run: runInProgress({ progress: null, waitingForWorkerSince: '2026-01-01T04:04:00.000Z' }),
      },
    },
    {
      title: 'another version gets the tasks',
      facts: { workers: queueWorkers({ currentVersion: 'dep/v1' }) },
    },
    {
      title: 'a step is failing',
      facts: { now: at('04:15'), run: runInProgress({ steps: [FAILING_STEP, runStep({ target: 'eu' })] }) },
    },
    {
      title: 'a step is retried, and has not failed for long',
      facts: { now: at('04:06'), run: runInProgress({ steps: [FAILING_STEP] }) },
    },
    { title: 'incomplete', facts: { now: at('05:00'), report: incomplete, lastRun: lastRun(incomplete) } },
    {
      title: 'terminated',
      facts: { lastRun: { ...lastRun(report), outcome: 'no report', reason: 'it was terminated' } },
    },
    {
      title: 'the store was not reached',
      facts: { now: at('05:00'), report: unreached, lastRun: lastRun(unreached) },
    },
    { title: 'nothing verified the token', facts: { report: unproven } },
    {
      title: 'the session of the token has ended',
      facts: { now: at('02:30'), report: { ...report, stores: ended } },
    },
    { title: 'expired', facts: { now: at('13:30') } },
    { title: 'never refreshed', facts: { report: { ...report, stores: never } } },
    {
      title: 'edited in Temporal',
      facts: { schedule: scheduleState({ longestGapMs: 13 * 3_600_000, executionTimeoutMs: 1000 }) },
    },
    {
      title: 'wrong clock, two runs',
      facts: {
        clockOffsetMs: -46_800_000,
        openRuns: ['run-1', 'run-2'],
        schedule: scheduleState({ skipsOverlaps: false }),
      },
    },
  ];
}

describe('status', () => {
  it('matches its golden files in each situation', async () => {
    const situations = await listSituations();
    const texts = await Promise.all(
      situations.map(
        async ({ title, facts }) =>
          `=== ${title}\n${formatStatus(toStatus(await statusFacts(facts), LIMITS), WIDTH)}\n`,
      ),
    );
    assertGolden('status.txt', texts.join('\n'));
    const run = runInProgress({ steps: [FAILING_STEP], report: await refreshedReport() });
    const facts = await statusFacts({ run });
    assertGolden('status.json', formatJson(toStatus(facts, LIMITS)));
  });
});

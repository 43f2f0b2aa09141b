import { formatJson } from '../../scripts/command-line.js';
import {
  formatApplied,
  formatChanged,
  type ApplyDocument,
  type ChangeDocument,
} from '../../scripts/format-apply.js';
import { formatSchedule, toScheduleDocument } from '../../scripts/format-schedule.js';
import { describeSchedule } from '../../src/refresh/schedule-margins.js';
import { ECR_TOKEN_LIFE_MS } from '../../src/refresh/token.js';
import { buildScheduleOptions } from '../../src/schedule/build-schedule.js';
import { findDifferences } from '../../src/schedule/schedule-state.js';
import { fakeConfig } from '../fakes/fake-config.js';
import { assertGolden } from './assert-golden.js';
import { describeAs, EVERY_4_HOURS } from './sample-schedules.js';

const ID = 'ecr-refresh';
const DESIRED = buildScheduleOptions(fakeConfig());
const SUMMARY = describeSchedule(EVERY_4_HOURS, ECR_TOKEN_LIFE_MS);
const RUN = { workflowId: `${ID}-run-2026-01-01T00:03:00Z`, runId: 'run-1' };

function compareWith(description: ReturnType<typeof describeAs>) {
  return { differences: findDifferences(description, DESIRED), summary: SUMMARY };
}

describe('schedule', () => {
  it('describe matches its golden files', () => {
    const created = describeAs(DESIRED);
    const edited = describeAs(DESIRED, {
      spec: { intervals: [{ every: 13 * 3_600_000, offset: 0 }], jitter: 0 },
      action: { workflowExecutionTimeout: 1000, taskQueue: 'other' },
    });
    const paused = describeAs(DESIRED, { state: { paused: true, note: 'maintenance' } });
    const notCompared = 'refresh.yaml:7 airflows[0].auth.password: AIRFLOW_PASSWORD is not set';
    const asConfigured = toScheduleDocument(created, [], compareWith(created));
    const differs = toScheduleDocument(edited, [RUN], compareWith(edited));
    assertGolden(
      'schedule-describe.txt',
      [
        ['as configured', formatSchedule(asConfigured)],
        ['edited in Temporal, run in progress', formatSchedule(differs)],
        ['paused', formatSchedule(toScheduleDocument(paused, [], compareWith(paused)))],
        ['not compared', formatSchedule(toScheduleDocument(created, [], { notCompared }))],
      ]
        .map(([title, text]) => `=== ${title}\n${text}\n`)
        .join('\n'),
    );
    assertGolden('schedule-describe.json', formatJson([asConfigured, differs]));
  });

  it('apply matches its golden file', () => {
    const unchanged: ApplyDocument = {
      scheduleId: ID,
      outcome: 'unchanged',
      summary: SUMMARY,
      firstRun: null,
      paused: false,
      nextRunAt: '2026-01-01T04:03:00.000Z',
    };
    const documents: ApplyDocument[] = [
      { ...unchanged, outcome: 'created', firstRun: { ...RUN, alreadyRunning: false } },
      { ...unchanged, outcome: 'created' },
      { ...unchanged, outcome: 'created', firstRun: { ...RUN, alreadyRunning: true } },
      { ...unchanged, outcome: 'updated' },
      { ...unchanged, outcome: 'updated', paused: true, nextRunAt: null },
      unchanged,
      { ...unchanged, outcome: 'replaced' },
    ];
    assertGolden('schedule-apply.txt', documents.map(formatApplied).join('\n\n'));
  });

  it('pause, unpause and delete match their golden file', () => {
    const paused: ChangeDocument = { scheduleId: ID, outcome: 'paused', running: [], nextRunAt: null };
    const documents: ChangeDocument[] = [
      paused,
      { ...paused, running: [RUN] },
      { ...paused, outcome: 'unpaused', nextRunAt: '2026-01-01T04:03:00.000Z' },
      { ...paused, outcome: 'unpaused' },
      { ...paused, outcome: 'deleted', running: [RUN] },
    ];
    assertGolden('schedule-change.txt', documents.map(formatChanged).join('\n\n'));
  });
});

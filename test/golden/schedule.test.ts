import { formatJson } from '../../scripts/command-line.js';
import {
  formatApplied,
  formatSchedule,
  toScheduleDocument,
  type ApplyDocument,
} from '../../scripts/format-schedule.js';
import { describeSchedule } from '../../src/refresh/schedule-margins.js';
import { assertGolden } from './assert-golden.js';
import { CRON, EVERY_4_HOURS, RUNNING, SCHEDULE_DESCRIPTION } from './sample-schedules.js';
import { ECR_TOKEN_LIFE_MS } from '../../src/refresh/token.js';

const ID = 'ecr-refresh';

describe('schedule', () => {
  it('describe matches its golden files', () => {
    const { state, info } = SCHEDULE_DESCRIPTION;
    const paused = { info, state: { ...state, paused: true, note: 'maintenance' } };
    const asConfigured = toScheduleDocument(ID, SCHEDULE_DESCRIPTION, true);
    const running = toScheduleDocument(ID, RUNNING, false);
    assertGolden(
      'schedule-describe.txt',
      [
        ['as configured', formatSchedule(asConfigured, EVERY_4_HOURS)],
        ['differs from the configuration, run in progress', formatSchedule(running, CRON)],
        ['paused', formatSchedule(toScheduleDocument(ID, paused, true), EVERY_4_HOURS)],
      ]
        .map(([title, text]) => `=== ${title}\n${text}\n`)
        .join('\n'),
    );
    assertGolden('schedule-describe.json', formatJson([asConfigured, running]));
  });

  it('apply matches its golden file', () => {
    const unchanged: ApplyDocument = {
      scheduleId: ID,
      outcome: 'unchanged',
      summary: describeSchedule(EVERY_4_HOURS, ECR_TOKEN_LIFE_MS),
      firstRun: null,
    };
    const firstRun = { workflowId: `${ID}-run`, runId: 'run-1', alreadyRunning: false };
    const documents: ApplyDocument[] = [
      { ...unchanged, outcome: 'created', firstRun },
      { ...unchanged, outcome: 'created' },
      { ...unchanged, outcome: 'updated' },
      unchanged,
    ];
    assertGolden('schedule-apply.txt', documents.map(formatApplied).join('\n\n'));
  });
});

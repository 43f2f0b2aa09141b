// Schedule settings, and descriptions of schedules as Temporal returns them.
import type { ScheduleDescription } from '@temporalio/client';
import { computeIntervals, planSchedule } from '../../src/refresh/schedule-margins.js';

const HOUR_MS = 3_600_000;

export const EVERY_4_HOURS = planSchedule({
  id: 'ecr-refresh',
  cadence: { everyMs: 4 * HOUR_MS },
  times: computeIntervals(4 * HOUR_MS),
  allowNarrowMargin: false,
});

export const CRON = planSchedule({
  id: 'ecr-refresh',
  cadence: { cron: '0 6,18 * * *' },
  times: computeIntervals(12 * HOUR_MS),
  allowNarrowMargin: true,
});

export const SCHEDULE_DESCRIPTION: Pick<ScheduleDescription, 'state' | 'info'> = {
  state: { paused: false },
  info: {
    recentActions: [],
    nextActionTimes: [4, 8, 12, 16].map((hours) => new Date(Date.UTC(2026, 0, 1, hours, 3))),
    createdAt: new Date(Date.UTC(2026, 0, 1)),
    lastUpdatedAt: undefined,
    runningActions: [],
    numActionsTaken: 42,
    numActionsSkippedOverlap: 1,
    numActionsMissedCatchupWindow: 2,
  },
};

export const RUNNING: typeof SCHEDULE_DESCRIPTION = {
  ...SCHEDULE_DESCRIPTION,
  info: {
    ...SCHEDULE_DESCRIPTION.info,
    runningActions: [
      {
        type: 'startWorkflow',
        workflow: { workflowId: 'ecr-refresh-run-2026-01-01T00:03:00Z', firstExecutionRunId: 'run-1' },
      },
    ],
  },
};

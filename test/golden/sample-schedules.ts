// Schedule settings, and descriptions of schedules as Temporal returns them.
import type { ScheduleDescription } from '@temporalio/client';
import type { DesiredSchedule } from '../../src/schedule/build-schedule.js';
import { computeIntervals, planSchedule } from '../../src/refresh/schedule-margins.js';

const HOUR_MS = 3_600_000;

export const EVERY_4_HOURS = planSchedule({
  id: 'ecr-refresh',
  cadence: { everyMs: 4 * HOUR_MS },
  times: computeIntervals(4 * HOUR_MS),
  allowNarrowMargin: false,
});

/** As Temporal describes a schedule that was created from the configuration. */
export function describeAs(
  desired: DesiredSchedule,
  {
    spec,
    state,
    policies,
    action,
  }: Partial<Pick<ScheduleDescription, 'spec' | 'state'>> & {
    policies?: Partial<ScheduleDescription['policies']>;
    action?: Partial<ScheduleDescription['action']>;
  } = {},
): ScheduleDescription {
  const { intervals = [] } = desired.spec;
  return {
    scheduleId: desired.scheduleId,
    spec: {
      intervals: intervals.map(({ every }) => ({ every: Number(every), offset: 0 })),
      calendars: [],
      jitter: Number(desired.spec.jitter),
      ...spec,
    },
    action: { ...desired.action, ...action },
    policies: { ...desired.policies, ...policies },
    state: { paused: false, ...state },
    info: INFO,
  } as unknown as ScheduleDescription;
}

const INFO: ScheduleDescription['info'] = {
  recentActions: [],
  nextActionTimes: [4, 8, 12, 16].map((hours) => new Date(Date.UTC(2026, 0, 1, hours, 3))),
  createdAt: new Date(Date.UTC(2026, 0, 1)),
  lastUpdatedAt: undefined,
  runningActions: [],
  numActionsTaken: 42,
  numActionsSkippedOverlap: 1,
  numActionsMissedCatchupWindow: 2,
};

export const SCHEDULE_DESCRIPTION: Pick<ScheduleDescription, 'state' | 'info'> = {
  state: { paused: false },
  info: INFO,
};

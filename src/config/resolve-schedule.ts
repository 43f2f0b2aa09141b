// Owns the way from the `schedule` settings to the numbers that the schedule and its runs go by.
// Refuses what the domain's checks refuse, and what it cannot see: units, cron grammar.
import ms from 'ms';
import type { z } from 'zod';

import {
  checkSchedule,
  computeIntervals,
  planSchedule,
  type ScheduleSpec,
  type ScheduleIntervals,
  type ScheduleSettings,
} from '../refresh/schedule-margins.js';
import { readCron } from './cron.js';
import type { ReportProblem } from './config-error.js';
import { DEFAULTS, scheduleSchema } from './schema/config.js';
import { ECR_TOKEN_LIFE_MS } from '../refresh/token.js';

type ScheduleSection = z.output<typeof scheduleSchema>;

/** The settings of the schedule; undefined when something is wrong with them, all of it reported. */
export function resolveSchedule(raw: unknown, report: ReportProblem): ScheduleSettings | undefined {
  const section = scheduleSchema.safeParse(raw ?? {}).data;
  if (!section) return undefined;
  const cadence = resolveCadence(section, report);
  if (!cadence) return undefined;
  const settings = planSchedule({
    id: section.id,
    ...cadence,
    jitterMs: toMs(section.jitter),
    retryForMs: toMs(section.retryFor),
    allowNarrowMargin: section.allowNarrowMargin,
  });
  const problems = checkSchedule(settings, ECR_TOKEN_LIFE_MS);
  for (const { setting, message, remedy } of problems) report(['schedule', setting], message, remedy);
  return problems.length === 0 ? settings : undefined;
}

function resolveCadence(
  section: ScheduleSection,
  report: ReportProblem,
): { cadence: ScheduleSpec; times: ScheduleIntervals } | undefined {
  const { cron, every } = section;
  if (cron === undefined) {
    const everyMs = toMs(every ?? DEFAULTS.every);
    return { cadence: { everyMs }, times: computeIntervals(everyMs) };
  }
  if (every !== undefined) {
    report(['schedule', 'cron'], 'stands beside every', 'Remove one of the two.');
    return undefined;
  }
  return resolveCron(cron, report);
}

function resolveCron(
  cron: string,
  report: ReportProblem,
): { cadence: ScheduleSpec; times: ScheduleIntervals } | undefined {
  const reading = readCron(cron);
  if ('problem' in reading) {
    report(
      ['schedule', 'cron'],
      reading.problem,
      'Write for example `cron: 0 */4 * * *`, or `every: 4h` in its place.',
    );
    return undefined;
  }
  return { cadence: { cron: cron.trim() }, times: reading.times };
}

function toMs(duration: string): number;
function toMs(duration: string | undefined): number | undefined;
function toMs(duration: string | undefined): number | undefined {
  // The schema has checked the form: a whole number and one of the units that ms knows.
  return duration === undefined ? undefined : ms(duration as ms.StringValue);
}

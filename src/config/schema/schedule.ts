// `schedule`: when runs start, and how long each retries.
import { z } from 'zod';
import {
  checkSchedule,
  computeIntervals,
  planSchedule,
  type ScheduleSettings,
} from '../../refresh/schedule-margins.js';
import { ECR_TOKEN_LIFE_MS } from '../../refresh/token.js';
import type { Fault } from '../config-error.js';
import { checkTogether, convert, type Settings } from './checks.js';
import { readCron } from './cron.js';
import { forbid } from './for-editors.js';
import { duration } from './values.js';

const DEFAULT_ID = 'ecr-refresh';
const DEFAULT_EVERY = '4h';
const DEFAULT_EVERY_MS = 14_400_000;

export const scheduleId = z
  .string()
  .regex(/^[A-Za-z0-9][\w.-]{0,199}$/, {
    error:
      'may have at most 200 characters: letters, digits, dots, hyphens and underscores; must begin with a letter ' +
      'or digit',
  })
  .default(DEFAULT_ID)
  .meta({ description: 'Id of the Temporal Schedule.', examples: [DEFAULT_ID] });

const settingsSchema = z.strictObject({
  id: scheduleId,
  every: duration.exactOptional().meta({
    description: `Interval between two runs, at least 3m. Runs start at its multiples since 1970-01-01 00:00 UTC (4h: at 00:00, 04:00 and so on), plus the jitter. Default: ${DEFAULT_EVERY}, unless \`cron\` is set.`,
    examples: [DEFAULT_EVERY],
  }),
  cron: z
    .string()
    .max(200)
    .transform(convert(parseCron))
    .exactOptional()
    .meta({
      description:
        'Start times in UTC, instead of `every`: minute, hour, day of month, month and day of week, as numbers with ' +
        '* , - /. All five fields must match.',
      examples: ['0 */4 * * *'],
    }),
  jitter: duration.exactOptional().meta({
    description:
      'Maximum random delay of the start of each run; less than half the interval. Default: 5m, or an eighth of the ' +
      'interval if that is less.',
    examples: ['5m'],
  }),
  retryFor: duration.exactOptional().meta({
    description:
      'How long a run retries failed steps, at least 100s. Default and maximum: the shortest interval minus jitter ' +
      'and 10m; for intervals below 40m, a quarter of the interval instead of 10m.',
    examples: ['3h'],
  }),
  allowNarrowMargin: z
    .boolean()
    .default(false)
    .meta({
      description: 'Allows a schedule in which tokens can expire during an outage of less than 2 h.',
      examples: [true],
    }),
});

type Schedule = z.output<typeof settingsSchema>;

export const scheduleSchema = checkTogether(settingsSchema, checkSettings, toSchedule).meta({
  dependentSchemas: { cron: forbid('cron', 'every') },
});

function parseCron(expression: string) {
  const reading = readCron(expression);
  if ('times' in reading) return { result: { cron: expression.trim(), times: reading.times } };
  const { problem, remedy = 'Use the form `cron: 0 */4 * * *`, or `every: 4h` instead.' } = reading;
  return { code: 'invalid', message: problem, remedy } satisfies Fault;
}

function checkSettings({ valid, isGiven, report }: Settings<Schedule>): void {
  if (isGiven('every') && isGiven('cron')) {
    report(
      { code: 'conflict', message: 'cannot be combined with `every`', remedy: 'Remove `cron` or `every`.' },
      'cron',
    );
    return;
  }
  const isComplete = (['every', 'cron', 'jitter', 'retryFor'] as const).every(
    (key) => !isGiven(key) || valid[key] !== undefined,
  );
  if (!isComplete) return;
  const { id = DEFAULT_ID, allowNarrowMargin = true } = valid;
  const problems = checkSchedule(toSchedule({ ...valid, id, allowNarrowMargin }), ECR_TOKEN_LIFE_MS);
  for (const { setting, message, remedy } of problems) {
    report({ code: 'out-of-range', message, remedy }, setting);
  }
}

function toSchedule(settings: Schedule): ScheduleSettings {
  const {
    id,
    every = DEFAULT_EVERY_MS,
    cron,
    jitter: jitterMs,
    retryFor: retryForMs,
    allowNarrowMargin,
  } = settings;
  return planSchedule({
    id,
    ...(cron
      ? { cadence: { cron: cron.cron }, times: cron.times }
      : { cadence: { everyMs: every }, times: computeIntervals(every) }),
    jitterMs,
    retryForMs,
    allowNarrowMargin,
  });
}

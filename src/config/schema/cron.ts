// Computes the gaps between the runs of a cron expression in UTC as the Temporal server interprets it: unlike in Unix
// cron, all five fields must match. docs/decisions/0002-cron-arithmetic.md explains why no library is used.
import type { ScheduleIntervals } from '../../refresh/schedule-margins.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/**
 * Two whole years, one of them with a 29 February. They are fixed: the gaps determine timeouts and the hash of the
 * configuration, which must not change with the current date.
 */
const FIRST_DAY_MS = Date.UTC(2028, 0, 1);
const DAYS = 731;

const FIELDS = [
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 0, max: 7 },
] as const;

/** Days of the week from 1 to 7, without a step or with a step of 1. */
const MONDAY_TO_SUNDAY = /(?:^|,)0?1(?:-0?7(?:\/0?1)?|\/0?1)(?:,|$)/;

export type CronResult =
  | { readonly times: ScheduleIntervals }
  /** The fix, if it is not an example of an expression. */
  | { readonly problem: string; readonly remedy?: string };

/** The run times of a cron expression of five numeric fields, or what is wrong with it. */
export function readCron(expression: string): CronResult {
  const fields = splitFields(expression);
  if (fields.length !== FIELDS.length) {
    return { problem: 'must have five fields: minute, hour, day of month, month, day of week' };
  }
  const values: number[][] = [];
  for (const [index, { name, min, max }] of FIELDS.entries()) {
    const matching = parseField(fields[index] ?? '', min, max);
    if (matching === 'descending') {
      const remedy = 'Split the range into two, as in `20-23,0-4` for the hours from 20 to 4.';
      return { problem: `has an invalid ${name}: a range must ascend`, remedy };
    }
    if (!matching)
      return {
        problem: `has an invalid ${name}: may contain only numbers from ${min} to ${max} and \`* , - /\``,
      };
    values.push(matching);
  }
  // Version 1.32 of the server does not run on Sunday, so tokens would expire; other versions may run on Sunday.
  if (MONDAY_TO_SUNDAY.test(fields[4] ?? '')) {
    return {
      problem: 'has days of the week from 1 to 7, which Temporal reads as Monday to Saturday',
      remedy: 'Use `*` for every day of the week.',
    };
  }
  const [minutes = [], hours = [], daysOfMonth = [], months = [], daysOfWeek = []] = values;
  const timesOfDay = hours.flatMap((hour) => minutes.map((minute) => (hour * 60 + minute) * MINUTE_MS));
  return measureGaps(listDays(daysOfMonth, months, daysOfWeek), timesOfDay) ?? { problem: 'never fires' };
}

/** The matching values of each of the five fields, in ascending order; Sunday is 0. */
export function listCronValues(expression: string): number[][] {
  const fields = splitFields(expression);
  const values = FIELDS.map(({ min, max }, index) => {
    const matching = parseField(fields[index] ?? '', min, max);
    return Array.isArray(matching) ? matching : [];
  });
  const weekdays = new Set(values.pop()?.map((day) => day % 7));
  return [...values, [...weekdays].toSorted((a, b) => a - b)];
}

function splitFields(expression: string): string[] {
  return expression.trim().split(/\s+/);
}

/**
 * The matching values in ascending order: `*`, `5`, `1-5`, each with `/step`, separated by commas; undefined when the
 * field is not valid. `5/10` is from 5 to the maximum.
 */
function parseField(text: string, min: number, max: number): number[] | 'descending' | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const groups = /^(?:\*|(?<from>\d{1,2})(?:-(?<to>\d{1,2}))?)(?:\/(?<step>\d{1,2}))?$/.exec(part)?.groups;
    if (!groups) return undefined;
    const from = Number(groups['from'] ?? min);
    const step = Number(groups['step'] ?? 1);
    const isSingle = groups['from'] !== undefined && groups['step'] === undefined;
    const to = Number(groups['to'] ?? (isSingle ? from : max));
    if (step < 1 || from < min || from > max || to < min || to > max) return undefined;
    if (to < from) return 'descending';
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return [...values].toSorted((a, b) => a - b);
}

/** Milliseconds since 1970 of midnight of every matching day in the two years. */
function listDays(daysOfMonth: number[], months: number[], daysOfWeek: number[]): number[] {
  const weekdays = new Set(daysOfWeek.map((day) => day % 7));
  return Array.from({ length: DAYS }, (_, day) => FIRST_DAY_MS + day * DAY_MS).filter((midnightMs) => {
    const date = new Date(midnightMs);
    return (
      months.includes(date.getUTCMonth() + 1) &&
      daysOfMonth.includes(date.getUTCDate()) &&
      weekdays.has(date.getUTCDay())
    );
  });
}

/** @param timesOfDay milliseconds after midnight, in ascending order, at least one */
function measureGaps(days: number[], timesOfDay: number[]): CronResult | undefined {
  if (days.length === 0) return undefined;
  const overnightMs = (timesOfDay[0] ?? 0) - (timesOfDay.at(-1) ?? 0);
  const gaps = [...differences(timesOfDay), ...differences(days).map((apartMs) => apartMs + overnightMs)];
  // A single run in two years: too rare to be measured here, or to be useful.
  if (gaps.length === 0) gaps.push(DAYS * DAY_MS);
  return {
    times: {
      longestIntervalMs: Math.max(...gaps),
      shortestIntervalMs: Math.min(...gaps),
      runsPerDay: (days.length * timesOfDay.length) / DAYS,
    },
  };
}

function differences(values: readonly number[]): number[] {
  return values.slice(1).map((value, index) => value - (values[index] ?? value));
}

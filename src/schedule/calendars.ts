// Compares a cron expression with the calendars to which Temporal has compiled it: it does not keep the expression.
import {
  DAYS_OF_WEEK,
  MONTHS,
  type CalendarSpecDescription,
  type ScheduleSpecDescription,
} from '@temporalio/client';
import { listCronValues } from '../config/schema/cron.js';

/** Whether a schedule starts runs exactly at the times of this expression, in UTC. */
export function matchesCron(
  { calendars = [], intervals = [] }: ScheduleSpecDescription,
  cron: string,
): boolean {
  const [calendar, ...others] = calendars;
  if (!calendar || others.length > 0 || intervals.length > 0 || calendar.year.length > 0) return false;
  return JSON.stringify(listValues(calendar)) === JSON.stringify([[0], ...listCronValues(cron)]);
}

/** The matching values of second, minute, hour, day of month, month and day of week. */
function listValues(calendar: CalendarSpecDescription): number[][] {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = calendar;
  return [
    ...[second, minute, hour, dayOfMonth].map((ranges) => expand(ranges, (value) => value)),
    expand(month, (name) => MONTHS.indexOf(name) + 1),
    expand(dayOfWeek, (name) => DAYS_OF_WEEK.indexOf(name)),
  ];
}

function expand<T>(
  ranges: readonly { readonly start: T; readonly end: T; readonly step: number }[],
  toNumber: (value: T) => number,
): number[] {
  const values = new Set<number>();
  for (const { start, end, step } of ranges) {
    for (let value = toNumber(start); value <= toNumber(end); value += Math.max(1, step)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

// Owns what a cron expression means in time: the gaps between its runs, read as Temporal's server reads it.
// Refuses expressions that the server refuses, and those that it accepts but that never fire.
import type { ScheduleIntervals } from '../../refresh/schedule-margins.js';

const DAY_MS = 86_400_000;
/**
 * Two whole years with a 29 February in them, the same at every reading: the gaps decide time-outs and the hash
 * of the configuration, which must not change with the date.
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

export type CronResult = { readonly times: ScheduleIntervals } | { readonly problem: string };

/** The run times of a cron expression of five fields in a valid time zone, or what is wrong with it. */
export function readCron(expression: string, timeZone: string): CronResult {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== FIELDS.length) {
    return { problem: 'must have five fields: minute, hour, day of month, month, day of week' };
  }
  const sets: Set<number>[] = [];
  for (const [index, field] of FIELDS.entries()) {
    const values = readField(fields[index] ?? '', field.min, field.max);
    if (!values)
      return {
        problem: `has no valid ${field.name}: numbers from ${field.min} to ${field.max}, with * , - /`,
      };
    sets.push(values);
  }
  return summarizeRuns(listRuns(sets, timeZone)) ?? { problem: 'never fires' };
}

/** Whether Intl, and so Node, knows an IANA time zone of this name. */
export function isTimeZone(name: string): boolean {
  // Offsets such as +02:00 are known to Intl, but not to Temporal's server.
  if (!/^[A-Z][\w+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** `*`, `5`, `1-5`, each with `/step`, separated by commas. `5/10` runs from 5 to the end, as in Temporal's server. */
function readField(text: string, min: number, max: number): Set<number> | undefined {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const groups = /^(?:\*|(?<from>\d{1,2})(?:-(?<to>\d{1,2}))?)(?:\/(?<step>\d{1,2}))?$/.exec(part)?.groups;
    if (!groups) return undefined;
    const step = Number(groups['step'] ?? 1);
    const from = Number(groups['from'] ?? min);
    const single = groups['from'] !== undefined && groups['step'] === undefined;
    const to = groups['to'] === undefined ? (single ? from : max) : Number(groups['to']);
    if (step < 1 || from < min || to > max || to < from) return undefined;
    for (let value = from; value <= to; value += step) values.add(value);
  }
  return values;
}

/** Milliseconds since 1970 of every run in the two years, in order. Unlike in Unix cron all five fields must match. */
function* listRuns(sets: readonly Set<number>[], timeZone: string): Generator<number> {
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = sets.map((set) => [...set].sort((a, b) => a - b));
  const offsetAt = zoneOffsets(timeZone);
  for (let day = 0; day < DAYS; day++) {
    const midnightMs = FIRST_DAY_MS + day * DAY_MS;
    const date = new Date(midnightMs);
    const weekday = date.getUTCDay();
    if (!months?.includes(date.getUTCMonth() + 1) || !daysOfMonth?.includes(date.getUTCDate())) continue;
    if (!daysOfWeek?.includes(weekday) && !(weekday === 0 && daysOfWeek?.includes(7))) continue;
    const offsets = nearbyOffsets(offsetAt, midnightMs);
    for (const hour of hours ?? []) {
      for (const minute of minutes ?? []) {
        const localMs = midnightMs + hour * 3_600_000 + minute * 60_000;
        const runMs =
          offsets.length === 1 ? localMs - (offsets[0] ?? 0) : toInstant(localMs, offsets, offsetAt);
        if (runMs !== undefined) yield runMs;
      }
    }
  }
}

/**
 * The instant of a local time near a change of clocks; undefined for one that the change skips. Of one that it
 * repeats only the first counts: overlap policy SKIP makes nothing of the second while the first run still tries.
 */
function toInstant(
  localMs: number,
  offsets: readonly number[],
  offsetAt: (instantMs: number) => number,
): number | undefined {
  const instants = offsets
    .filter((offset) => offsetAt(localMs - offset) === offset)
    .map((offset) => localMs - offset);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** The offsets from UTC that a local day may have: one, save around a change of clocks. */
function nearbyOffsets(offsetAt: (instantMs: number) => number, midnightMs: number): number[] {
  return [...new Set([-1, 0, 1, 2].map((days) => offsetAt(midnightMs + days * DAY_MS)))];
}

function zoneOffsets(timeZone: string): (instantMs: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  const known = new Map<number, number>();
  return (instantMs) => {
    let offset = known.get(instantMs);
    if (offset === undefined) {
      const groups = /GMT(?<sign>[+-])(?<hours>\d\d):(?<minutes>\d\d)/.exec(format.format(instantMs))?.groups;
      const sizeMs = Number(groups?.['hours'] ?? 0) * 3_600_000 + Number(groups?.['minutes'] ?? 0) * 60_000;
      offset = groups?.['sign'] === '-' ? -sizeMs : sizeMs;
      known.set(instantMs, offset);
    }
    return offset;
  };
}

function summarizeRuns(runs: Iterable<number>): CronResult | undefined {
  let count = 0;
  let previousMs: number | undefined;
  let longestIntervalMs = 0;
  let shortestIntervalMs = Infinity;
  for (const runMs of runs) {
    if (previousMs !== undefined) {
      longestIntervalMs = Math.max(longestIntervalMs, runMs - previousMs);
      shortestIntervalMs = Math.min(shortestIntervalMs, runMs - previousMs);
    }
    previousMs = runMs;
    count++;
  }
  if (count === 0) return undefined;
  // A single run in two years: less often than can be measured here, and than can be of use.
  if (count === 1) longestIntervalMs = shortestIntervalMs = DAYS * DAY_MS;
  return { times: { longestIntervalMs, shortestIntervalMs, runsPerDay: count / DAYS } };
}

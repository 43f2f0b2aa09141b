import assert from 'node:assert/strict';

import { isTimeZone, readCron } from '../../src/config/cron.js';

const HOUR = 3_600_000;

describe('readCron', () => {
  for (const { expression, timeZone, longestH, shortestH, runsPerDay } of [
    { expression: '0 */4 * * *', timeZone: 'UTC', longestH: 4, shortestH: 4, runsPerDay: 6 },
    { expression: '55 5,17 * * *', timeZone: 'UTC', longestH: 12, shortestH: 12, runsPerDay: 2 },
    { expression: '0 0/6 * * *', timeZone: 'UTC', longestH: 6, shortestH: 6, runsPerDay: 4 },
    { expression: '0 8-18/5 * * *', timeZone: 'UTC', longestH: 14, shortestH: 5, runsPerDay: 3 },
    { expression: '30 1,2,14 * * *', timeZone: 'UTC', longestH: 12, shortestH: 1, runsPerDay: 3 },
    { expression: '0 0 * * 0', timeZone: 'UTC', longestH: 168, shortestH: 168, runsPerDay: 1 / 7 },
    { expression: '0 0 * * 7', timeZone: 'UTC', longestH: 168, shortestH: 168, runsPerDay: 1 / 7 },
    {
      expression: '0 0 29 2 *',
      timeZone: 'UTC',
      longestH: 731 * 24,
      shortestH: 731 * 24,
      runsPerDay: 1 / 731,
    },
    {
      expression: '0 0 1 1 *',
      timeZone: 'UTC',
      longestH: 366 * 24,
      shortestH: 366 * 24,
      runsPerDay: 2 / 731,
    },
    { expression: '* * * * *', timeZone: 'UTC', longestH: 1 / 60, shortestH: 1 / 60, runsPerDay: 1440 },
    // In spring 00:00 to 04:00 is three hours, in autumn five.
    { expression: '0 */4 * * *', timeZone: 'Europe/Berlin', longestH: 5, shortestH: 3, runsPerDay: 6 },
    // 02:30 does not exist in spring: from 22:30 to 06:30 on the clock, one hour less in fact.
    {
      expression: '30 2,6,10,14,18,22 * * *',
      timeZone: 'Europe/Berlin',
      longestH: 7,
      shortestH: 4,
      runsPerDay: 6,
    },
    // Autumn has 02:30 twice, of which the first counts: the second would be 24 h after 03:30 of the day before.
    { expression: '30 2,3 * * *', timeZone: 'Europe/Berlin', longestH: 23, shortestH: 1, runsPerDay: 2 },
    // Lord Howe moves its clocks by half an hour.
    {
      expression: '0 */4 * * *',
      timeZone: 'Australia/Lord_Howe',
      longestH: 4.5,
      shortestH: 3.5,
      runsPerDay: 6,
    },
    { expression: '0 */4 * * *', timeZone: 'Asia/Kolkata', longestH: 4, shortestH: 4, runsPerDay: 6 },
  ] as const) {
    it(`finds the gaps of ${expression} in ${timeZone}`, () => {
      const reading = readCron(expression, timeZone);
      assert.ok('times' in reading);
      assert.equal(reading.times.longestIntervalMs, longestH * HOUR);
      assert.equal(reading.times.shortestIntervalMs, shortestH * HOUR);
      assert.ok(Math.abs(reading.times.runsPerDay - runsPerDay) < 0.01, String(reading.times.runsPerDay));
    });
  }

  for (const { expression, problem } of [
    { expression: '', problem: /five fields/ },
    { expression: '* * * *', problem: /five fields/ },
    { expression: '0 0 * * * *', problem: /five fields/ },
    { expression: '@daily', problem: /five fields/ },
    { expression: '60 * * * *', problem: /no valid minute/ },
    { expression: 'x * * * *', problem: /no valid minute/ },
    { expression: '*/0 * * * *', problem: /no valid minute/ },
    { expression: '1, * * * *', problem: /no valid minute/ },
    { expression: '* 24 * * *', problem: /no valid hour/ },
    { expression: '* * 0 * *', problem: /no valid day of month/ },
    { expression: '* * * 13 *', problem: /no valid month/ },
    { expression: '* * * * 8', problem: /no valid day of week/ },
    { expression: '* * * * MON', problem: /no valid day of week/ },
    { expression: '0 0 31 2 *', problem: /never fires/ },
    { expression: '0 0 30 2 1', problem: /never fires/ },
  ] as const) {
    it(`refuses ${JSON.stringify(expression)}`, () => {
      const reading = readCron(expression, 'UTC');
      assert.ok('problem' in reading);
      assert.match(reading.problem, problem);
    });
  }
});

describe('isTimeZone', () => {
  it('knows IANA names alone', () => {
    assert.deepEqual(
      ['UTC', 'Europe/Berlin', 'Etc/GMT+5', 'America/Port-au-Prince'].filter((name) => !isTimeZone(name)),
      [],
    );
    assert.deepEqual(['Mars/X', '+02:00', '', 'utc', 'Europe/Berlin '].filter(isTimeZone), []);
  });
});

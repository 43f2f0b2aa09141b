import assert from 'node:assert/strict';

import { isTimeZone, readCron } from '../../src/config/cron.js';

const HOUR = 3_600_000;

describe('readCron', () => {
  for (const [expression, timeZone, longestH, shortestH, runsPerDay] of [
    ['0 */4 * * *', 'UTC', 4, 4, 6],
    ['55 5,17 * * *', 'UTC', 12, 12, 2],
    ['0 0/6 * * *', 'UTC', 6, 6, 4],
    ['0 8-18/5 * * *', 'UTC', 14, 5, 3],
    ['30 1,2,14 * * *', 'UTC', 12, 1, 3],
    ['0 0 * * 0', 'UTC', 168, 168, 1 / 7],
    ['0 0 * * 7', 'UTC', 168, 168, 1 / 7],
    ['0 0 29 2 *', 'UTC', 731 * 24, 731 * 24, 1 / 731],
    ['0 0 1 1 *', 'UTC', 366 * 24, 366 * 24, 2 / 731],
    ['* * * * *', 'UTC', 1 / 60, 1 / 60, 1440],
    // In spring 00:00 to 04:00 is three hours, in autumn five.
    ['0 */4 * * *', 'Europe/Berlin', 5, 3, 6],
    // 02:30 does not exist in spring: from 22:30 to 06:30 on the clock, one hour less in fact.
    ['30 2,6,10,14,18,22 * * *', 'Europe/Berlin', 7, 4, 6],
    // Autumn has 02:30 twice, of which the first counts: the second would be 24 h after 03:30 of the day before.
    ['30 2,3 * * *', 'Europe/Berlin', 23, 1, 2],
    // Lord Howe moves its clocks by half an hour.
    ['0 */4 * * *', 'Australia/Lord_Howe', 4.5, 3.5, 6],
    ['0 */4 * * *', 'Asia/Kolkata', 4, 4, 6],
  ] as const) {
    it(`finds the gaps of ${expression} in ${timeZone}`, () => {
      const reading = readCron(expression, timeZone);
      assert.ok('times' in reading);
      assert.equal(reading.times.longestIntervalMs, longestH * HOUR);
      assert.equal(reading.times.shortestIntervalMs, shortestH * HOUR);
      assert.ok(Math.abs(reading.times.runsPerDay - runsPerDay) < 0.01, String(reading.times.runsPerDay));
    });
  }

  for (const [expression, problem] of [
    ['', /five fields/],
    ['* * * *', /five fields/],
    ['0 0 * * * *', /five fields/],
    ['@daily', /five fields/],
    ['60 * * * *', /no valid minute/],
    ['x * * * *', /no valid minute/],
    ['*/0 * * * *', /no valid minute/],
    ['1, * * * *', /no valid minute/],
    ['* 24 * * *', /no valid hour/],
    ['* * 0 * *', /no valid day of month/],
    ['* * * 13 *', /no valid month/],
    ['* * * * 8', /no valid day of week/],
    ['* * * * MON', /no valid day of week/],
    ['0 0 31 2 *', /never fires/],
    ['0 0 30 2 1', /never fires/],
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

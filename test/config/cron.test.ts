import assert from 'node:assert/strict';

import { readCron } from '../../src/config/schema/cron.js';

const HOUR = 3_600_000;

describe('readCron', () => {
  for (const { expression, longestH, shortestH, runsPerDay } of [
    { expression: '0 */4 * * *', longestH: 4, shortestH: 4, runsPerDay: 6 },
    { expression: '55 5,17 * * *', longestH: 12, shortestH: 12, runsPerDay: 2 },
    { expression: '0 0/6 * * *', longestH: 6, shortestH: 6, runsPerDay: 4 },
    { expression: '0 8-18/5 * * *', longestH: 14, shortestH: 5, runsPerDay: 3 },
    { expression: '30 1,2,14 * * *', longestH: 12, shortestH: 1, runsPerDay: 3 },
    { expression: ' 15,45\t6  * * * ', longestH: 23.5, shortestH: 0.5, runsPerDay: 2 },
    { expression: '0 0 * * 0', longestH: 168, shortestH: 168, runsPerDay: 1 / 7 },
    { expression: '0 0 * * 7', longestH: 168, shortestH: 168, runsPerDay: 1 / 7 },
    { expression: '0 0 * * 5-7', longestH: 120, shortestH: 24, runsPerDay: 3 / 7 },
    { expression: '0 0,12 * * 1/2', longestH: 36, shortestH: 12, runsPerDay: 8 / 7 },
    { expression: '0 0 29 2 *', longestH: 731 * 24, shortestH: 731 * 24, runsPerDay: 1 / 731 },
    { expression: '0 0 1 1 *', longestH: 366 * 24, shortestH: 366 * 24, runsPerDay: 2 / 731 },
    { expression: '* * * * *', longestH: 1 / 60, shortestH: 1 / 60, runsPerDay: 1440 },
  ] as const) {
    it(`finds the gaps of ${expression.trim().replace(/\s+/g, ' ')} in UTC`, () => {
      const result = readCron(expression);
      assert.ok('times' in result);
      assert.equal(result.times.longestIntervalMs, longestH * HOUR);
      assert.equal(result.times.shortestIntervalMs, shortestH * HOUR);
      assert.ok(Math.abs(result.times.runsPerDay - runsPerDay) < 0.01, String(result.times.runsPerDay));
    });
  }

  for (const { expression, problem } of [
    { expression: '', problem: /five fields/ },
    { expression: '* * * *', problem: /five fields/ },
    { expression: '0 0 * * * *', problem: /five fields/ },
    { expression: '@daily', problem: /five fields/ },
    { expression: '60 * * * *', problem: /invalid minute/ },
    { expression: 'x * * * *', problem: /invalid minute/ },
    { expression: '*/0 * * * *', problem: /invalid minute/ },
    { expression: '1, * * * *', problem: /invalid minute/ },
    { expression: '* 24 * * *', problem: /invalid hour/ },
    { expression: '* * 0 * *', problem: /invalid day of month/ },
    { expression: '* * * 13 *', problem: /invalid month/ },
    { expression: '* * * * 8', problem: /invalid day of week/ },
    { expression: '* * * * MON', problem: /invalid day of week/ },
    { expression: '0 0 * * 1-7', problem: /from 1 to 7, which Temporal reads as Monday to Saturday/ },
    { expression: '0 0 * * 1/1', problem: /Monday to Saturday/ },
    { expression: '0 0 * * 6/4,01-7/1', problem: /Monday to Saturday/ },
    { expression: '0 0 31 2 *', problem: /never fires/ },
    { expression: '0 0 30 2 1', problem: /never fires/ },
  ] as const) {
    it(`rejects ${JSON.stringify(expression)}`, () => {
      const result = readCron(expression);
      assert.ok('problem' in result);
      assert.match(result.problem, problem);
    });
  }
});

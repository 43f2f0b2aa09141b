// Cron expressions as Temporal's server reads them, compared with `readCron` over the same two years.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { readCron } from '../../src/config/schema/cron.js';
import { startScheduleServer, type ScheduleServer } from './schedule-server.js';

const DAYS = 731;
const DAY_S = 86_400;
const START_S = Date.UTC(2028, 0, 1) / 1000;
/** The maximum number of starts in one response of the server. */
const PAGE = 1000;

/** Accepted by both. Dense ones are limited to a few days, since every start is compared. */
const ACCEPTED = [
  '0 */4 * * *',
  '55 5,17 * * *',
  '0 8-18/2 * * *',
  '5/20 * 1 * *',
  '*/3 1,2 1 * *',
  '3-59/14 5 * * *',
  '10-20/3 1 * * *',
  '*/7 0 * * *',
  '59/60 1 * * *',
  '*/59 1 * * *',
  '30 1,2,14 * * *',
  '5,5,5 1 * * *',
  '05 04 01 01 *',
  ' 0\t6  * * * ',
  '*,5 0 1 1 *',
  '* * 1 1 *',
  '0 3/5 * * *',
  '0 23/1 * * *',
  '0 */99 * * *',
  '0 */4 * * 1-5',
  // Day of month, with its ends.
  '0 0 31 * *',
  '0 0 */10 * *',
  '0 0 5/10 3-11/4 *',
  '0 0 1-1 * *',
  '59 23 31 12 *',
  '0 0 29 2 *',
  '0 0 28,29 2 *',
  // Month.
  '0 0 1 1 *',
  '0 0 1 */5 *',
  '0 0 30 1-6/2 *',
  '0 0 31 2,4,12 *',
  // Day of week: Sunday is 0 and 7.
  '0 12 * * 1,4',
  '0 0 * * 0',
  '0 0 * * 7',
  '0 0 * * 0,7',
  '0 0 * * 0-7',
  '0 0 * * 5-7',
  '0 0 * * 7/2',
  '0 0 * * 1/2',
  '0 0 * * 1-7/3',
  '0 0 * * */2',
  '0 0 * * */7',
  // Both day fields must match, and all others.
  '0 0 1 * 1',
  '0 0 13 * 5',
  '0 6 1-7 * 1',
  '0 0 29 2 2',
  '0 0 1 1 */3',
  '15,45 6-20/7,23 2-28/13 1,6/3 2-6',
] as const;

/** Rejected by both. */
const REJECTED = [
  '',
  '* * * *',
  'MON',
  '60 * * * *',
  'x * * * *',
  '1.5 * * * *',
  '*/0 * * * *',
  '*/ * * * *',
  '1, * * * *',
  ',1 * * * *',
  '5- * * * *',
  '-5 * * * *',
  '1-2-3 * * * *',
  '1/2/3 * * * *',
  '** * * * *',
  '? * * * *',
  'H * * * *',
  '* 24 * * *',
  '0 20-4 * * *',
  '* * 0 * *',
  '* * 32 * *',
  '0 0 L * *',
  '0 0 15W * *',
  '* * * 0 *',
  '* * * 13 *',
  '* * * * 8',
  '0 0 * * 6-0',
  'CRON_TZ=Europe/Berlin 0 0 1 1 *',
] as const;

/** Rejected only by `readCron`, which may accept less than the server but never more. */
const REJECTED_HERE = [
  '@daily',
  '@every 4h',
  '0 0 * * MON',
  '0 0 1 JAN *',
  '0 0 * * 1#2',
  '+5 0 1 1 *',
  '007 0 1 1 *',
  '0 0 1 1 * 2028',
] as const;

/** Accepted by the server, which never starts a run. */
const NEVER = ['0 0 31 2 *', '0 0 30 2 1', '0 0 31 4,6,9,11 *'] as const;

const { Timestamp } = proto.google.protobuf;

describe('cron expressions on a real Temporal server', function () {
  this.timeout(60_000);
  let server: ScheduleServer;

  before(async () => {
    server = await startScheduleServer();
  });

  after(() => server?.stop());

  /** Lists the starts that the server computes for a cron expression in the two years, in seconds since 1970. */
  async function listStarts(cron: string): Promise<number[]> {
    const scheduleId = randomUUID();
    await server.client.schedule.create({
      scheduleId,
      spec: { cronExpressions: [cron], timezone: 'UTC' },
      action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
      state: { paused: true },
    });
    const starts: number[] = [];
    for (;;) {
      const { startTime } = await server.client.workflowService.listScheduleMatchingTimes({
        namespace: 'default',
        scheduleId,
        startTime: Timestamp.fromObject({ seconds: starts.at(-1) ?? START_S - 1 }),
        endTime: Timestamp.fromObject({ seconds: START_S + DAYS * DAY_S - 1 }),
      });
      starts.push(...startTime.map(({ seconds }) => Number(seconds)));
      if (startTime.length < PAGE) return starts;
    }
  }

  for (const cron of ACCEPTED) {
    it(`reads ${cron.trim().replace(/\s+/g, ' ')} as the configuration does`, async () => {
      const starts = await listStarts(cron);
      const gapsS = starts.slice(1).map((start, index) => start - (starts[index] ?? 0));
      // With a single run in the two years, the configuration uses the whole two years as the interval.
      if (gapsS.length === 0) gapsS.push(DAYS * DAY_S);
      assert.deepEqual(readCron(cron), {
        times: {
          longestIntervalMs: Math.max(...gapsS) * 1000,
          shortestIntervalMs: Math.min(...gapsS) * 1000,
          runsPerDay: starts.length / DAYS,
        },
      });
    });
  }

  for (const cron of NEVER) {
    it(`never starts a run for ${cron}, as the configuration reports`, async () => {
      assert.deepEqual(await listStarts(cron), []);
      assert.deepEqual(readCron(cron), { problem: 'never fires' });
    });
  }

  for (const cron of REJECTED) {
    it(`rejects ${JSON.stringify(cron)}, as the configuration does`, async () => {
      // The client throws this for an invalid argument.
      await assert.rejects(listStarts(cron), TypeError);
      assert.ok('problem' in readCron(cron));
    });
  }

  for (const cron of REJECTED_HERE) {
    it(`accepts ${cron}, which the configuration rejects`, async () => {
      assert.ok((await listStarts(cron)).length > 0);
      assert.ok('problem' in readCron(cron));
    });
  }

  for (const cron of ['0 */4 * * 1-7', '0 */4 * * 1/1']) {
    it(`never starts on Sunday for ${cron}, which the configuration rejects`, async () => {
      const weekdays = (await listStarts(cron)).map((start) => new Date(start * 1000).getUTCDay());
      assert.deepEqual(
        [...new Set(weekdays)].toSorted((a, b) => a - b),
        [1, 2, 3, 4, 5, 6],
      );
      assert.deepEqual(readCron(cron), {
        problem: 'has days of the week from 1 to 7, which Temporal reads as Monday to Saturday',
        remedy: 'Use `*` for every day of the week.',
      });
    });
  }
});

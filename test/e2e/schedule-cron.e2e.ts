// What the server makes of cron expressions, compared with what the configuration reckons of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readCron } from '../../src/config/cron.js';
import { startScheduleServer, type ScheduleServer } from './schedule-server.js';

describe('cron expressions on a real Temporal server', function () {
  this.timeout(60_000);
  let server: ScheduleServer;

  before(async () => {
    server = await startScheduleServer();
  });

  after(() => server?.stop());

  /** The next ten starts that the server makes of a cron expression. */
  async function nextStarts(cron: string): Promise<Date[]> {
    const scheduleId = randomUUID();
    const handle = await server.client.schedule.create({
      scheduleId,
      spec: { cronExpressions: [cron] },
      action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none' },
      state: { paused: true },
    });
    return (await handle.describe()).info.nextActionTimes;
  }

  for (const cron of ['0 */4 * * *', '55 5,17 * * *', '0 8-18/2 * * *', '5/20 * * * *', '0 12 * * 1,4']) {
    it(`reads ${cron} as the configuration does`, async () => {
      const starts = await nextStarts(cron);
      const gapsMs = starts.slice(1).map((start, index) => start.getTime() - (starts[index]?.getTime() ?? 0));
      const reading = readCron(cron);
      assert.ok('times' in reading);
      const { longestIntervalMs, shortestIntervalMs } = reading.times;
      assert.deepEqual([Math.max(...gapsMs), Math.min(...gapsMs)], [longestIntervalMs, shortestIntervalMs]);
    });
  }

  it('starts on days that are both the 1st and a Monday, other than Unix, as the configuration reckons', async () => {
    const starts = await nextStarts('0 0 1 * 1');
    assert.ok(starts.length > 1);
    assert.ok(starts.every((start) => start.getUTCDate() === 1 && start.getUTCDay() === 1));
  });
});

// What the schedule commands say about a schedule that was paused, edited or deleted in Temporal, and without secrets.
import assert from 'node:assert/strict';
import type { ScheduleUpdateOptions } from '@temporalio/client';
import type { ApplyDocument, ChangeDocument } from '../../scripts/format-apply.js';
import type { ScheduleDocument } from '../../scripts/format-schedule.js';
import { ScheduleOverlapPolicy } from '@temporalio/client';
import { findDifferences } from '../../src/schedule/schedule-state.js';
import { createScheduleFixture, type ScheduleFixture } from './schedule-fixture.js';
import { configEvery, startScheduleServer, type ScheduleServer } from './schedule-server.js';

const HOUR_MS = 3_600_000;

describe('a schedule that is not as configured, on a real Temporal server', function () {
  this.timeout(180_000);
  let server: ScheduleServer;
  let fixture: ScheduleFixture;

  before(async () => {
    server = await startScheduleServer();
  });

  beforeEach(() => (fixture = createScheduleFixture(server)));

  after(() => server?.stop());

  async function create(times = 'every: 4h'): Promise<void> {
    fixture.write(times);
    await server.client.schedule.create(fixture.desired());
  }

  function edit(change: (options: ScheduleUpdateOptions) => Partial<ScheduleUpdateOptions>): Promise<void> {
    const handle = server.client.schedule.getHandle(fixture.id);
    return handle.update((now) => {
      const { spec, action, policies, state } = now as ScheduleUpdateOptions;
      const options = { spec, action, state, ...(policies ? { policies } : {}) };
      return { ...options, ...change(options) };
    });
  }

  async function findNow(): Promise<string[]> {
    return findDifferences(await server.client.schedule.getHandle(fixture.id).describe(), fixture.desired());
  }

  it('apply keeps a pause, says so and exits with 0', async () => {
    await create();
    await server.client.schedule.getHandle(fixture.id).pause('maintenance');
    fixture.write('every: 2h');
    const { code, stdout } = await fixture.run('schedule', 'apply');
    assert.equal(code, 0);
    assert.match(stdout, /^Schedule \S+ updated\.\n[^]*still paused: run `schedule unpause`/);
    const again = await fixture.runJson<ApplyDocument>('schedule', 'apply');
    assert.deepEqual([again.outcome, again.paused, again.nextRunAt], ['unchanged', true, null]);
    // A second pause keeps the note of the first.
    const paused = await fixture.runJson<ChangeDocument>('schedule', 'pause');
    assert.equal(paused.outcome, 'paused');
    const { state } = await server.client.schedule.getHandle(fixture.id).describe();
    assert.equal(state.note, 'maintenance');
    const unpaused = await fixture.runJson<ChangeDocument>('schedule', 'unpause');
    assert.ok(Date.parse(unpaused.nextRunAt ?? '') > Date.now());
  });

  it('describe shows what is in Temporal and how it differs from the file, and apply restores it', async () => {
    await create();
    // By the SDK, which keeps the memo.
    await edit(({ spec, action }) => ({
      spec: { ...spec, intervals: [{ every: 13 * HOUR_MS }] },
      action: { ...action, workflowExecutionTimeout: 1000, taskQueue: 'elsewhere' },
    }));
    const { code, stdout } = await fixture.run('schedule', 'describe');
    assert.equal(code, 0);
    assert.match(stdout, /^Schedule \S+: every 13 h, jitter 5 min, task queue elsewhere\.\n/);
    assert.match(stdout, /PROBLEM: it starts runs up to 13 h 5 min apart; tokens expire after 12 h\./);
    assert.match(stdout, /PROBLEM: it ends each run after 1 s/);
    assert.match(stdout, /interval 13 h instead of 4 h/);
    const document = await fixture.runJson<ScheduleDocument>('schedule', 'describe');
    assert.deepEqual(
      [document.upToDate, document.everyMs, document.executionTimeoutMs, document.taskQueue],
      [false, 13 * HOUR_MS, 1000, 'elsewhere'],
    );
    assert.equal((await fixture.runJson<ApplyDocument>('schedule', 'apply')).outcome, 'updated');
    const restored = await fixture.runJson<ScheduleDocument>('schedule', 'describe');
    assert.deepEqual([restored.upToDate, restored.differences, restored.problems], [true, [], []]);
  });

  const EDITS: readonly {
    readonly title: string;
    readonly change: (options: ScheduleUpdateOptions) => Partial<ScheduleUpdateOptions>;
    readonly expected: string;
  }[] = [
    {
      title: 'another jitter',
      change: ({ spec }) => ({ spec: { ...spec, jitter: 0 } }),
      expected: 'jitter 0 s instead of 5 min',
    },
    {
      title: 'a phase',
      change: ({ spec }) => ({ spec: { ...spec, intervals: [{ every: 4 * HOUR_MS, offset: HOUR_MS }] } }),
      expected: 'times',
    },
    {
      title: 'an end',
      change: ({ spec }) => ({ spec: { ...spec, endAt: new Date(Date.now() + HOUR_MS) } }),
      expected: 'end',
    },
    {
      title: 'a start in the future',
      change: ({ spec }) => ({ spec: { ...spec, startAt: new Date(Date.now() + HOUR_MS) } }),
      expected: 'start',
    },
    {
      title: 'skipped times',
      change: ({ spec }) => ({ spec: { ...spec, skip: [{ hour: 4 }] } }),
      expected: 'skipped times',
    },
    {
      title: 'additional times',
      change: ({ spec }) => ({ spec: { ...spec, calendars: [{ hour: 4 }] } }),
      expected: 'interval by calendar instead of 4 h',
    },
    {
      title: 'other arguments',
      change: ({ action }) => ({ action: { ...action, args: [{ retryForMs: 1 }] } }),
      expected: 'retryFor',
    },
    {
      title: 'a run timeout',
      change: ({ action }) => ({ action: { ...action, workflowRunTimeout: 1000 } }),
      expected: 'time limit of a run',
    },
    {
      title: 'another overlap policy',
      change: ({ policies }) => ({ policies: { ...policies, overlap: ScheduleOverlapPolicy.ALLOW_ALL } }),
      expected: 'overlap policy ALLOW_ALL instead of SKIP',
    },
    {
      title: 'a catch-up window',
      change: ({ policies }) => ({ policies: { ...policies, catchupWindow: HOUR_MS } }),
      expected: 'catch-up window 1 h instead of 4 h',
    },
    {
      title: 'pause on failure',
      change: ({ policies }) => ({ policies: { ...policies, pauseOnFailure: true } }),
      expected: 'pause on failure',
    },
    {
      title: 'a limit of runs',
      change: ({ state }) => ({ state: { ...state, remainingActions: 1 } }),
      expected: 'number of runs left',
    },
  ];
  for (const { title, change, expected } of EDITS) {
    it(`finds ${title} that was set with the memo kept, and apply restores it`, async () => {
      await create();
      assert.deepEqual(await findNow(), []);
      await edit(change);
      assert.deepEqual(await findNow(), [expected]);
      await fixture.runJson('schedule', 'apply');
      assert.deepEqual(await findNow(), []);
    });
  }

  it('compares cron expressions with what Temporal makes of them', async () => {
    for (const cron of [
      '0 */4 * * *',
      '15,45 6-20/7,23 * * *',
      '5/20 * * 1-12/1 *',
      '0 */3 * * 0-6',
      '0 */6 * * 5-7,1/2',
    ]) {
      fixture = createScheduleFixture(server, configEvery());
      await create(`allowNarrowMargin: true, cron: "${cron}"`);
      assert.deepEqual(await findNow(), [], cron);
      await edit(({ spec }) => ({
        spec: { ...spec, calendars: undefined, cronExpressions: ['0 */2 * * *'] } as never,
      }));
      assert.deepEqual(await findNow(), ['times'], cron);
    }
  });

  it('needs neither secrets nor, with --schedule-id, a file, except for apply', async () => {
    await create();
    const described = await fixture.runWithoutSecrets('schedule', 'describe');
    assert.equal(described.code, 0, described.stderr);
    assert.match(
      described.stdout,
      /It was not compared with the configuration: \S+\.yaml:\d+ airflows\[0\]\.auth\.password\S*: [^\n]+\.\n/,
    );
    for (const verb of ['pause', 'unpause', 'trigger', 'delete']) {
      const { code, stderr } = await fixture.runWithoutSecrets('schedule', verb);
      assert.deepEqual([code, stderr], [0, ''], verb);
    }
    await create();
    const noFile = ['--schedule-id', fixture.id, '--config', '/does/not/exist.yaml'];
    const { stdout } = await fixture.runWithoutSecrets('schedule', 'describe', ...noFile, '--json');
    const document = JSON.parse(stdout) as ScheduleDocument;
    assert.deepEqual([document.scheduleId, document.upToDate], [fixture.id, null]);
    assert.match(document.notCompared ?? '', /^\/does\/not\/exist\.yaml: does not exist/);
    for (const verb of ['pause', 'unpause', 'trigger', 'delete']) {
      const { code, stderr } = await fixture.runWithoutSecrets('schedule', verb, ...noFile);
      assert.deepEqual([code, stderr], [0, ''], verb);
    }
    const { code, stderr } = await fixture.runWithoutSecrets('schedule', 'apply');
    assert.equal(code, 78);
    assert.match(stderr, /auth\.password/);
  });
});

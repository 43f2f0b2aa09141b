// What the configuration accepts as a schedule leaves each run the time that it needs, whether written as an interval
// or as a cron expression.
import assert from 'node:assert/strict';
import { scheduleSchema } from '../../src/config/schema/schedule.js';
import { backoffMs, limitsNow, runBounds } from '../../src/refresh/activity-limits.js';
import type { StepName } from '../../src/refresh/activity-types.js';
import type { ScheduleSettings } from '../../src/refresh/schedule-margins.js';

/** The steps of a run over one page, which happen one after another. */
const STEPS: readonly StepName[] = [
  'planRefresh',
  'inspectConnections',
  'extractToken',
  'updateConnections',
  'testDocker',
];
const SAMPLES = 3000;

const CRON_EXPRESSIONS = [
  '0 */4 * * *',
  '*/3 * * * *',
  '*/7 * * * *',
  '0,3 * * * *',
  '0,2 * * * *',
  '*/1 * * * *',
  '5 0-23/2 * * *',
  '59 23,0 * * *',
  '0 0,5,8,11,14,19 * * *',
  '0 */4 1-15 * *',
];

/** The same numbers from 0 to 1 in every test run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

function pick(random: () => number, ...choices: readonly (() => string | undefined)[]): string | undefined {
  return choices[Math.floor(random() * choices.length)]?.();
}

/** A setting as users write it; more short durations than long ones. */
function randomDuration(random: () => number, maxSeconds: number): string {
  return `${Math.ceil(maxSeconds ** random())}s`;
}

function randomSchedule(random: () => number): object {
  const duration = (maxSeconds: number) => () => randomDuration(random, maxSeconds);
  const absent = (): undefined => undefined;
  const [every, cron] =
    random() < 0.7
      ? [pick(random, duration(900), duration(86_400))]
      : [undefined, CRON_EXPRESSIONS[Math.floor(random() * CRON_EXPRESSIONS.length)]];
  const settings = {
    every,
    cron,
    jitter: pick(random, absent, () => '0s', duration(7200)),
    retryFor: pick(random, absent, duration(600), duration(43_200)),
    allowNarrowMargin: true,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** What is wrong with the time of a run whose first task is not late; undefined if nothing is. */
function findLackOfTime({ retryForMs, executionTimeoutMs }: ScheduleSettings): string | undefined {
  const run = runBounds(0, retryForMs, executionTimeoutMs);
  let nowMs = 0;
  for (const step of STEPS) {
    const first = limitsNow(step, { attemptsBefore: 0 }, nowMs, run);
    if (!first) return `no first attempt of ${step}`;
    nowMs += first.startToCloseMs + backoffMs(step, 1, retryForMs);
    const retries = limitsNow(step, { attemptsBefore: 1 }, nowMs, run);
    if (!retries || retries.maximumAttempts !== undefined) return `no retry of ${step}`;
    // Each attempt takes as long as it may.
    const twoRetriesMs = retries.startToCloseMs + retries.firstRetryMs + retries.startToCloseMs;
    if (twoRetriesMs > retries.scheduleToCloseMs) return `no second retry of ${step}`;
    nowMs += twoRetriesMs;
  }
  return nowMs <= run.deadlineMs ? undefined : 'the run ends after its deadline';
}

describe('a schedule', () => {
  function parse(schedule: object): ScheduleSettings | undefined {
    const parsed = scheduleSchema.safeParse(schedule);
    return parsed.success ? parsed.data : undefined;
  }

  it('that is accepted leaves a run over one page time for two retries of every step', () => {
    const random = createRandom(16);
    let accepted = 0;
    let withCron = 0;
    for (let sample = 0; sample < SAMPLES; sample += 1) {
      const schedule = randomSchedule(random);
      const settings = parse(schedule);
      if (!settings) continue;
      accepted += 1;
      if ('cron' in settings.cadence) withCron += 1;
      assert.equal(findLackOfTime(settings), undefined, JSON.stringify(schedule));
      assert.ok(
        settings.executionTimeoutMs + settings.jitterMs < settings.shortestIntervalMs,
        `${JSON.stringify(schedule)}: a run ends before the next may start`,
      );
    }
    assert.ok(accepted > 300 && withCron > 100, `${accepted} accepted, ${withCron} with cron`);
    assert.ok(accepted < SAMPLES * 0.9, 'some are rejected');
  });

  it('with the least time that is accepted leaves it, too', () => {
    for (const schedule of [{ every: '3m' }, { cron: '*/3 * * * *' }, { every: '4m', jitter: '80s' }]) {
      const settings = parse(schedule);
      assert.ok(settings, JSON.stringify(schedule));
      assert.equal(findLackOfTime(settings), undefined);
    }
  });

  it('is rejected if a run would have no time', () => {
    for (const schedule of [
      { every: '1m' },
      { every: '2m' },
      { every: '179s' },
      { cron: '* * * * *' },
      { cron: '*/2 * * * *' },
      { cron: '0,2 * * * *' },
      { cron: '59,0 * * * *' },
      { every: '4m', jitter: '81s' },
      { every: '4h', retryFor: '99s' },
    ]) {
      assert.equal(parse(schedule), undefined, JSON.stringify(schedule));
    }
  });
});

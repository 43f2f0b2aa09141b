import assert from 'node:assert/strict';

import {
  checkSchedule,
  describeShortLifetime,
  describeSchedule,
  formatDuration,
  computeIntervals,
  planSchedule,
  survivableOutageMs,
  tokensPerDay,
  type ScheduleRequest,
  type ScheduleSettings,
} from '../../src/refresh/schedule-margins.js';
import { ECR_TOKEN_LIFE_MS } from '../../src/refresh/token.js';

const S = 1000;
const MIN = 60 * S;
const HOUR = 60 * MIN;

function plan(everyMs: number, more: Partial<ScheduleRequest> = {}): ScheduleSettings {
  return planSchedule({
    id: 'ecr-refresh',
    cadence: { everyMs },
    times: computeIntervals(everyMs),
    allowNarrowMargin: false,
    ...more,
  });
}

describe('planSchedule', () => {
  it('ends a run 5 min before the next may start, and its retries 5 min before that', () => {
    const { jitterMs, retryForMs, executionTimeoutMs } = plan(4 * HOUR);
    assert.deepEqual(
      [jitterMs, retryForMs, executionTimeoutMs],
      [5 * MIN, 3 * HOUR + 45 * MIN, 3 * HOUR + 50 * MIN],
    );
  });

  it('reduces both margins to an eighth of intervals below 40 min', () => {
    assert.deepEqual(
      [40 * MIN, 16 * MIN, 4 * MIN, 3 * MIN].map((everyMs) => {
        const { jitterMs, retryForMs, executionTimeoutMs } = plan(everyMs);
        return [jitterMs / S, retryForMs / S, executionTimeoutMs / S];
      }),
      [
        [300, 1500, 1800],
        [120, 600, 720],
        [30, 150, 180],
        [22, 114, 136],
      ],
    );
  });

  it('derives the timeouts from the shortest of unequal intervals', () => {
    const times = { longestIntervalMs: 5 * HOUR, shortestIntervalMs: 3 * HOUR, runsPerDay: 6 };
    const settings = plan(0, { cadence: { cron: '0 0,5,8,11,14,19 * * *' }, times });
    assert.equal(settings.executionTimeoutMs, 3 * HOUR - 10 * MIN);
    assert.equal(settings.retryForMs, 3 * HOUR - 15 * MIN);
  });

  it('rejects settings with a timeout below 100 s', () => {
    for (let everyMs = 3 * MIN; everyMs <= 9 * HOUR; everyMs += 7 * S) {
      for (const jitterMs of [undefined, 0, Math.floor(everyMs / 2) - 1]) {
        const settings = plan(everyMs, { jitterMs, allowNarrowMargin: true });
        const found = checkSchedule(settings, ECR_TOKEN_LIFE_MS).map(({ setting }) => setting);
        const isTooShort = settings.retryForMs < 100 * S;
        assert.deepEqual(found, isTooShort ? ['jitter'] : [], describeSchedule(settings, ECR_TOKEN_LIFE_MS));
        // The default jitter always fits.
        assert.ok(!isTooShort || jitterMs !== undefined);
        assert.ok(settings.executionTimeoutMs > settings.retryForMs);
        assert.ok(settings.executionTimeoutMs + settings.jitterMs < everyMs);
      }
    }
  });
});

describe('survivableOutageMs', () => {
  for (const { title, settings, expectedMs } of [
    { title: '7 h 30 min with the defaults', settings: plan(4 * HOUR), expectedMs: 7 * HOUR + 30 * MIN },
    { title: '5 h 30 min every 6 h', settings: plan(6 * HOUR), expectedMs: 5 * HOUR + 30 * MIN },
    {
      title: 'less when a run stops retrying early',
      settings: plan(4 * HOUR, { retryForMs: HOUR }),
      expectedMs: 4 * HOUR + 45 * MIN,
    },
    { title: '2 h 30 min every 9 h', settings: plan(9 * HOUR), expectedMs: 2 * HOUR + 30 * MIN },
    { title: 'nothing every 12 h', settings: plan(12 * HOUR), expectedMs: 0 },
  ] as const) {
    it(`is ${title}`, () => {
      assert.equal(survivableOutageMs(settings, ECR_TOKEN_LIFE_MS), expectedMs);
    });
  }
});

describe('checkSchedule', () => {
  const found = (settings: ScheduleSettings): string[] =>
    checkSchedule(settings, ECR_TOKEN_LIFE_MS).map(({ setting }) => setting);

  it('accepts the defaults', () => {
    assert.deepEqual(found(plan(4 * HOUR)), []);
  });

  it('rejects an interval below 3 min', () => {
    assert.deepEqual(found(plan(3 * MIN - S)), ['every']);
    assert.deepEqual(found(plan(3 * MIN)), []);
    const [problem] = checkSchedule(plan(30 * S), ECR_TOKEN_LIFE_MS);
    assert.equal(problem?.message, 'is below the minimum of 3m');
  });

  it('rejects jitter of half the interval or more', () => {
    assert.deepEqual(found(plan(2 * HOUR, { jitterMs: HOUR })), ['jitter']);
    assert.deepEqual(found(plan(2 * HOUR, { jitterMs: HOUR - S })), []);
  });

  it('rejects jitter that leaves less than 100 s for retries', () => {
    assert.deepEqual(found(plan(4 * MIN, { jitterMs: 80 * S })), []);
    assert.deepEqual(found(plan(4 * MIN, { jitterMs: 81 * S })), ['jitter']);
    const [problem] = checkSchedule(plan(4 * MIN, { jitterMs: 100 * S }), ECR_TOKEN_LIFE_MS);
    assert.equal(problem?.message, 'leaves 80s for retries between two runs, below the minimum of 100s');
    assert.equal(problem.remedy, 'Remove `jitter`; the default is 30s.');
  });

  it('rejects a retryFor that is too long for the interval, or below 100 s', () => {
    assert.deepEqual(found(plan(4 * HOUR, { retryForMs: 225 * MIN })), []);
    assert.deepEqual(found(plan(4 * HOUR, { retryForMs: 225 * MIN + S })), ['retryFor']);
    assert.deepEqual(found(plan(4 * HOUR, { retryForMs: 99 * S })), ['retryFor']);
    assert.deepEqual(found(plan(4 * HOUR, { retryForMs: 100 * S })), []);
  });

  it('rejects a margin below 2 h unless allowNarrowMargin is set', () => {
    assert.deepEqual(found(plan(9 * HOUR + 30 * MIN)), []);
    assert.deepEqual(found(plan(9 * HOUR + 31 * MIN)), ['every']);
    assert.deepEqual(found(plan(9 * HOUR + 31 * MIN, { allowNarrowMargin: true })), []);
  });

  it('names retryFor or jitter as the cause of a narrow margin when its default would be enough', () => {
    for (const { settings, setting } of [
      { settings: plan(8 * HOUR, { retryForMs: HOUR }), setting: 'retryFor' },
      { settings: plan(8 * HOUR, { jitterMs: 3 * HOUR }), setting: 'jitter' },
      { settings: plan(11 * HOUR, { jitterMs: 0, retryForMs: HOUR }), setting: 'every' },
    ] as const) {
      const [problem] = checkSchedule(settings, ECR_TOKEN_LIFE_MS);
      assert.equal(problem?.setting, setting);
      assert.match(problem.remedy, setting === 'every' ? /every: 4h/ : /Remove `/);
    }
  });

  it('rejects gaps as long as the lifetime of tokens', () => {
    const cadence = { cron: '55 5,17 * * *' };
    const [problem] = checkSchedule(
      plan(0, { cadence, times: computeIntervals(12 * HOUR) }),
      ECR_TOKEN_LIFE_MS,
    );
    assert.equal(problem?.setting, 'cron');
    assert.match(
      problem.message,
      /up to 12 h 5 min apart including jitter, too long for tokens that expire after 12 h/,
    );
    assert.match(problem.remedy, /every: 4h.*allowNarrowMargin: true/);
  });

  it('reports the longest survivable outage when it is below 2 h', () => {
    const messageFor = (everyMs: number): string | undefined =>
      checkSchedule(plan(everyMs), ECR_TOKEN_LIFE_MS)[0]?.message;
    assert.equal(messageFor(11 * HOUR), 'survives only outages of up to 30 min; the minimum is 2 h');
    assert.equal(messageFor(11 * HOUR + 40 * MIN), 'survives no outage; the minimum is 2 h');
  });
});

describe('survivableOutageMs with tokens that expire in less than 12 h', () => {
  for (const { title, tokenLifeMs, expectedMs } of [
    { title: '1 h for tokens of 5 h 30 min', tokenLifeMs: 5.5 * HOUR, expectedMs: HOUR },
    { title: '1 ms for tokens of 4 h 30 min and 1 ms', tokenLifeMs: 4.5 * HOUR + 1, expectedMs: 1 },
    { title: 'nothing for tokens of 4 h 30 min', tokenLifeMs: 4.5 * HOUR, expectedMs: 0 },
    { title: 'nothing for tokens of a minute', tokenLifeMs: MIN, expectedMs: 0 },
  ] as const) {
    it(`is ${title}`, () => assert.equal(survivableOutageMs(plan(4 * HOUR), tokenLifeMs), expectedMs));
  }
});

describe('describeShortLifetime', () => {
  const apart = 'runs are up to 4 h 5 min apart';
  for (const { title, tokenLifeMs, words } of [
    { title: '12 h', tokenLifeMs: 12 * HOUR, words: undefined },
    { title: '6 h 30 min', tokenLifeMs: 6.5 * HOUR, words: undefined },
    {
      title: '1 s less than 6 h 30 min',
      tokenLifeMs: 6.5 * HOUR - S,
      words: `${apart}, so refreshes survive only outages of up to 1 h 59 min 59 s`,
    },
    {
      title: '4 h 30 min and 1 s',
      tokenLifeMs: 4.5 * HOUR + S,
      words: `${apart}, so refreshes survive only outages of up to 1 s`,
    },
    { title: '4 h 30 min', tokenLifeMs: 4.5 * HOUR, words: `${apart}, so refreshes survive no outage` },
    {
      title: '4 h 10 min',
      tokenLifeMs: 4 * HOUR + 10 * MIN,
      words: `${apart}, so refreshes survive no outage`,
    },
    {
      title: '1 ms less than 4 h 10 min',
      tokenLifeMs: 4 * HOUR + 10 * MIN - 1,
      words: `${apart}, so it expires before the next run`,
    },
    { title: '10 min', tokenLifeMs: 10 * MIN, words: `${apart}, so it expires before the next run` },
    { title: '0 s', tokenLifeMs: 0, words: `${apart}, so it expires before the next run` },
  ] as const) {
    it(`returns ${words === undefined ? 'nothing' : `"${words}"`} for a token lifetime of ${title}`, () =>
      assert.equal(describeShortLifetime(plan(4 * HOUR), tokenLifeMs), words));
  }

  it('returns nothing when allowNarrowMargin is set', () =>
    assert.equal(describeShortLifetime(plan(4 * HOUR, { allowNarrowMargin: true }), MIN), undefined));
});

describe('describeSchedule', () => {
  it('shows settings, survivable outage and cost in one line', () => {
    assert.equal(
      describeSchedule(plan(4 * HOUR), ECR_TOKEN_LIFE_MS),
      'every 4 h, jitter 5 min: survives outages of up to 7 h 30 min; 6 tokens a day per region',
    );
    assert.equal(
      describeSchedule(plan(24 * HOUR), ECR_TOKEN_LIFE_MS),
      'every 24 h, jitter 5 min: tokens expire between two runs; 1 token a day per region',
    );
    assert.equal(
      describeSchedule(plan(11 * HOUR + 40 * MIN), ECR_TOKEN_LIFE_MS),
      'every 11 h 40 min, jitter 5 min: survives no outage; 2.1 tokens a day per region',
    );
    const times = { longestIntervalMs: 5 * HOUR, shortestIntervalMs: 3 * HOUR, runsPerDay: 6 };
    assert.equal(
      describeSchedule(plan(0, { cadence: { cron: '0 0,5,8,11,14,19 * * *' }, times }), ECR_TOKEN_LIFE_MS),
      'cron 0 0,5,8,11,14,19 * * * (UTC, up to 5 h apart), jitter 5 min: survives outages of up to 4 h 30 min; 6 tokens a day per region',
    );
  });
});

describe('tokensPerDay', () => {
  it('counts one token per run', () => {
    assert.equal(tokensPerDay(plan(4 * HOUR)), 6);
    assert.equal(tokensPerDay(plan(7 * HOUR)), 3.4);
  });
});

describe('formatDuration', () => {
  for (const { ms, text } of [
    { ms: 0, text: '0 s' },
    { ms: 999, text: '0 s' },
    { ms: 45 * S, text: '45 s' },
    { ms: 90 * S, text: '1 min 30 s' },
    { ms: 5 * MIN, text: '5 min' },
    { ms: 7 * HOUR + 30 * MIN, text: '7 h 30 min' },
    { ms: 4 * HOUR + 5 * S, text: '4 h 5 s' },
    { ms: 47 * HOUR, text: '47 h' },
    { ms: 48 * HOUR, text: '2 d' },
    { ms: 76 * HOUR, text: '3 d 4 h' },
    { ms: -5 * MIN, text: '-5 min' },
  ] as const) {
    it(`formats ${ms} ms as ${text}`, () => {
      assert.equal(formatDuration(ms), text);
    });
  }
});

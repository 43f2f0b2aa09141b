import assert from 'node:assert/strict';
import { computeIntervals, planSchedule, type ScheduleSettings } from '../../src/refresh/schedule-margins.js';
import { DEFAULT_PRINCIPAL, tokenGroup } from '../../src/refresh/token-group.js';
import { tokenWarnings } from '../../src/refresh/token-info.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ISSUED_AT = new Date('2026-01-01T00:00:00.000Z');
const GROUP = tokenGroup(DEFAULT_PRINCIPAL, 'us-east-1', { service: 'ecr', fips: false, dualStack: false });
const ARN = 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test';

function every(hours: number, allowNarrowMargin = false): ScheduleSettings {
  return planSchedule({
    id: 'ecr-refresh',
    cadence: { everyMs: hours * HOUR },
    times: computeIntervals(hours * HOUR),
    allowNarrowMargin,
  });
}

function after(ms: number): Date {
  return new Date(ISSUED_AT.getTime() + ms);
}

interface Life {
  readonly lifeMs?: number;
  readonly sessionMs?: number;
  readonly clockOffsetMs?: number;
  readonly principalArn?: string | null;
}

function warningsOf(life: Life, schedule = every(4)): string[] {
  const { lifeMs = 12 * HOUR, sessionMs, clockOffsetMs = 0, principalArn = ARN } = life;
  const token = {
    group: GROUP,
    principalArn,
    issuedAt: ISSUED_AT,
    expiresAt: after(lifeMs),
    sessionEndsAt: sessionMs === undefined ? undefined : after(sessionMs),
    clockOffsetMs,
  };
  return tokenWarnings(token, schedule);
}

const SESSION_OF_1_H =
  `Tokens of ${ARN} can be relied on until 2026-01-01T01:00:00.000Z only: the AWS session behind them ends then, and ` +
  'AWS does not say that they outlive it; ';
const ADVICE = ' Let the session last longer, or run more often.';

describe('tokenWarnings', () => {
  for (const { title, life, schedule } of [
    { title: 'a token of 12 h', life: {}, schedule: every(4) },
    { title: 'a token of 11 h', life: { lifeMs: 11 * HOUR }, schedule: every(4) },
    { title: 'a token whose session lasts 12 h', life: { sessionMs: 12 * HOUR }, schedule: every(4) },
    {
      title: 'a token whose session lasts 1 ms less than 12 h',
      life: { sessionMs: 12 * HOUR - 1 },
      schedule: every(4),
    },
    {
      title: 'a session of 6 h 30 min, which lets an outage of 2 h pass',
      life: { sessionMs: 6.5 * HOUR },
      schedule: every(4),
    },
    { title: 'a session of 1 h with allowNarrowMargin', life: { sessionMs: HOUR }, schedule: every(4, true) },
    {
      title: 'a token of 12 h under a narrow schedule that the user insists on',
      life: {},
      schedule: every(11, true),
    },
  ] as const) {
    it(`has nothing to say of ${title}`, () => assert.deepEqual(warningsOf(life, schedule), []));
  }

  for (const { title, life, schedule, warning } of [
    {
      title: 'a token of 1 ms less than 11 h, and not of the schedule',
      life: { lifeMs: 11 * HOUR - 1 },
      schedule: every(4),
      warning: `The token of default/us-east-1 lives 10 h 59 min 59 s, until 2026-01-01T10:59:59.999Z, in place of 12 h.`,
    },
    {
      title: 'a token of 10 min',
      life: { lifeMs: 10 * MINUTE },
      schedule: every(4),
      warning:
        `The token of default/us-east-1 lives 10 min, until 2026-01-01T00:10:00.000Z, in place of 12 h; ` +
        'runs are up to 4 h 5 min apart, so it ends before the next one.',
    },
    {
      title: 'a token of 60 s',
      life: { lifeMs: MINUTE },
      schedule: every(4),
      warning:
        `The token of default/us-east-1 lives 1 min, until 2026-01-01T00:01:00.000Z, in place of 12 h; ` +
        'runs are up to 4 h 5 min apart, so it ends before the next one.',
    },
    {
      title: 'a token of 10 min with allowNarrowMargin, and not of the schedule',
      life: { lifeMs: 10 * MINUTE },
      schedule: every(4, true),
      warning: `The token of default/us-east-1 lives 10 min, until 2026-01-01T00:10:00.000Z, in place of 12 h.`,
    },
    {
      title: 'a session of 1 h under a schedule of 4 h',
      life: { sessionMs: HOUR },
      schedule: every(4),
      warning: `${SESSION_OF_1_H}runs are up to 4 h 5 min apart, so it ends before the next one.${ADVICE}`,
    },
    {
      title: 'a session of 1 ms less than 6 h 30 min',
      life: { sessionMs: 6.5 * HOUR - 1 },
      schedule: every(4),
      warning:
        `Tokens of ${ARN} can be relied on until 2026-01-01T06:29:59.999Z only: the AWS session behind them ends then, ` +
        'and AWS does not say that they outlive it; ' +
        `runs are up to 4 h 5 min apart, so refreshes survive only outages of up to 1 h 59 min 59 s.${ADVICE}`,
    },
    {
      title: 'a clock 4 min behind',
      life: { clockOffsetMs: 4 * MINUTE },
      schedule: every(4),
      warning: 'The clock of the worker is 4 min behind that of AWS: set it right.',
    },
    {
      title: 'a clock 4 min ahead',
      life: { clockOffsetMs: -4 * MINUTE },
      schedule: every(4),
      warning: 'The clock of the worker is 4 min ahead of that of AWS: set it right.',
    },
  ] as const) {
    it(`warns of ${title}`, () => assert.deepEqual(warningsOf(life, schedule), [warning]));
  }

  it('names the principal where AWS did not return its ARN', () => {
    const [warning] = warningsOf({ sessionMs: HOUR, principalArn: null });
    assert.match(warning ?? '', /^Tokens of default can be relied on until /);
  });

  it('warns of everything at once', () => {
    const warnings = warningsOf({ lifeMs: 2 * HOUR, sessionMs: HOUR, clockOffsetMs: HOUR });
    assert.deepEqual(
      warnings.map((warning) => warning.split(' ', 3).join(' ')),
      ['The token of', `Tokens of ${ARN}`, 'The clock of'],
    );
  });
});

import assert from 'node:assert/strict';
import { computeIntervals, planSchedule, type ScheduleSettings } from '../../src/refresh/schedule-margins.js';
import { DEFAULT_PRINCIPAL, tokenGroup } from '../../src/refresh/token-group.js';
import { findSessionWarning, tokenWarnings } from '../../src/refresh/token-info.js';

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

interface Lifetime {
  readonly lifetimeMs?: number;
  readonly sessionMs?: number;
  readonly clockOffsetMs?: number;
  readonly principalArn?: string | null;
}

function getWarnings(lifetime: Lifetime, schedule = every(4)): string[] {
  const { lifetimeMs = 12 * HOUR, sessionMs, clockOffsetMs = 0, principalArn = ARN } = lifetime;
  const token = {
    group: GROUP,
    principalArn,
    issuedAt: ISSUED_AT,
    expiresAt: after(lifetimeMs),
    sessionEndsAt: sessionMs === undefined ? undefined : after(sessionMs),
    clockOffsetMs,
  };
  const sessionWarning = findSessionWarning(token, schedule);
  return [...tokenWarnings(token, schedule), ...(sessionWarning === undefined ? [] : [sessionWarning])];
}

const SESSION_OF_1_H =
  `Tokens of ${ARN} end with their AWS session, this one at 2026-01-01 01:00 UTC: the registry rejected an earlier ` +
  'one after its session; ';
const ADVICE = ' Use a longer session, or run more often.';

describe('tokenWarnings', () => {
  for (const { title, lifetime, schedule } of [
    { title: 'a token of 12 h', lifetime: {}, schedule: every(4) },
    { title: 'a token of 11 h', lifetime: { lifetimeMs: 11 * HOUR }, schedule: every(4) },
    { title: 'a token whose session lasts 12 h', lifetime: { sessionMs: 12 * HOUR }, schedule: every(4) },
    {
      title: 'a token whose session lasts 1 ms less than 12 h',
      lifetime: { sessionMs: 12 * HOUR - 1 },
      schedule: every(4),
    },
    {
      title: 'a session of 6 h 30 min, which survives an outage of 2 h',
      lifetime: { sessionMs: 6.5 * HOUR },
      schedule: every(4),
    },
    {
      title: 'a session of 1 h with allowNarrowMargin',
      lifetime: { sessionMs: HOUR },
      schedule: every(4, true),
    },
    {
      title: 'a token of 12 h with a narrow schedule and allowNarrowMargin',
      lifetime: {},
      schedule: every(11, true),
    },
  ] as const) {
    it(`does not warn of ${title}`, () => assert.deepEqual(getWarnings(lifetime, schedule), []));
  }

  for (const { title, lifetime, schedule, warning } of [
    {
      title: 'a token of 1 ms less than 11 h, but not of the schedule',
      lifetime: { lifetimeMs: 11 * HOUR - 1 },
      schedule: every(4),
      warning:
        'The token of default/us-east-1 expires after 10 h 59 min 59 s instead of 12 h, at 2026-01-01 10:59 UTC.',
    },
    {
      title: 'a token of 10 min',
      lifetime: { lifetimeMs: 10 * MINUTE },
      schedule: every(4),
      warning:
        `The token of default/us-east-1 expires after 10 min instead of 12 h, at 2026-01-01 00:10 UTC; ` +
        'runs are up to 4 h 5 min apart, so it expires before the next run.',
    },
    {
      title: 'a token of 60 s',
      lifetime: { lifetimeMs: MINUTE },
      schedule: every(4),
      warning:
        `The token of default/us-east-1 expires after 1 min instead of 12 h, at 2026-01-01 00:01 UTC; ` +
        'runs are up to 4 h 5 min apart, so it expires before the next run.',
    },
    {
      title: 'a token of 10 min with allowNarrowMargin, but not of the schedule',
      lifetime: { lifetimeMs: 10 * MINUTE },
      schedule: every(4, true),
      warning: `The token of default/us-east-1 expires after 10 min instead of 12 h, at 2026-01-01 00:10 UTC.`,
    },
    {
      title: 'a session of 1 h with a schedule of 4 h',
      lifetime: { sessionMs: HOUR },
      schedule: every(4),
      warning: `${SESSION_OF_1_H}runs are up to 4 h 5 min apart, so it expires before the next run.${ADVICE}`,
    },
    {
      title: 'a session of 1 ms less than 6 h 30 min',
      lifetime: { sessionMs: 6.5 * HOUR - 1 },
      schedule: every(4),
      warning:
        `Tokens of ${ARN} end with their AWS session, this one at 2026-01-01 06:29 UTC: the registry rejected an ` +
        'earlier one after its session; ' +
        `runs are up to 4 h 5 min apart, so refreshes survive only outages of up to 1 h 59 min 59 s.${ADVICE}`,
    },
    {
      title: 'a clock 4 min behind',
      lifetime: { clockOffsetMs: 4 * MINUTE },
      schedule: every(4),
      warning: 'The clock of the worker is 4 min behind AWS: synchronize it.',
    },
    {
      title: 'a clock 4 min ahead',
      lifetime: { clockOffsetMs: -4 * MINUTE },
      schedule: every(4),
      warning: 'The clock of the worker is 4 min ahead of AWS: synchronize it.',
    },
  ] as const) {
    it(`warns of ${title}`, () => assert.deepEqual(getWarnings(lifetime, schedule), [warning]));
  }

  it('shows the name of the principal when AWS did not return its ARN', () => {
    const [warning] = getWarnings({ sessionMs: HOUR, principalArn: null });
    assert.match(warning ?? '', /^Tokens of default end with their AWS session, /);
  });

  it('shows all warnings together', () => {
    const warnings = getWarnings({ lifetimeMs: 2 * HOUR, sessionMs: HOUR, clockOffsetMs: HOUR });
    assert.deepEqual(
      warnings.map((warning) => warning.split(' ', 3).join(' ')),
      ['The token of', 'The clock of', `Tokens of ${ARN}`],
    );
  });
});

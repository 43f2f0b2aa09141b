import assert from 'node:assert/strict';
import {
  ACTIVITY_LIMITS,
  backoffMs,
  limitsNow,
  runBounds,
  type RunBounds,
} from '../../src/refresh/activity-limits.js';
import type { StepName } from '../../src/refresh/activity-types.js';

const S = 1000;
const MIN = 60 * S;
const STEPS = Object.keys(ACTIVITY_LIMITS) as StepName[];
const DEADLINE_MS = 225 * MIN;
const RUN: RunBounds = { deadlineMs: DEADLINE_MS, endsMs: DEADLINE_MS + 5 * MIN };

describe('limitsNow', () => {
  it('gives a step everything that is left until the deadline', () =>
    assert.deepEqual(limitsNow('updateConnections', 0, RUN), {
      startToCloseMs: 2 * MIN,
      scheduleToCloseMs: DEADLINE_MS,
    }));

  it('gives all attempts of testDocker 15 min, or what is left when that is less', () => {
    const limits = (nowMs: number) => limitsNow('testDocker', nowMs, RUN)?.scheduleToCloseMs;
    assert.equal(limits(0), 15 * MIN);
    assert.equal(limits(DEADLINE_MS - 15 * MIN), 15 * MIN);
    assert.equal(limits(DEADLINE_MS - 15 * MIN + 1), 15 * MIN - 1);
  });

  for (const step of STEPS) {
    const { startToCloseMs } = ACTIVITY_LIMITS[step];
    const oneAttempt = { startToCloseMs, scheduleToCloseMs: startToCloseMs, maximumAttempts: 1 };

    it(`still retries ${step} when exactly one attempt is left`, () =>
      assert.deepEqual(limitsNow(step, DEADLINE_MS - startToCloseMs, RUN), {
        startToCloseMs,
        scheduleToCloseMs: startToCloseMs,
      }));

    it(`gives ${step} one whole attempt when 1 ms less is left, and after the deadline`, () => {
      assert.deepEqual(limitsNow(step, DEADLINE_MS - startToCloseMs + 1, RUN), oneAttempt);
      assert.deepEqual(limitsNow(step, DEADLINE_MS, RUN), oneAttempt);
      assert.deepEqual(limitsNow(step, DEADLINE_MS + MIN, RUN), oneAttempt);
    });

    it(`does not start ${step} when its attempt would end later than 10 s before the run does`, () => {
      const lastStartMs = RUN.endsMs - startToCloseMs - 10 * S;
      assert.deepEqual(limitsNow(step, lastStartMs, RUN), oneAttempt);
      assert.equal(limitsNow(step, lastStartMs + 1, RUN), undefined);
      assert.equal(limitsNow(step, RUN.endsMs + MIN, RUN), undefined);
    });
  }

  it('always finds time for one attempt where nothing ends the run', () =>
    assert.deepEqual(limitsNow('extractToken', 99 * DEADLINE_MS, { deadlineMs: 0, endsMs: Infinity }), {
      startToCloseMs: MIN,
      scheduleToCloseMs: MIN,
      maximumAttempts: 1,
    }));

  it('never gives a limit that Temporal would take for none: zero, negative, broken or no number', () => {
    const values = [NaN, -Infinity, -1, 0, 0.5, 1, 59_999.5, 60_000, 120_000.7, DEADLINE_MS, Infinity];
    for (const step of STEPS) {
      for (const deadlineMs of values) {
        for (const endsMs of values) {
          for (const nowMs of [0, 0.5, 60_000]) {
            const limits = limitsNow(step, nowMs, { deadlineMs, endsMs });
            if (limits && limits.scheduleToCloseMs !== Infinity) {
              assert.ok(
                Number.isSafeInteger(limits.scheduleToCloseMs) && limits.scheduleToCloseMs > 0,
                `${step} ${nowMs} ${deadlineMs} ${endsMs}: ${limits.scheduleToCloseMs}`,
              );
              assert.ok(limits.scheduleToCloseMs >= limits.startToCloseMs);
            }
          }
        }
      }
    }
  });
});

describe('runBounds', () => {
  it('sets the deadline retryFor after the first task', () =>
    assert.deepEqual(runBounds(1000, 225 * MIN, 1000 + 230 * MIN), {
      deadlineMs: 1000 + 225 * MIN,
      endsMs: 1000 + 230 * MIN,
    }));

  it('keeps 5 min for the end of a run whose first task came late', () => {
    const endsMs = 230 * MIN;
    assert.equal(runBounds(MIN, 225 * MIN, endsMs).deadlineMs, 225 * MIN);
    assert.equal(runBounds(200 * MIN, 225 * MIN, endsMs).deadlineMs, 225 * MIN);
  });

  it('keeps a quarter of what is left when that is less than 5 min', () => {
    assert.equal(runBounds(210 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 225 * MIN);
    assert.equal(runBounds(222 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 228 * MIN);
  });

  it('has its deadline at the end when the first task came after it', () =>
    assert.equal(runBounds(231 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 230 * MIN));

  it('knows no end where there is no execution time-out', () =>
    assert.deepEqual(runBounds(0, MIN, Infinity), { deadlineMs: MIN, endsMs: Infinity }));
});

describe('backoffMs', () => {
  it('doubles from 2 s for ECR', () =>
    assert.deepEqual(
      [1, 2, 3, 4].map((attempt) => backoffMs('extractToken', attempt)),
      [2, 4, 8, 16].map((seconds) => seconds * S),
    ));

  it('doubles from 5 s for Airflow and caps at 5 min: 160 s, then 300 s', () =>
    assert.deepEqual(
      [1, 5, 6, 7, 8].map((attempt) => backoffMs('updateConnections', attempt)),
      [5 * S, 80 * S, 160 * S, 5 * MIN, 5 * MIN],
    ));

  it('caps planRefresh at 10 s: 8 s, then 10 s', () =>
    assert.deepEqual([backoffMs('planRefresh', 4), backoffMs('planRefresh', 5)], [8 * S, 10 * S]));

  it('stays at the cap after 5,000 attempts', () =>
    assert.equal(backoffMs('inspectConnections', 5000), 5 * MIN));
});

describe('ACTIVITY_LIMITS', () => {
  it('notices a dead worker well within an attempt, where an attempt is not short itself', () => {
    for (const step of STEPS) {
      const { heartbeatMs = 0, startToCloseMs } = ACTIVITY_LIMITS[step];
      assert.ok(heartbeatMs * 3 <= startToCloseMs, step);
    }
  });
});

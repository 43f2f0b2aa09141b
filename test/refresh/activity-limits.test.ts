import assert from 'node:assert/strict';
import {
  ACTIVITY_LIMITS,
  backoffMs,
  limitsNow,
  runBounds,
  scaleLimits,
  waitBeforeRetryMs,
  type RunBounds,
} from '../../src/refresh/activity-limits.js';
import type { StepName } from '../../src/refresh/activity-types.js';

const S = 1000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const STEPS = Object.keys(ACTIVITY_LIMITS) as StepName[];
const RETRY_FOR_MS = 225 * MIN;
const DEADLINE_MS = RETRY_FOR_MS;
const RUN: RunBounds = { deadlineMs: DEADLINE_MS, endsMs: DEADLINE_MS + 5 * MIN, retryForMs: RETRY_FOR_MS };
const FIRST = { attemptsBefore: 0 };
const RETRY = { attemptsBefore: 1 };

describe('limitsNow', () => {
  it('gives a retry all the time until the deadline', () =>
    assert.deepEqual(limitsNow('updateConnections', RETRY, 0, RUN), {
      startToCloseMs: 2 * MIN,
      scheduleToCloseMs: DEADLINE_MS,
      heartbeatMs: 10 * S,
      firstRetryMs: 10 * S,
      retryCapMs: 5 * MIN,
    }));

  it('gives a first attempt 10 s and no retry, since it counts towards the concurrency limit', () => {
    for (const step of ['planRefresh', 'inspectConnections', 'extractToken', 'updateConnections'] as const) {
      const limits = limitsNow(step, FIRST, 0, RUN);
      assert.deepEqual([limits?.startToCloseMs, limits?.maximumAttempts], [10 * S, 1], step);
      assert.equal(limits && 'heartbeatMs' in limits, false, step);
    }
    const test = limitsNow('testDocker', FIRST, 0, RUN);
    assert.deepEqual([test?.startToCloseMs, test?.maximumAttempts, test?.heartbeatMs], [MIN, 1, 10 * S]);
  });

  it('continues the backoff after earlier attempts', () => {
    const firstRetries = [1, 2, 3, 20].map(
      (attemptsBefore) => limitsNow('updateConnections', { attemptsBefore }, 0, RUN)?.firstRetryMs,
    );
    assert.deepEqual(firstRetries, [10 * S, 20 * S, 40 * S, 5 * MIN]);
  });

  it('gives all attempts of testDocker 15 min, or the rest of the run if that is less', () => {
    const limits = (nowMs: number) => limitsNow('testDocker', RETRY, nowMs, RUN)?.scheduleToCloseMs;
    assert.equal(limits(0), 15 * MIN);
    assert.equal(limits(DEADLINE_MS - 15 * MIN), 15 * MIN);
    assert.equal(limits(DEADLINE_MS - 15 * MIN + 1), 15 * MIN - 1);
  });

  for (const step of STEPS) {
    for (const how of [FIRST, RETRY]) {
      const what = how === FIRST ? `the first attempt of ${step}` : `a retry of ${step}`;
      const { attemptMs, firstAttemptMs } = ACTIVITY_LIMITS[step];
      const startToCloseMs = how === FIRST ? firstAttemptMs : attemptMs;
      const toRow = (nowMs: number): unknown => {
        const limits = limitsNow(step, how, nowMs, RUN);
        return limits && [limits.startToCloseMs, limits.scheduleToCloseMs, limits.maximumAttempts];
      };
      const oneAttempt = [startToCloseMs, startToCloseMs, 1];

      it(`limits ${what} to the deadline when there is time for exactly one attempt`, () =>
        assert.deepEqual(toRow(DEADLINE_MS - startToCloseMs), [
          startToCloseMs,
          startToCloseMs,
          how === FIRST ? 1 : undefined,
        ]));

      it(`gives ${what} one full attempt with 1 ms less, and after the deadline`, () => {
        assert.deepEqual(toRow(DEADLINE_MS - startToCloseMs + 1), oneAttempt);
        assert.deepEqual(toRow(DEADLINE_MS), oneAttempt);
        assert.deepEqual(toRow(DEADLINE_MS + MIN), oneAttempt);
      });

      it(`does not start ${what} when it would end less than 10 s before the run`, () => {
        const lastStartMs = RUN.endsMs - startToCloseMs - 10 * S;
        assert.deepEqual(toRow(lastStartMs), oneAttempt);
        assert.equal(limitsNow(step, how, lastStartMs + 1, RUN), undefined);
        assert.equal(limitsNow(step, how, RUN.endsMs + MIN, RUN), undefined);
      });
    }
  }

  it('always allows one attempt when nothing ends the run', () => {
    const endless = { deadlineMs: 0, endsMs: Infinity, retryForMs: Infinity };
    const limits = limitsNow('extractToken', RETRY, 99 * DEADLINE_MS, endless);
    assert.deepEqual(
      [limits?.startToCloseMs, limits?.scheduleToCloseMs, limits?.maximumAttempts],
      [2 * MIN, 2 * MIN, 1],
    );
  });

  it('never returns a limit that Temporal ignores or rejects: zero, negative, fractional or not a number', () => {
    const values = [NaN, -Infinity, -1, 0, 0.5, 1, 59_999.5, 60_000, 120_000.7, DEADLINE_MS, Infinity];
    for (const step of STEPS) {
      for (const deadlineMs of values) {
        for (const endsMs of values) {
          for (const retryForMs of values) {
            for (const attemptsBefore of [0, 1, 5000]) {
              assertUsable(step, { attemptsBefore }, { deadlineMs, endsMs, retryForMs });
            }
          }
        }
      }
    }
  });

  function assertUsable(step: StepName, how: typeof FIRST, run: RunBounds): void {
    for (const nowMs of [0, 0.5, 60_000]) {
      const limits = limitsNow(step, how, nowMs, run);
      if (!limits) continue;
      const { startToCloseMs, scheduleToCloseMs, heartbeatMs = 1, firstRetryMs, retryCapMs } = limits;
      const finite = [startToCloseMs, heartbeatMs, firstRetryMs, retryCapMs];
      const all = scheduleToCloseMs === Infinity ? finite : [...finite, scheduleToCloseMs];
      assert.ok(
        all.every((ms) => Number.isSafeInteger(ms) && ms > 0),
        `${step} ${nowMs} ${JSON.stringify(run)}: ${JSON.stringify(limits)}`,
      );
      assert.ok(scheduleToCloseMs >= startToCloseMs);
    }
  }
});

describe('scaleLimits', () => {
  it('keeps the limits of the table for a run that retries for long, or without a limit', () => {
    for (const step of STEPS) {
      assert.deepEqual(scaleLimits(step, RETRY_FOR_MS), ACTIVITY_LIMITS[step], step);
      assert.deepEqual(scaleLimits(step, Infinity), ACTIVITY_LIMITS[step], step);
    }
  });

  it('gives an attempt a 25th of a shorter run, and the first backoff a 100th', () => {
    const { attemptMs, firstAttemptMs, firstRetryMs, retryCapMs } = scaleLimits('updateConnections', 200 * S);
    assert.deepEqual([attemptMs, firstAttemptMs, firstRetryMs, retryCapMs], [8 * S, 8 * S, 2 * S, 5 * MIN]);
  });

  it('keeps the limits of the table for a run that has no time for retries anyway', () => {
    assert.deepEqual(scaleLimits('updateConnections', 100 * S - 1), ACTIVITY_LIMITS.updateConnections);
    const { attemptMs, firstAttemptMs, firstRetryMs } = scaleLimits('updateConnections', 100 * S);
    assert.deepEqual([attemptMs, firstAttemptMs, firstRetryMs], [4 * S, 4 * S, S]);
  });

  it('leaves time for two retries of each step when retryFor is at least 100 s', () => {
    for (let retryForMs = 100 * S; retryForMs <= 12 * HOUR; retryForMs += 100 * S) {
      const run = { deadlineMs: retryForMs, endsMs: Infinity, retryForMs };
      for (const step of STEPS) {
        const tookMs = twoRetriesMs(step, run);
        assert.ok(tookMs <= retryForMs, `${step} of ${retryForMs} ms: ${tookMs} ms`);
      }
    }
  });

  it('leaves time for two retries of all steps in sequence, for as long as documented', () => {
    for (const { retryForMs, share } of [
      { retryForMs: 100 * S, share: 0.75 },
      { retryForMs: 45 * MIN, share: 0.46 },
      { retryForMs: RETRY_FOR_MS, share: 0.1 },
    ]) {
      const run = { deadlineMs: retryForMs, endsMs: Infinity, retryForMs };
      const tookMs = STEPS.reduce((sum, step) => sum + twoRetriesMs(step, run), 0);
      assert.ok(tookMs <= share * retryForMs, `${retryForMs}: ${tookMs / retryForMs}`);
    }
  });

  /** The first attempt, a wait, a retry, a wait and another retry, each attempt with its maximum duration. */
  function twoRetriesMs(step: StepName, run: RunBounds): number {
    const { firstAttemptMs } = scaleLimits(step, run.retryForMs);
    const waitMs = backoffMs(step, 1, run.retryForMs);
    const retry = limitsNow(step, RETRY, firstAttemptMs + waitMs, run);
    assert.ok(retry && retry.maximumAttempts === undefined, `no time for a retry of ${step}`);
    return firstAttemptMs + waitMs + retry.startToCloseMs + retry.firstRetryMs + retry.startToCloseMs;
  }
});

describe('runBounds', () => {
  it('sets the deadline to retryFor after the first task', () =>
    assert.deepEqual(runBounds(1000, 225 * MIN, 1000 + 230 * MIN), {
      deadlineMs: 1000 + 225 * MIN,
      endsMs: 1000 + 230 * MIN,
      retryForMs: 225 * MIN,
    }));

  it('reserves 5 min at the end of a run whose first task came late', () => {
    const endsMs = 230 * MIN;
    assert.equal(runBounds(MIN, 225 * MIN, endsMs).deadlineMs, 225 * MIN);
    assert.equal(runBounds(200 * MIN, 225 * MIN, endsMs).deadlineMs, 225 * MIN);
  });

  it('reserves a quarter of the rest when that is less than 5 min', () => {
    assert.equal(runBounds(210 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 225 * MIN);
    assert.equal(runBounds(222 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 228 * MIN);
  });

  it('sets the deadline to the end of the run when the first task came after it', () =>
    assert.equal(runBounds(231 * MIN, 225 * MIN, 230 * MIN).deadlineMs, 230 * MIN));

  it('has no end without an execution timeout', () =>
    assert.deepEqual(runBounds(0, MIN, Infinity), {
      deadlineMs: MIN,
      endsMs: Infinity,
      retryForMs: MIN,
    }));
});

describe('backoffMs', () => {
  const waits = (step: StepName, attempts: readonly number[], retryForMs = RETRY_FOR_MS): number[] =>
    attempts.map((attempt) => backoffMs(step, attempt, retryForMs));

  it('doubles from 2 s for ECR', () =>
    assert.deepEqual(
      waits('extractToken', [1, 2, 3, 4]),
      [2, 4, 8, 16].map((seconds) => seconds * S),
    ));

  it('doubles from 5 s for a store and caps at 5 min: 160 s, then 300 s', () =>
    assert.deepEqual(waits('updateConnections', [1, 5, 6, 7, 8]), [
      5 * S,
      80 * S,
      160 * S,
      5 * MIN,
      5 * MIN,
    ]));

  it('caps planRefresh at 10 s: 8 s, then 10 s', () =>
    assert.deepEqual(waits('planRefresh', [4, 5]), [8 * S, 10 * S]));

  it('doubles from 1 s in the shortest run', () =>
    assert.deepEqual(waits('updateConnections', [1, 2, 3], 100 * S), [S, 2 * S, 4 * S]));

  it('stays at the cap after 5,000 attempts', () =>
    assert.deepEqual(waits('inspectConnections', [5000]), [5 * MIN]));
});

describe('waitBeforeRetryMs', () => {
  it('is the backoff of the step if a retry can help', () =>
    assert.equal(waitBeforeRetryMs('StoreUnavailable', 'updateConnections', 2, RETRY_FOR_MS), 10 * S));

  it('is longer for a failure that a person must fix, even in a short run', () => {
    assert.equal(waitBeforeRetryMs('AwsAccessDenied', 'extractToken', 1, 100 * S), 10 * MIN);
    assert.equal(waitBeforeRetryMs('StoreUnauthorized', 'inspectConnections', 3, RETRY_FOR_MS), 30 * MIN);
  });

  it('is undefined if a retry within the run cannot help', () =>
    assert.equal(waitBeforeRetryMs('ConfigInvalid', 'planRefresh', 1, RETRY_FOR_MS), undefined));
});

describe('ACTIVITY_LIMITS', () => {
  it('detects a dead worker well within every attempt that is not short', () => {
    for (const step of STEPS) {
      for (const retryForMs of [100 * S, 500 * S, HOUR, RETRY_FOR_MS]) {
        const run = { ...RUN, retryForMs };
        for (const how of [FIRST, RETRY]) {
          const { heartbeatMs, startToCloseMs = 0 } = limitsNow(step, how, 0, run) ?? {};
          assert.equal(heartbeatMs !== undefined, startToCloseMs >= 20 * S, step);
          assert.ok((heartbeatMs ?? 0) * 2 <= startToCloseMs, step);
        }
      }
    }
  });
});

import assert from 'node:assert/strict';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { RefreshActivities } from '../../src/activities/index.js';
import { createInProcessSteps, toFailureInfo } from '../../src/refresh-once/run-in-process.js';
import { FAILURES, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { RefreshSteps, StepName } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { FakeClock } from '../fakes/fake-clock.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

const S = 1000;
const MIN = 60 * S;
const INPUT = {} as never;
const FIRST = { attemptsBefore: 0 };
const RETRY = { attemptsBefore: 1 };

describe('createInProcessSteps', () => {
  let clock: FakeClock;
  let attempts: Attempt[];

  beforeEach(() => {
    clock = new FakeClock(1_000_000);
    attempts = [];
  });

  function stepsOver(run: (attempt: Attempt) => Promise<unknown>, retryForMs: number): RefreshSteps {
    const activity = ((attempt: Attempt) => (attempts.push(attempt), run(attempt))) as () => Promise<never>;
    const activities: RefreshActivities = {
      planRefresh: activity,
      inspectConnections: activity,
      extractToken: activity,
      updateConnections: activity,
      testDocker: activity,
    };
    return createInProcessSteps(activities, 'run-1', clock.now + retryForMs, clock);
  }

  function failing(type: FailureType, retryForMs = MIN): RefreshSteps {
    return stepsOver(
      () => Promise.reject(new RefreshFailure(type, `attempt ${attempts.length}`)),
      retryForMs,
    );
  }

  it('passes run, attempt number and input, and returns the result of the activity', async () => {
    const good = fakeSteps();
    const seen: unknown[] = [];
    const activities: RefreshActivities = {
      planRefresh: async ({ runId, number }) => (seen.push([runId, number]), good.planRefresh(FIRST)),
      inspectConnections: async (_attempt, input) => (
        seen.push(input),
        good.inspectConnections(input, FIRST)
      ),
      extractToken: async (_attempt, input) => (seen.push(input), good.extractToken(input, FIRST)),
      updateConnections: async (_attempt, input) => (seen.push(input), good.updateConnections(input, FIRST)),
      testDocker: async (_attempt, input) => (seen.push(input), good.testDocker(input, FIRST)),
    };
    const steps = createInProcessSteps(activities, 'run-1', clock.now, clock);
    const common = { configHash: 'abc', store: 'main', attemptsBefore: 0 };
    const inspect = { ...common, target: { named: { offset: 0, limit: 20 } } };
    const extract = { configHash: 'abc', group: 'g', registries: ['r'] };
    const update = { ...common, registry: 'r', group: 'g', connections: ['c'] };
    const test = { configHash: 'abc', engine: 'e', registry: 'r', group: 'g' };
    assert.deepEqual(await steps.planRefresh(FIRST), await good.planRefresh(FIRST));
    await steps.inspectConnections(inspect, FIRST);
    await steps.extractToken(extract, FIRST);
    await steps.updateConnections(update, FIRST);
    await steps.testDocker(test, FIRST);
    assert.deepEqual(seen, [['run-1', 1], inspect, extract, update, test]);
  });

  it('makes one first attempt of 10 s, and leaves the retry to the flow', async () => {
    await expectFailure('StoreUnavailable', failing('StoreUnavailable').updateConnections(INPUT, FIRST));
    assert.deepEqual(
      attempts.map(({ number, limitMs }) => [number, limitMs]),
      [[1, 10 * S]],
    );
    assert.deepEqual(clock.waits, []);
  });

  it('retries until the deadline, with the back-off that follows the earlier attempts', async () => {
    const { message } = await expectFailure(
      'StoreUnavailable',
      failing('StoreUnavailable', 71 * S).updateConnections(INPUT, RETRY),
    );
    assert.deepEqual(clock.waits, [10 * S, 20 * S, 40 * S]);
    assert.deepEqual(
      attempts.map(({ number, limitMs }) => [number, limitMs]),
      [1, 2, 3, 4].map((number) => [number, 2 * MIN]),
    );
    assert.equal(message, 'attempt 4');
  });

  it('waits for a retry 1 ms before the deadline, not for one at it', async () => {
    const call = (retryForMs: number): Promise<unknown> =>
      failing('StoreUnavailable', retryForMs).updateConnections(INPUT, RETRY);
    await expectFailure('StoreUnavailable', call(10 * S));
    assert.deepEqual(clock.waits, []);
    await expectFailure('StoreUnavailable', call(10 * S + 1));
    assert.deepEqual(clock.waits, [10 * S]);
  });

  it('succeeds when a later attempt does', async () => {
    const steps = stepsOver(async () => {
      if (attempts.length < 3) throw new RefreshFailure('AwsThrottled', 'slow down');
      return 'a token';
    }, MIN);
    assert.equal(await steps.extractToken(INPUT, RETRY), 'a token');
    assert.deepEqual(clock.waits, [4 * S, 8 * S]);
  });

  it('makes one attempt after the deadline has passed', async () => {
    await expectFailure(
      'StoreUnreachable',
      failing('StoreUnreachable', -MIN).inspectConnections(INPUT, RETRY),
    );
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0]?.signal.aborted, false);
  });

  for (const type of ['TokenRejected', 'ConfigInvalid', 'InputNotAllowed'] as const) {
    it(`does not try again after ${type}`, async () => {
      await expectFailure(type, failing(type).extractToken(INPUT, RETRY));
      assert.equal(attempts.length, 1);
    });
  }

  it('does not try again after an error that is not of the catalogue', async () => {
    await assert.rejects(
      stepsOver(() => Promise.reject(new TypeError('x')), MIN).planRefresh(RETRY),
      TypeError,
    );
    assert.equal(attempts.length, 1);
  });

  it('waits 30 min after a wrong password, where there is time, and not at all where there is not', async () => {
    await expectFailure('StoreUnauthorized', failing('StoreUnauthorized').inspectConnections(INPUT, RETRY));
    assert.deepEqual(clock.waits, []);
    await expectFailure(
      'StoreUnauthorized',
      failing('StoreUnauthorized', 31 * MIN).inspectConnections(INPUT, RETRY),
    );
    assert.deepEqual(clock.waits, [30 * MIN]);
  });

  it('gives the Docker test 15 min in all, however long the run may try', async () => {
    const startMs = clock.now;
    await expectFailure(
      'DockerEngineUnreachable',
      failing('DockerEngineUnreachable', 180 * MIN).testDocker(INPUT, RETRY),
    );
    const tookMs = clock.now - startMs;
    assert.ok(tookMs > 10 * MIN && tookMs < 15 * MIN, `given up after ${tookMs} ms`);
  });

  it('gives each attempt a signal of its own', async () => {
    await expectFailure('AwsThrottled', failing('AwsThrottled').extractToken(INPUT, RETRY));
    assert.equal(new Set(attempts.map(({ signal }) => signal)).size, attempts.length);
  });

  it('retries each of the five steps', async () => {
    for (const step of Object.keys(fakeSteps()) as StepName[]) {
      attempts = [];
      const steps = failing('AwsUnavailable', 11 * S);
      const call = step === 'planRefresh' ? steps[step](RETRY) : steps[step](INPUT, RETRY);
      await expectFailure('AwsUnavailable', call);
      assert.ok(attempts.length > 1, step);
    }
  });
});

describe('toFailureInfo', () => {
  it('shows a failure of the catalogue as it is', () =>
    assert.deepEqual(toFailureInfo(new RefreshFailure('AwsThrottled', 'slow down', 'wait')), {
      type: 'AwsThrottled',
      scope: 'token group',
      message: 'slow down',
      remedy: 'wait',
    }));

  it('names the connections that a failure concerns', () =>
    assert.deepEqual(
      toFailureInfo(new RefreshFailure('StoreUnreachable', 'refused').with({ connections: ['a'] }))
        .connections,
      ['a'],
    ));

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows nothing secret of ${what}`, () => {
      const facts = toFailureInfo(make());
      assert.deepEqual([facts.type, facts.remedy], ['Unexpected', FAILURES.Unexpected.remedy]);
      assert.ok(!JSON.stringify(facts).includes(SECRET), JSON.stringify(facts));
    });
  }
});

import assert from 'node:assert/strict';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { RefreshActivities } from '../../src/activities/index.js';
import { toStepFailure, createInProcessSteps, type Clock } from '../../src/refresh-once/run-in-process.js';
import { FAILURES, RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { RefreshSteps, StepName } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

const S = 1000;
const MIN = 60 * S;
const INPUT = {} as never;

/** Time passes only by waiting. */
class FakeClock implements Clock {
  now = 1_000_000;
  readonly waits: number[] = [];

  nowMs(): number {
    return this.now;
  }

  async wait(ms: number): Promise<void> {
    this.waits.push(ms);
    this.now += ms;
  }
}

describe('createInProcessSteps', () => {
  let clock: FakeClock;
  let attempts: Attempt[];

  beforeEach(() => {
    clock = new FakeClock();
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

  it('passes run, number of the attempt and input, and answers what the activity does', async () => {
    const good = fakeSteps();
    const seen: unknown[] = [];
    const activities: RefreshActivities = {
      planRefresh: async ({ runId, number }) => (seen.push([runId, number]), good.planRefresh()),
      inspectConnections: async (_attempt, input) => (seen.push(input), good.inspectConnections(input)),
      extractToken: async (_attempt, input) => (seen.push(input), good.extractToken(input)),
      updateConnections: async (_attempt, input) => (seen.push(input), good.updateConnections(input)),
      testDocker: async (_attempt, input) => (seen.push(input), good.testDocker(input)),
    };
    const steps = createInProcessSteps(activities, 'run-1', clock.now, clock);
    const inspect = { configHash: 'abc', store: 'main', page: 0 };
    const extract = { configHash: 'abc', group: 'g', registries: ['r'] };
    const update = { configHash: 'abc', store: 'main', registry: 'r', group: 'g', connections: ['c'] };
    const test = { configHash: 'abc', engine: 'e', registry: 'r', group: 'g' };
    assert.deepEqual(await steps.planRefresh(), await good.planRefresh());
    await steps.inspectConnections(inspect);
    await steps.extractToken(extract);
    await steps.updateConnections(update);
    await steps.testDocker(test);
    assert.deepEqual(seen, [['run-1', 1], inspect, extract, update, test]);
  });

  it('tries again along the ladder of the step until the deadline, then throws the last failure', async () => {
    const { message } = await expectFailure(
      'StoreUnavailable',
      failing('StoreUnavailable').updateConnections(INPUT),
    );
    assert.deepEqual(clock.waits, [5 * S, 10 * S, 20 * S]);
    assert.deepEqual(
      attempts.map(({ number }) => number),
      [1, 2, 3, 4],
    );
    assert.equal(message, 'attempt 4');
  });

  it('waits for a retry 1 ms before the deadline, not for one at it', async () => {
    await expectFailure('StoreUnavailable', failing('StoreUnavailable', 5 * S).updateConnections(INPUT));
    assert.deepEqual(clock.waits, []);
    await expectFailure('StoreUnavailable', failing('StoreUnavailable', 5 * S + 1).updateConnections(INPUT));
    assert.deepEqual(clock.waits, [5 * S]);
  });

  it('succeeds when a later attempt does', async () => {
    const steps = stepsOver(async () => {
      if (attempts.length < 3) throw new RefreshFailure('AwsThrottled', 'slow down');
      return 'a token';
    }, MIN);
    assert.equal(await steps.extractToken(INPUT), 'a token');
    assert.deepEqual(clock.waits, [2 * S, 4 * S]);
  });

  it('makes one attempt after the deadline has passed', async () => {
    await expectFailure('StoreUnreachable', failing('StoreUnreachable', -MIN).inspectConnections(INPUT));
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0]?.signal.aborted, false);
  });

  for (const type of ['TokenRejected', 'ConfigInvalid', 'InputNotAllowed'] as const) {
    it(`does not try again after ${type}`, async () => {
      await expectFailure(type, failing(type).extractToken(INPUT));
      assert.equal(attempts.length, 1);
    });
  }

  it('does not try again after an error that is not of the catalogue', async () => {
    await assert.rejects(stepsOver(() => Promise.reject(new TypeError('x')), MIN).planRefresh(), TypeError);
    assert.equal(attempts.length, 1);
  });

  it('waits 30 min after a wrong password, where there is time, and not at all where there is not', async () => {
    await expectFailure('StoreUnauthorized', failing('StoreUnauthorized').inspectConnections(INPUT));
    assert.deepEqual(clock.waits, []);
    await expectFailure(
      'StoreUnauthorized',
      failing('StoreUnauthorized', 31 * MIN).inspectConnections(INPUT),
    );
    assert.deepEqual(clock.waits, [30 * MIN]);
  });

  it('gives the Docker test 15 min in all, however long the run may try', async () => {
    const startMs = clock.now;
    await expectFailure(
      'DockerEngineUnreachable',
      failing('DockerEngineUnreachable', 180 * MIN).testDocker(INPUT),
    );
    const tookMs = clock.now - startMs;
    assert.ok(tookMs > 10 * MIN && tookMs < 15 * MIN, `given up after ${tookMs} ms`);
  });

  it('gives each attempt a signal of its own', async () => {
    await expectFailure('AwsThrottled', failing('AwsThrottled').extractToken(INPUT));
    assert.equal(new Set(attempts.map(({ signal }) => signal)).size, attempts.length);
  });

  it('hands on what an attempt noted to the next one of the same call alone', async () => {
    const run = async (attempt: Attempt): Promise<string> => {
      attempt.note({ attempt: attempt.number });
      if (attempt.number < 3) throw new RefreshFailure('StoreUnavailable', '503');
      return 'written';
    };
    const steps = stepsOver(run, MIN);
    await steps.updateConnections(INPUT);
    await steps.updateConnections(INPUT);
    assert.deepEqual(
      attempts.map(({ noted }) => noted),
      [undefined, { attempt: 1 }, { attempt: 2 }, undefined, { attempt: 1 }, { attempt: 2 }],
    );
  });

  it('retries each of the five steps', async () => {
    for (const step of Object.keys(fakeSteps()) as StepName[]) {
      attempts = [];
      const call = failing('AwsUnavailable', 11 * S)[step] as (input: never) => Promise<unknown>;
      await expectFailure('AwsUnavailable', call(INPUT));
      assert.ok(attempts.length > 1, step);
    }
  });
});

describe('toStepFailure', () => {
  it('shows a failure of the catalogue as it is', () =>
    assert.deepEqual(toStepFailure(new RefreshFailure('AwsThrottled', 'slow down', 'wait')), {
      type: 'AwsThrottled',
      scope: 'token group',
      message: 'slow down',
      remedy: 'wait',
    }));

  it('tells what had been done before a failure', () =>
    assert.deepEqual(
      toStepFailure(
        new RefreshFailure('StoreUnreachable', 'refused', 'start it', { progress: { refreshed: [0] } }),
      ),
      {
        type: 'StoreUnreachable',
        scope: 'store',
        message: 'refused',
        remedy: 'start it',
        progress: { refreshed: [0] },
      },
    ));

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows nothing secret of ${what}`, () => {
      const facts = toStepFailure(make());
      assert.deepEqual([facts.type, facts.remedy], ['Unexpected', FAILURES.Unexpected.remedy]);
      assert.ok(!JSON.stringify(facts).includes(SECRET), JSON.stringify(facts));
    });
  }
});

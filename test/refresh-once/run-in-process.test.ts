import assert from 'node:assert/strict';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { RefreshActivities } from '../../src/activities/index.js';
import { createInProcessSteps, toFailureInfo } from '../../src/refresh-once/run-in-process.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { RefreshSteps, StepName } from '../../src/refresh/activity-types.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { FakeClock } from '../fakes/fake-clock.js';
import { fakeSteps } from '../fakes/fake-steps.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';
import { AWS_REMEDIES } from '../../src/refresh/remedies/aws.js';

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

  function createSteps(run: (attempt: Attempt) => Promise<unknown>, retryForMs: number): RefreshSteps {
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

  function createFailingSteps(type: FailureType, retryForMs = MIN): RefreshSteps {
    return createSteps(
      () => Promise.reject(new RefreshFailure(type, `attempt ${attempts.length}`)),
      retryForMs,
    );
  }

  it('passes run, attempt number and input, and returns the result of the activity', async () => {
    const fakes = fakeSteps();
    const seen: unknown[] = [];
    const activities: RefreshActivities = {
      planRefresh: async ({ runId, number }) => (seen.push([runId, number]), fakes.planRefresh(FIRST)),
      inspectConnections: async (_attempt, input) => (
        seen.push(input),
        fakes.inspectConnections(input, FIRST)
      ),
      extractToken: async (_attempt, input) => (seen.push(input), fakes.extractToken(input, FIRST)),
      updateConnections: async (_attempt, input) => (seen.push(input), fakes.updateConnections(input, FIRST)),
      testDocker: async (_attempt, input) => (seen.push(input), fakes.testDocker(input, FIRST)),
    };
    const steps = createInProcessSteps(activities, 'run-1', clock.now, clock);
    const common = { configHash: 'abc', store: 'main', attemptsBefore: 0 };
    const inspect = { ...common, target: { named: { offset: 0, limit: 20 } } };
    const extract = { configHash: 'abc', group: 'g', registries: ['r'] };
    const update = { ...common, registry: 'r', group: 'g', connections: ['c'] };
    const test = { configHash: 'abc', engine: 'e', registry: 'r', group: 'g' };
    assert.deepEqual(await steps.planRefresh(FIRST), await fakes.planRefresh(FIRST));
    await steps.inspectConnections(inspect, FIRST);
    await steps.extractToken(extract, FIRST);
    await steps.updateConnections(update, FIRST);
    await steps.testDocker(test, FIRST);
    assert.deepEqual(seen, [['run-1', 1], inspect, extract, update, test]);
  });

  it('limits the first attempt to 10 s, and leaves retries to the flow', async () => {
    await expectFailure(
      'StoreUnavailable',
      createFailingSteps('StoreUnavailable').updateConnections(INPUT, FIRST),
    );
    assert.deepEqual(
      attempts.map(({ number, limitMs }) => [number, limitMs]),
      [[1, 10 * S]],
    );
    assert.deepEqual(clock.waits, []);
  });

  it('retries until the deadline, with the back-off after the earlier attempts', async () => {
    const { message } = await expectFailure(
      'StoreUnavailable',
      createFailingSteps('StoreUnavailable', 71 * S).updateConnections(INPUT, RETRY),
    );
    assert.deepEqual(clock.waits, [10 * S, 20 * S, 40 * S]);
    assert.deepEqual(
      attempts.map(({ number, limitMs }) => [number, limitMs]),
      [1, 2, 3, 4].map((number) => [number, 2 * MIN]),
    );
    assert.equal(message, 'attempt 4');
  });

  it('waits for a retry 1 ms before the deadline, but not at the deadline', async () => {
    const call = (retryForMs: number): Promise<unknown> =>
      createFailingSteps('StoreUnavailable', retryForMs).updateConnections(INPUT, RETRY);
    await expectFailure('StoreUnavailable', call(10 * S));
    assert.deepEqual(clock.waits, []);
    await expectFailure('StoreUnavailable', call(10 * S + 1));
    assert.deepEqual(clock.waits, [10 * S]);
  });

  it('succeeds if a later attempt succeeds', async () => {
    const steps = createSteps(async () => {
      if (attempts.length < 3) throw new RefreshFailure('AwsThrottled', 'slow down');
      return 'a token';
    }, MIN);
    assert.equal(await steps.extractToken(INPUT, RETRY), 'a token');
    assert.deepEqual(clock.waits, [4 * S, 8 * S]);
  });

  it('makes one attempt after the deadline has passed', async () => {
    await expectFailure(
      'StoreUnreachable',
      createFailingSteps('StoreUnreachable', -MIN).inspectConnections(INPUT, RETRY),
    );
    assert.equal(attempts.length, 1);
    assert.equal(attempts[0]?.signal.aborted, false);
  });

  for (const type of ['TokenRejected', 'ConfigInvalid', 'InputNotAllowed'] as const) {
    it(`does not retry after ${type}`, async () => {
      await expectFailure(type, createFailingSteps(type).extractToken(INPUT, RETRY));
      assert.equal(attempts.length, 1);
    });
  }

  it('does not retry after an error that is not in the catalogue', async () => {
    await assert.rejects(
      createSteps(() => Promise.reject(new TypeError('x')), MIN).planRefresh(RETRY),
      TypeError,
    );
    assert.equal(attempts.length, 1);
  });

  it('retries 30 min after a rejected login, or not at all if the deadline is earlier', async () => {
    await expectFailure(
      'StoreUnauthorized',
      createFailingSteps('StoreUnauthorized').inspectConnections(INPUT, RETRY),
    );
    assert.deepEqual(clock.waits, []);
    await expectFailure(
      'StoreUnauthorized',
      createFailingSteps('StoreUnauthorized', 31 * MIN).inspectConnections(INPUT, RETRY),
    );
    assert.deepEqual(clock.waits, [30 * MIN]);
  });

  it('limits the Docker test to 15 min in total, even if the run retries longer', async () => {
    const startMs = clock.now;
    await expectFailure(
      'DockerEngineUnreachable',
      createFailingSteps('DockerEngineUnreachable', 180 * MIN).testDocker(INPUT, RETRY),
    );
    const tookMs = clock.now - startMs;
    assert.ok(tookMs > 10 * MIN && tookMs < 15 * MIN, `ended after ${tookMs} ms`);
  });

  it('gives each attempt its own signal', async () => {
    await expectFailure('AwsThrottled', createFailingSteps('AwsThrottled').extractToken(INPUT, RETRY));
    assert.equal(new Set(attempts.map(({ signal }) => signal)).size, attempts.length);
  });

  it('retries each of the five steps', async () => {
    for (const step of Object.keys(fakeSteps()) as StepName[]) {
      attempts = [];
      const steps = createFailingSteps('AwsUnavailable', 11 * S);
      const call = step === 'planRefresh' ? steps[step](RETRY) : steps[step](INPUT, RETRY);
      await expectFailure('AwsUnavailable', call);
      assert.ok(attempts.length > 1, step);
    }
  });
});

describe('toFailureInfo', () => {
  it('returns a failure of the catalogue unchanged', () =>
    assert.deepEqual(toFailureInfo(new RefreshFailure('AwsThrottled', 'slow down', AWS_REMEDIES.wait)), {
      type: 'AwsThrottled',
      scope: 'token group',
      message: 'slow down',
      remedy: AWS_REMEDIES.wait,
    }));

  it('includes the connections of a failure', () =>
    assert.deepEqual(
      toFailureInfo(new RefreshFailure('StoreUnreachable', 'refused').with({ connections: ['a'] }))
        .connections,
      ['a'],
    ));

  it('describes a fault of the environment with its fix', () => {
    const { type, message, remedy } = toFailureInfo(Object.assign(new Error(SECRET), { code: 'ENOSPC' }));
    assert.deepEqual(
      [type, message, remedy],
      [
        'Unexpected',
        'Fault of the environment: no space left on device (Error ENOSPC).',
        'Free space on the disk.',
      ],
    );
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows no secret of ${what}`, () => {
      const failure = toFailureInfo(make());
      assert.equal(failure.type, 'Unexpected');
      assert.match(failure.remedy, /--debug/);
      assert.ok(!JSON.stringify(failure).includes(SECRET), JSON.stringify(failure));
    });
  }
});

import assert from 'node:assert/strict';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import type { StepCall } from '../../src/refresh/activity-types.js';
import { Semaphore } from '../../src/refresh/semaphore.js';
import { StepFailed, StepRunner, toFailure, type Step } from '../../src/refresh/step-runner.js';
import { deferred, settle } from '../fakes/deferred.js';
import { Cancelled, FakeContext, START_MS } from '../fakes/fake-context.js';

const S = 1000;
const MIN = 60 * S;

/** A step that fails once with each type and then succeeds, and the calls that it received. */
function failing(...types: readonly FailureType[]): { calls: StepCall[]; step: Step<string> } {
  const calls: StepCall[] = [];
  return {
    calls,
    step: {
      name: 'updateConnections',
      target: 'main',
      call: async (how) => {
        calls.push(how);
        const type = types[calls.length - 1];
        if (type) throw new RefreshFailure(type, `failure ${calls.length}`);
        return 'done';
      },
    },
  };
}

async function expectStepFailed(type: FailureType, call: Promise<unknown>): Promise<StepFailed> {
  const outcome = await call.then(
    () => 'it succeeded',
    (error: unknown) => error,
  );
  assert.ok(outcome instanceof StepFailed, `expected ${type}, but: ${String(outcome)}`);
  assert.equal(outcome.failure.type, type);
  return outcome;
}

describe('StepRunner', () => {
  let context: FakeContext;
  let runner: StepRunner;

  beforeEach(() => {
    context = new FakeContext();
    runner = new StepRunner(context);
  });

  it('makes one attempt without a wait if it succeeds', async () => {
    const { calls, step } = failing();
    assert.equal(await runner.run(step, new Semaphore(1)), 'done');
    assert.deepEqual(calls, [{ attemptsBefore: 0 }]);
    assert.deepEqual(context.waits, []);
  });

  it('retries after the first backoff of the step, and shows the waiting step and the failure', async () => {
    const { calls, step } = failing('StoreUnavailable');
    assert.equal(await runner.run(step, new Semaphore(1)), 'done');
    const failure = context.describe(new RefreshFailure('StoreUnavailable', 'failure 1'));
    const earlier = { failure, failingSinceMs: START_MS };
    assert.deepEqual(calls, [{ attemptsBefore: 0 }, { attemptsBefore: 1, earlier }]);
    assert.deepEqual(
      context.waits.map(({ step: name, target, ms, earlier: before }) => [
        name,
        target,
        ms,
        before.failure.type,
      ]),
      [['updateConnections', 'main', 5 * S, 'StoreUnavailable']],
    );
  });

  it('waits less in a short run', async () => {
    context = new FakeContext({ retryForMs: 100 * S });
    await new StepRunner(context).run(failing('StoreUnavailable').step, new Semaphore(1));
    assert.deepEqual(
      context.waits.map(({ ms }) => ms),
      [S],
    );
  });

  it('waits 10 min after access was denied, which a person must fix', async () => {
    await runner.run(failing('StoreForbidden').step, new Semaphore(1));
    assert.deepEqual(
      context.waits.map(({ ms }) => ms),
      [10 * MIN],
    );
  });

  it('continues the backoff after attempts that were separate steps', async () => {
    const { calls, step } = failing();
    const { failure } = new StepFailed(context.describe(new RefreshFailure('StoreUnavailable', '503')));
    await runner.retry(step, failure, 4, 7);
    assert.deepEqual(calls, [{ attemptsBefore: 4, earlier: { failure, failingSinceMs: 7 } }]);
    assert.deepEqual(
      context.waits.map(({ ms }) => ms),
      [40 * S],
    );
  });

  it('frees its slot while it waits, and retries outside the limit', async () => {
    const limit = new Semaphore(1);
    const gate = deferred();
    context.isHeld = true;
    const { calls, step } = failing('StoreUnavailable');
    const first = runner.run(step, limit);
    const second = runner.run({ ...failing().step, call: () => gate.promise }, limit);
    await settle();
    context.release();
    assert.equal(await first, 'done');
    assert.equal(calls.length, 2);
    gate.resolve();
    await second;
  });

  it('makes at most as many first attempts at once as the limit allows', async () => {
    const limit = new Semaphore(2);
    const gate = deferred();
    let started = 0;
    const step: Step<void> = { ...failing().step, call: () => ((started += 1), gate.promise) };
    const runs = [1, 2, 3].map(() => runner.run(step, limit));
    await settle();
    assert.equal(started, 2);
    gate.resolve();
    await Promise.all(runs);
    assert.equal(started, 3);
  });

  it('fails with the failure of the retry', async () => {
    const failed = await expectStepFailed(
      'StoreUnreachable',
      runner.run(failing('StoreUnavailable', 'StoreUnreachable').step, new Semaphore(1)),
    );
    assert.equal(failed.failure.message, 'failure 2');
    assert.deepEqual(toFailure(failed), failed.failure);
  });

  it('does not retry a failure that a retry cannot fix', async () => {
    const { calls, step } = failing('ConnectionMissing');
    await expectStepFailed('ConnectionMissing', runner.run(step, new Semaphore(1)));
    assert.equal(calls.length, 1);
  });

  it('starts a retry 1 ms before the deadline, but not at the deadline', async () => {
    for (const { leftMs, attempts } of [
      { leftMs: 5 * S, attempts: 1 },
      { leftMs: 5 * S + 1, attempts: 2 },
    ]) {
      const { calls, step } = failing('StoreUnavailable', 'StoreUnavailable');
      const late = new StepRunner(new FakeContext({ leftMs }));
      await expectStepFailed('StoreUnavailable', late.run(step, new Semaphore(1)));
      assert.equal(calls.length, attempts);
    }
  });

  it('makes one attempt after the deadline', async () => {
    const { calls, step } = failing();
    await new StepRunner(new FakeContext({ leftMs: -MIN })).run(step, new Semaphore(1));
    assert.equal(calls.length, 1);
  });

  it('notifies a step of its retry only if one follows', async () => {
    let retries = 0;
    const onRetry = (): void => void (retries += 1);
    await runner.run({ ...failing('StoreUnavailable').step, onRetry }, new Semaphore(1));
    assert.equal(retries, 1);
    const permanent = runner.run({ ...failing('ConnectionMissing').step, onRetry }, new Semaphore(1));
    await expectStepFailed('ConnectionMissing', permanent);
    assert.equal(retries, 1);
  });

  it('makes at most 500 retries at once, and starts more as they end', async () => {
    const gate = deferred();
    let retries = 0;
    const step: Step<void> = {
      name: 'updateConnections',
      target: 'main',
      call: ({ attemptsBefore }) => {
        if (attemptsBefore === 0) return Promise.reject(new RefreshFailure('StoreUnavailable', '503'));
        retries += 1;
        return gate.promise;
      },
    };
    const limit = new Semaphore(600);
    const runs = Array.from({ length: 501 }, () => runner.run(step, limit));
    await settle();
    while (retries < 500) await settle();
    for (let turns = 0; turns < 10; turns += 1) await settle();
    assert.equal(retries, 500);
    gate.resolve();
    await Promise.all(runs);
    assert.equal(retries, 501);
  });

  for (const attempt of ['first', 'second'] as const) {
    it(`passes a cancellation of the ${attempt} attempt through`, async () => {
      const call = ({ attemptsBefore }: StepCall): Promise<never> =>
        Promise.reject(
          attempt === 'second' && attemptsBefore === 0
            ? new RefreshFailure('StoreUnavailable', '503')
            : new Cancelled(),
        );
      await assert.rejects(runner.run({ ...failing().step, call }, new Semaphore(1)), Cancelled);
    });
  }

  it('passes a cancellation of the wait through', async () => {
    context.wait = () => Promise.reject(new Cancelled());
    await assert.rejects(runner.run(failing('StoreUnavailable').step, new Semaphore(1)), Cancelled);
  });
});

describe('toFailure', () => {
  it('rethrows what is not a step failure', () => assert.throws(() => toFailure(new Cancelled()), Cancelled));
});

import assert from 'node:assert/strict';
import { RefreshFailure, type FailureInfo, type FailureType } from '../../src/refresh/failures.js';
import { retryConnections } from '../../src/refresh/connection-retries.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import type { FailureReport } from '../../src/refresh/report.js';
import { StepRunner } from '../../src/refresh/step-runner.js';
import type { ConnectionProblem, StepCall, UpdateOutcome } from '../../src/refresh/activity-types.js';
import { Cancelled, FakeContext, START_MS } from '../fakes/fake-context.js';
import { fakeTokenInfo, REGISTRY } from '../fakes/fake-steps.js';
import { ids, problem } from '../fakes/flow-fixture.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';

const S = 1000;

interface Called {
  readonly connections: readonly string[];
  readonly how: StepCall;
}

/** What one call returns for its connections, or throws. */
type Reply = (connections: readonly string[]) => Pick<UpdateOutcome, 'written' | 'toRetry'>;

const writeAll: Reply = (connections) => ({ written: connections, toRetry: [] });

function retryAll(type: FailureType, message?: string): Reply {
  return (connections) => ({
    written: [],
    toRetry: connections.map((connection) => problem(connection, type, message)),
  });
}

function failAll(type: FailureType): Reply {
  return () => {
    throw new RefreshFailure(type, 'all of them failed');
  };
}

describe('retryConnections', () => {
  let context: FakeContext;
  let calls: Called[];
  let taken: string[];
  /** The failures before the report merges those of the same type. */
  let reported: Parameters<ReportBuilder['fail']>[];

  beforeEach(() => {
    reported = [];
    context = new FakeContext();
    calls = [];
    taken = [];
  });

  /** Retries connections with calls that return the replies in turn, then always the last one. */
  async function finish(
    toRetry: readonly ConnectionProblem[],
    replies: readonly Reply[],
  ): Promise<FailureReport[]> {
    const record = new ReportBuilder('run-1', context.now(), undefined);
    const fail = record.fail.bind(record);
    record.fail = (...failure) => (reported.push(failure), fail(...failure));
    const again = (connections: readonly string[]) => ({
      step: {
        name: 'updateConnections',
        target: `main ${REGISTRY}`,
        call: async (how: StepCall) => {
          const reply = replies[Math.min(calls.length, replies.length - 1)] ?? writeAll;
          calls.push({ connections, how });
          return { refused: [], token: fakeTokenInfo(), ...reply(connections) };
        },
      } as const,
      take: ({ written }: UpdateOutcome) => void taken.push(...written),
    });
    const giveUp = (connection: string, failure: FailureInfo): void =>
      record.fail({ stage: 'update', registry: REGISTRY, connections: [connection] }, failure);
    await retryConnections<UpdateOutcome>(new StepRunner(context), toRetry, again, giveUp);
    return [...record.report(context.now()).failures];
  }

  function toRows(failures: readonly FailureReport[]): unknown[] {
    return failures.map(({ type, scope, connections, message }) => [type, scope, connections, message]);
  }

  it('does nothing without connections to retry', async () => {
    assert.deepEqual(await finish([], []), []);
    assert.deepEqual([calls, context.waits], [[], []]);
  });

  it('retries the connections as a separate step, after the first backoff', async () => {
    const left = ids(3).map((id) => problem(id, 'AttemptTimedOut'));
    assert.deepEqual(await finish(left, [writeAll]), []);
    const how = { attemptsBefore: 1, earlier: { failure: left[0], failingSinceMs: START_MS } };
    assert.deepEqual(calls, [{ connections: ids(3), how }]);
    assert.deepEqual(
      context.waits.map(({ step, target, ms, earlier }) => [step, target, ms, earlier.failure.type]),
      [['updateConnections', `main ${REGISTRY}`, 5 * S, 'AttemptTimedOut']],
    );
    assert.deepEqual(taken, ids(3));
  });

  it('retries each failure type separately', async () => {
    const left = [
      problem('late', 'AttemptTimedOut'),
      problem('throttled', 'StoreThrottled'),
      problem('late_2', 'AttemptTimedOut'),
    ];
    assert.deepEqual(await finish(left, [writeAll]), []);
    assert.deepEqual(
      calls.map(({ connections }) => connections),
      [['late', 'late_2'], ['throttled']],
    );
  });

  it('retries what a retry did not finish, with a longer backoff each time', async () => {
    const left = ids(3).map((id) => problem(id, 'AttemptTimedOut'));
    const writeFirst: Reply = ([first = '', ...rest]) => ({
      written: [first],
      toRetry: rest.map((id) => problem(id, 'AttemptTimedOut')),
    });
    assert.deepEqual(await finish(left, [writeFirst]), []);
    assert.deepEqual(
      calls.map(({ connections, how }) => [connections.length, how.attemptsBefore]),
      [
        [3, 1],
        [2, 2],
        [1, 3],
      ],
    );
    assert.deepEqual(
      context.waits.map(({ ms }) => ms),
      [5 * S, 10 * S, 20 * S],
    );
    assert.deepEqual(taken, ids(3));
  });

  for (const type of ['StoreUnavailable', 'StoreThrottled', 'StoreForbidden', 'AttemptTimedOut'] as const) {
    it(`retries a connection with ${type} until the deadline`, async () => {
      context = new FakeContext({ leftMs: 120 * 60 * S });
      const failures = await finish([problem('one', type)], [retryAll(type, 'why')]);
      assert.ok(calls.length > 6, `${calls.length} attempts`);
      assert.deepEqual(
        failures.map((failure) => [failure.type, failure.connections, failure.message]),
        [[type, ['one'], 'why']],
      );
    });
  }

  it('reports the failure of the retry for all its connections', async () => {
    const left = ids(2).map((id) => problem(id, 'AttemptTimedOut'));
    const failures = await finish(left, [failAll('ConfigVersionMismatch')]);
    assert.deepEqual(toRows(failures), [['ConfigVersionMismatch', 'run', ids(2), 'all of them failed']]);
    assert.equal(calls.length, 1);
  });

  it('keeps the failure of each connection when no time is left for a retry', async () => {
    context = new FakeContext({ leftMs: 5 * S });
    const left = [
      { ...problem('a', 'StoreForbidden', 'no access to a'), remedy: STORE_REMEDIES.allowMwaa },
      { ...problem('b', 'StoreForbidden', 'no access to b'), remedy: STORE_REMEDIES.checkFront },
    ];
    await finish(left, [writeAll]);
    assert.deepEqual(calls, []);
    assert.deepEqual(
      reported.map(([{ connections }, { message, remedy }]) => [connections?.[0], message, remedy]),
      [
        ['a', 'no access to a', STORE_REMEDIES.allowMwaa],
        ['b', 'no access to b', STORE_REMEDIES.checkFront],
      ],
    );
  });

  it('passes a cancellation through', async () => {
    const cancel: Reply = () => {
      throw new Cancelled();
    };
    await assert.rejects(finish([problem('a', 'AttemptTimedOut')], [cancel]), Cancelled);
  });
});

import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { ReportBuilder } from '../../src/refresh/report-builder.js';
import { StepRunner } from '../../src/refresh/step-runner.js';
import { TokenRequests } from '../../src/refresh/token-requests.js';
import type {
  ExtractedToken,
  ExtractInput,
  RefreshSteps,
  StepCall,
} from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { Cancelled, FakeContext, START_MS } from '../fakes/fake-context.js';
import { EU_GROUP, EU_REGISTRY, fakeSteps, fakeTokenInfo, GROUP, REGISTRY } from '../fakes/fake-steps.js';
import { collectUnhandled, ids, NEIGHBOUR, part } from '../fakes/flow-fixture.js';

const good = fakeSteps();

describe('TokenRequests', () => {
  let context: FakeContext;

  beforeEach(() => {
    context = new FakeContext();
  });

  function start(extractToken: RefreshSteps['extractToken']): TokenRequests {
    const record = new ReportBuilder('run-1', context.now(), undefined);
    return new TokenRequests(fakeSteps({ extractToken }), 'abc', new StepRunner(context), record);
  }

  /** An extraction that never ends, and the recorded requests. */
  function hang(): { requests: ExtractInput[]; extractToken: RefreshSteps['extractToken'] } {
    const requests: ExtractInput[] = [];
    return { requests, extractToken: (input) => (requests.push(input), deferred<never>().promise) };
  }

  it('makes one extraction per group for all registries of a page', async () => {
    const { requests, extractToken } = hang();
    start(extractToken).request([
      part(),
      part({ registry: EU_REGISTRY, group: EU_GROUP }),
      part({ registry: NEIGHBOUR }),
      part(),
    ]);
    await settle();
    assert.deepEqual(requests, [
      { configHash: 'abc', group: GROUP, registries: [REGISTRY, NEIGHBOUR] },
      { configHash: 'abc', group: EU_GROUP, registries: [EU_REGISTRY] },
    ]);
  });

  it('requests only the registries that a later page adds to a group', async () => {
    const { requests, extractToken } = hang();
    const tokens = start(extractToken);
    tokens.request([part()]);
    tokens.request([part(), part({ registry: NEIGHBOUR })]);
    tokens.request([part()]);
    await settle();
    assert.deepEqual(
      requests.map(({ registries }) => registries),
      [[REGISTRY], [NEIGHBOUR]],
    );
  });

  it('rejects a wait for a token that was not requested', () =>
    assert.rejects(start(good.extractToken).wait(GROUP, REGISTRY), TypeError));

  it('makes at most 20 extractions at once', async () => {
    const { requests, extractToken } = hang();
    start(extractToken).request(ids(25).map((id) => part({ registry: id, group: `default/${id}` })));
    await settle();
    assert.equal(requests.length, 20);
  });

  it('extracts the token of an eleventh group immediately when ten are denied', async () => {
    context.isHeld = true;
    const groups = ids(11, 'group');
    const tokens = start(async (input, how) => {
      if (input.group !== 'group_10') throw new RefreshFailure('AwsAccessDenied', 'denied');
      return good.extractToken(input, how);
    });
    tokens.request(groups.map((group) => part({ registry: `of.${group}`, group })));
    assert.deepEqual(await tokens.wait('group_10', 'of.group_10'), {
      registry: 'of.group_10',
      outcome: 'accepted',
    });
    await settle();
    assert.deepEqual(
      context.waits.map(({ target, ms }) => [target, ms]),
      groups.slice(0, 10).map((group) => [group, 600_000]),
    );
  });

  it('returns the failure of an extraction for every registry of the group', async () => {
    const tokens = start(() => Promise.reject(new RefreshFailure('EcrResponseInvalid', 'no token')));
    tokens.request([part(), part({ registry: NEIGHBOUR })]);
    for (const registry of [REGISTRY, NEIGHBOUR]) {
      const result = await tokens.wait(GROUP, registry);
      assert.ok('type' in result);
      assert.deepEqual([result.type, result.message], ['EcrResponseInvalid', 'no token']);
    }
  });

  it('passes a cancellation to all callers, and leaves no rejection unhandled', async () => {
    const tokens = start(() => Promise.reject(new Cancelled()));
    const unhandled = await collectUnhandled(async () => {
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      await assert.rejects(tokens.wait(GROUP, REGISTRY), Cancelled);
      await settle();
      await assert.rejects(tokens.wait(GROUP, NEIGHBOUR), Cancelled);
    });
    assert.deepEqual(unhandled, []);
  });

  describe('with a slow registry', () => {
    let calls: { registries: readonly string[]; how: StepCall }[];

    beforeEach(() => {
      calls = [];
    });

    /** The second registry responds in the call with this number. */
    function slowUntil(number: number): RefreshSteps['extractToken'] {
      return async ({ group, registries }, how): Promise<ExtractedToken> => {
        calls.push({ registries, how });
        const toRetry = calls.length < number ? [NEIGHBOUR] : [];
        const probes = registries
          .filter((registry) => !toRetry.includes(registry))
          .map((registry) => ({ registry, outcome: 'accepted' }) as const);
        return { token: fakeTokenInfo({ group, probes }), toRetry };
      };
    }

    it('does not delay the other registries of its group', async () => {
      context.isHeld = true;
      const tokens = start(slowUntil(2));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      assert.deepEqual(await tokens.wait(GROUP, REGISTRY), { registry: REGISTRY, outcome: 'accepted' });
      let isDone = false;
      void tokens.wait(GROUP, NEIGHBOUR).then(() => (isDone = true));
      await settle();
      assert.equal(isDone, false);
      context.release();
      assert.deepEqual(await tokens.wait(GROUP, NEIGHBOUR), { registry: NEIGHBOUR, outcome: 'accepted' });
    });

    it('retries it as a separate step, with a longer backoff each time', async () => {
      const tokens = start(slowUntil(4));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      await tokens.wait(GROUP, NEIGHBOUR);
      assert.deepEqual(
        calls.map(({ registries, how }) => [registries, how.attemptsBefore, how.earlier?.failingSinceMs]),
        [
          [[REGISTRY, NEIGHBOUR], 0, undefined],
          [[NEIGHBOUR], 1, START_MS],
          [[NEIGHBOUR], 2, START_MS],
          [[NEIGHBOUR], 3, START_MS],
        ],
      );
      assert.deepEqual(
        context.waits.map(({ step, target, ms, earlier }) => [step, target, ms, earlier.failure.scope]),
        [2000, 4000, 8000].map((ms) => ['extractToken', GROUP, ms, 'registry']),
      );
    });

    it('treats it as unreachable when no time is left to retry', async () => {
      context = new FakeContext({ leftMs: 10_000 });
      const tokens = start(slowUntil(Infinity));
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      assert.deepEqual(await tokens.wait(GROUP, NEIGHBOUR), {
        registry: NEIGHBOUR,
        outcome: 'unreachable',
        message: 'the registry did not respond in time',
      });
      assert.equal(calls.length, 3);
    });

    it('returns the failure of its retry, and keeps the results of the others', async () => {
      const tokens = start(async (input, how) => {
        if (how.attemptsBefore > 0) throw new RefreshFailure('AwsAccessDenied', 'denied');
        return slowUntil(2)(input, how);
      });
      tokens.request([part(), part({ registry: NEIGHBOUR })]);
      const late = await tokens.wait(GROUP, NEIGHBOUR);
      assert.equal('type' in late && late.type, 'AwsAccessDenied');
      assert.deepEqual(await tokens.wait(GROUP, REGISTRY), { registry: REGISTRY, outcome: 'accepted' });
    });
  });
});

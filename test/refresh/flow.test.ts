import assert from 'node:assert/strict';
import { describeFailure, RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection } from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { Cancelled, FakeContext, STARTED_AT } from '../fakes/fake-context.js';
import { fakeSteps, plannedStores } from '../fakes/fake-steps.js';
import {
  collectUnhandled,
  ids,
  inspection,
  listed,
  listFailures,
  listPart,
  part,
  planned,
  refreshWith,
  toListed,
} from '../fakes/flow-fixture.js';
import { CONFIG_REMEDIES } from '../../src/refresh/remedies/config.js';

const good = fakeSteps();

describe('refresh: the plan', () => {
  it('passes the hash of the plan to every step', async () => {
    const hashes: string[] = [];
    await refreshWith({
      planRefresh: planned({ configHash: 'this one' }),
      inspectConnections: async (input, how) => (
        hashes.push(input.configHash),
        good.inspectConnections(input, how)
      ),
      extractToken: async (input, how) => (hashes.push(input.configHash), good.extractToken(input, how)),
      updateConnections: async (input, how) => (
        hashes.push(input.configHash),
        good.updateConnections(input, how)
      ),
      testDocker: async (input, how) => (hashes.push(input.configHash), good.testDocker(input, how)),
    });
    assert.deepEqual(hashes, ['this one', 'this one', 'this one', 'this one']);
  });

  it('returns a report when planning fails, and keeps the rows of earlier runs', async () => {
    const previous = await refreshWith({});
    const report = await refreshWith(
      { planRefresh: () => Promise.reject(new RefreshFailure('ConfigInvalid', 'no valid configuration')) },
      new FakeContext({ previous }),
    );
    assert.deepEqual(listFailures(report), [['plan', undefined, undefined, 'ConfigInvalid', 0]]);
    assert.deepEqual(
      report.stores.map(({ store, refreshed, lastRefreshedAt }) => [store, refreshed, lastRefreshedAt]),
      [['main', 0, STARTED_AT]],
    );
  });

  it('keeps the row of an earlier run when the check of its connection fails', async () => {
    const previous = await refreshWith({});
    const problem = { connection: 'docker_default', ...describeFailure('ConnectionPortSet', 'has a port') };
    const report = await refreshWith(
      { inspectConnections: async () => ({ ...inspection(), refused: [problem] }) },
      new FakeContext({ previous }),
    );
    assert.deepEqual(
      report.failures.map(({ type }) => type),
      ['ConnectionPortSet'],
    );
    assert.deepEqual(
      report.stores.map(({ store, refreshed, expiresAt }) => [store, refreshed, expiresAt]),
      [['main', 0, previous.stores[0]?.expiresAt]],
    );
  });

  it('reports a configuration that cannot be used with its own fix, and the warnings of the plan', async () => {
    const report = await refreshWith({
      planRefresh: planned({
        configProblem: 'belongs to another deployment',
        configRemedy: CONFIG_REMEDIES.takeOver,
        warnings: ['The stores differ.'],
      }),
    });
    const [failure] = report.failures;
    assert.deepEqual(
      [failure?.type, failure?.message, failure?.remedy],
      ['ConfigInvalid', 'belongs to another deployment', CONFIG_REMEDIES.takeOver],
    );
    assert.ok(report.warnings.includes('The stores differ.'));
  });

  it('retries planRefresh when no worker took it in time', async () => {
    const attempts: number[] = [];
    const report = await refreshWith({
      planRefresh: async (how) => {
        attempts.push(how.attemptsBefore);
        if (how.attemptsBefore === 0) throw new RefreshFailure('AttemptTimedOut', 'no worker');
        return good.planRefresh(how);
      },
    });
    assert.deepEqual(attempts, [0, 1]);
    assert.equal(report.outcome, 'refreshed');
  });

  it('uses the last valid configuration and reports the invalid one', async () => {
    const report = await refreshWith({
      planRefresh: planned({ configProblem: 'refresh.yaml:3 is invalid' }),
    });
    assert.deepEqual(listFailures(report), [['plan', undefined, undefined, 'ConfigInvalid', 0]]);
    assert.equal(report.failures[0]?.message, 'refresh.yaml:3 is invalid');
    assert.equal(report.stores[0]?.refreshed, 1);
  });

  it('reports no failure for a plan without stores', async () => {
    const report = await refreshWith({ planRefresh: planned({ stores: [] }) });
    assert.deepEqual([report.outcome, report.stores, report.tokens], ['refreshed', [], []]);
  });

  it('warns when DOCKER_HOST names an engine that cannot be tested', async () => {
    const report = await refreshWith({
      planRefresh: planned({
        engines: [],
        engineProblem: 'DOCKER_HOST: ssh:// is not supported',
      }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.warnings, ['DOCKER_HOST: ssh:// is not supported.']);
  });
});

describe('refresh: several stores', () => {
  it('refreshes one store while another does not respond', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('down', 'up') }),
      inspectConnections: async (input, how) => {
        if (input.store === 'down') throw new RefreshFailure('StoreUnreachable', 'refused');
        return good.inspectConnections(input, how);
      },
    });
    assert.deepEqual(listFailures(report), [['inspect', 'down', undefined, 'StoreUnreachable', 0]]);
    assert.deepEqual(
      report.stores.map(({ store, refreshed }) => [store, refreshed]),
      [['up', 1]],
    );
  });

  it('refreshes a store without waiting for a slow one', async () => {
    const slow = deferred<Inspection>();
    const updated: string[] = [];
    const run = refreshWith({
      planRefresh: planned({ stores: plannedStores('slow', 'quick') }),
      inspectConnections: (input, how) =>
        input.store === 'slow' ? slow.promise : good.inspectConnections(input, how),
      updateConnections: async (input, how) => (
        updated.push(input.store),
        good.updateConnections(input, how)
      ),
    });
    await settle();
    assert.deepEqual(updated, ['quick']);
    slow.resolve(inspection(part()));
    await run;
    assert.deepEqual(updated, ['quick', 'slow']);
  });

  it('shows a warning once when two inspections return it', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async (input, how) => ({
        ...(await good.inspectConnections(input, how)),
        warnings: ['upper case'],
      }),
    });
    assert.deepEqual(report.warnings, ['upper case']);
  });
});

describe('refresh: cancellation', () => {
  for (const step of [
    'planRefresh',
    'inspectConnections',
    'extractToken',
    'updateConnections',
    'testDocker',
  ] as const) {
    it(`rejects with the cancellation, without a report, when ${step} is cancelled`, () =>
      assert.rejects(refreshWith({ [step]: () => Promise.reject(new Cancelled()) }), Cancelled));
  }

  it('rejects with the cancellation when a wait for a retry is cancelled', async () => {
    const context = new FakeContext();
    context.wait = () => Promise.reject(new Cancelled());
    const down = () => Promise.reject(new RefreshFailure('StoreUnreachable', 'refused'));
    await assert.rejects(refreshWith({ inspectConnections: down }, context), Cancelled);
  });

  it('leaves no rejection unhandled when tests and updates are cancelled together', async () => {
    const unhandled = await collectUnhandled(async () => {
      const gate = deferred<never>();
      const run = refreshWith({
        planRefresh: planned({ stores: plannedStores('one', 'two'), engines: ['engine-1', 'engine-2'] }),
        updateConnections: (input, how) =>
          input.store === 'one' ? good.updateConnections(input, how) : gate.promise,
        testDocker: () => gate.promise,
      });
      await settle();
      gate.reject(new Cancelled());
      await assert.rejects(run, Cancelled);
    });
    assert.deepEqual(unhandled, []);
  });

  it('leaves no rejection unhandled when an update is cancelled before the list is read', async () => {
    const unhandled = await collectUnhandled(async () => {
      const gate = deferred<never>();
      const run = refreshWith({
        planRefresh: listed,
        inspectConnections: (input) => {
          const range = toListed(input);
          return range.offset === 0 ? Promise.resolve(listPart(ids(150), range)) : gate.promise;
        },
        updateConnections: () => Promise.reject(new Cancelled()),
      });
      await settle();
      gate.reject(new Cancelled());
      await assert.rejects(run, Cancelled);
    });
    assert.deepEqual(unhandled, []);
  });
});

import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { Inspection } from '../../src/refresh/activity-types.js';
import { deferred, settle } from '../fakes/deferred.js';
import { Cancelled, FakeContext, STARTED_AT } from '../fakes/fake-context.js';
import { ENGINE, fakeSteps, FINGERPRINT, listedStore, plannedStores, REGISTRY } from '../fakes/fake-steps.js';
import {
  collectUnhandled,
  ids,
  inspection,
  listFailures,
  listPart,
  meter,
  NEIGHBOUR,
  part,
  planned,
  refreshWith,
  toListed,
} from '../fakes/flow-fixture.js';

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

  it('ends with a report when there is no plan, and keeps the rows of earlier runs', async () => {
    const previous = await refreshWith({});
    const report = await refreshWith(
      { planRefresh: () => Promise.reject(new RefreshFailure('ConfigInvalid', 'no good one')) },
      new FakeContext({ previous }),
    );
    assert.deepEqual(listFailures(report), [['plan', undefined, undefined, 'ConfigInvalid', 0]]);
    assert.deepEqual(
      report.stores.map(({ store, refreshed, lastRefreshedAt }) => [store, refreshed, lastRefreshedAt]),
      [['main', 0, STARTED_AT]],
    );
  });

  it('retries the plan when no worker took it in time', async () => {
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

  it('refreshes by the last good configuration and reports the invalid one', async () => {
    const report = await refreshWith({ planRefresh: planned({ configProblem: 'refresh.yaml:3 is wrong' }) });
    assert.deepEqual(listFailures(report), [['plan', undefined, undefined, 'ConfigInvalid', 0]]);
    assert.equal(report.failures[0]?.message, 'refresh.yaml:3 is wrong');
    assert.equal(report.stores[0]?.refreshed, 1);
  });

  it('reports nothing of a plan without stores', async () => {
    const report = await refreshWith({ planRefresh: planned({ stores: [] }) });
    assert.deepEqual([report.outcome, report.stores, report.tokens], ['refreshed', [], []]);
  });

  it('warns where DOCKER_HOST names an engine that cannot be tested', async () => {
    const report = await refreshWith({
      planRefresh: planned({
        engines: [],
        engineProblem: '`docker.engines` is left out: DOCKER_HOST is ssh://',
      }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.warnings, ['`docker.engines` is left out: DOCKER_HOST is ssh://.']);
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

  it('does not wait for a slow store before it refreshes another', async () => {
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

  it('shows a warning once that two inspections give', async () => {
    const report = await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two') }),
      inspectConnections: async (input, how) => ({
        ...(await good.inspectConnections(input, how)),
        warnings: ['capitals'],
      }),
    });
    assert.deepEqual(report.warnings, ['capitals']);
  });
});

describe('refresh: tests from Docker', () => {
  it('tests each engine and registry once, after the first update, however many updates there are', async () => {
    const order: string[] = [];
    await refreshWith({
      planRefresh: planned({ stores: plannedStores('one', 'two'), engines: ['engine-1', 'engine-2'] }),
      inspectConnections: async () =>
        inspection(
          part({ connections: ids(130) }),
          part({ registry: NEIGHBOUR, connections: ids(130, 'n') }),
        ),
      updateConnections: async (input, how) => (order.push('update'), good.updateConnections(input, how)),
      testDocker: async (input, how) => (
        order.push(`${input.engine} ${input.registry}`),
        good.testDocker(input, how)
      ),
    });
    assert.equal(order[0], 'update');
    assert.deepEqual(
      order.filter((entry) => entry !== 'update').toSorted(),
      [
        `engine-1 ${REGISTRY}`,
        `engine-1 ${NEIGHBOUR}`,
        `engine-2 ${REGISTRY}`,
        `engine-2 ${NEIGHBOUR}`,
      ].toSorted(),
    );
  });

  it('tests as soon as the first connections are written, while others still are', async () => {
    const gate = deferred();
    const tested: string[] = [];
    const run = refreshWith({
      inspectConnections: async () => inspection(part({ connections: ids(101) })),
      updateConnections: async (input, how) => {
        if (input.connections.length === 1) await gate.promise;
        return good.updateConnections(input, how);
      },
      testDocker: async (input, how) => (tested.push(input.registry), good.testDocker(input, how)),
    });
    await settle();
    assert.deepEqual(tested, [REGISTRY]);
    gate.resolve();
    assert.equal((await run).stores[0]?.refreshed, 101);
  });

  it('does not test a registry into whose connections nothing was written', async () => {
    let tests = 0;
    await refreshWith({
      updateConnections: async (input, how) => ({
        ...(await good.updateConnections(input, how)),
        written: [],
      }),
      testDocker: async (input, how) => ((tests += 1), good.testDocker(input, how)),
    });
    assert.equal(tests, 0);
  });

  it('waits for the tests before it reports', async () => {
    const gate = deferred();
    let isDone = false;
    const run = refreshWith({
      testDocker: async (input, how) => {
        await gate.promise;
        return good.testDocker(input, how);
      },
    }).then((report) => {
      isDone = true;
      return report;
    });
    await settle();
    assert.equal(isDone, false);
    gate.resolve();
    assert.equal((await run).docker.length, 1);
  });

  it('tests 10 registries at once from each engine', async () => {
    const meters: Record<string, ReturnType<typeof meter>> = { 'engine-1': meter(), 'engine-2': meter() };
    const report = await refreshWith({
      planRefresh: planned({ engines: Object.keys(meters) }),
      inspectConnections: async () =>
        inspection(...ids(12, 'r').map((registry) => part({ registry, connections: [`of_${registry}`] }))),
      testDocker: (input, how) =>
        meters[input.engine]?.during(() => good.testDocker(input, how)) ?? Promise.reject(new TypeError()),
    });
    assert.deepEqual(
      Object.values(meters).map(({ peak }) => peak),
      [10, 10],
    );
    assert.equal(report.docker.length, 24);
  });

  it('reports each failing engine by itself, in its own words', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['engine-1', 'engine-2'] }),
      testDocker: async ({ engine }) => {
        throw new RefreshFailure('DockerEngineUnreachable', `${engine} is away`, `Start ${engine}.`);
      },
    });
    assert.deepEqual(
      report.failures.map(({ engine, message, remedy }) => [engine, message, remedy]),
      ['engine-1', 'engine-2'].map((engine) => [engine, `${engine} is away`, `Start ${engine}.`]),
    );
    assert.deepEqual([report.stores[0]?.failed, report.docker], [0, []]);
  });

  it('notes an engine whose login was rejected, and one that is not there', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['refuses', 'absent'] }),
      testDocker: async ({ engine, registry }) => {
        if (engine === 'refuses') throw new RefreshFailure('DockerLoginRejected', '401');
        return { engine, version: null, registry, login: 'none', reason: 'no socket', fingerprint: null };
      },
    });
    const row = { version: null, registry: REGISTRY, fingerprint: null };
    assert.deepEqual(
      report.docker.toSorted((a, b) => a.engine.localeCompare(b.engine)),
      [
        { engine: 'absent', ...row, login: 'none' },
        { engine: 'refuses', ...row, login: 'rejected' },
      ],
    );
    assert.deepEqual(listFailures(report), [['test', undefined, REGISTRY, 'DockerLoginRejected', 0]]);
    assert.deepEqual(report.warnings, [
      'No Docker Engine at absent (no socket): the sign-in from Docker was not tested.',
    ]);
  });

  it('notes a login that a wrong password passes, too, and warns of it', async () => {
    const report = await refreshWith({
      testDocker: async (input, how) => ({ ...(await good.testDocker(input, how)), login: 'inconclusive' }),
    });
    assert.equal(report.outcome, 'refreshed');
    assert.deepEqual(report.docker, [
      {
        engine: ENGINE,
        version: '28.0.0',
        registry: REGISTRY,
        login: 'inconclusive',
        fingerprint: FINGERPRINT,
      },
    ]);
    assert.deepEqual(report.warnings, [
      `The test of the sign-in from ${ENGINE} to ${REGISTRY} is inconclusive: a wrong password signs in, too.`,
    ]);
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
    it(`ends with the cancellation of ${step}, not with a report`, () =>
      assert.rejects(refreshWith({ [step]: () => Promise.reject(new Cancelled()) }), Cancelled));
  }

  it('ends with the cancellation of a wait for a retry', async () => {
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
        planRefresh: planned({ stores: [listedStore()] }),
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

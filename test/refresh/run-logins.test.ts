import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { deferred, settle } from '../fakes/deferred.js';
import { ENGINE, fakeSteps, FINGERPRINT, plannedStores, REGISTRY } from '../fakes/fake-steps.js';
import {
  ids,
  inspection,
  listFailures,
  meter,
  NEIGHBOUR,
  part,
  planned,
  refreshWith,
} from '../fakes/flow-fixture.js';
import { DOCKER_REMEDIES } from '../../src/refresh/remedies/docker.js';

const good = fakeSteps();

describe('refresh: Docker login tests', () => {
  it('tests each engine and registry once, after the first of many updates', async () => {
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

  it('tests as soon as the first connections are written, while others are still being written', async () => {
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

  it('does not test a registry without written connections', async () => {
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

  it('waits for the tests before it returns the report', async () => {
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

  it('reports each failing engine separately, with its own message', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['engine-1', 'engine-2'] }),
      testDocker: async ({ engine }) => {
        throw new RefreshFailure(
          'DockerEngineUnreachable',
          `${engine} is unreachable`,
          engine === 'engine-1' ? DOCKER_REMEDIES.start : DOCKER_REMEDIES.restart,
        );
      },
    });
    assert.deepEqual(
      report.failures.map(({ engine, message, remedy }) => [engine, message, remedy]),
      [
        ['engine-1', 'engine-1 is unreachable', DOCKER_REMEDIES.start],
        ['engine-2', 'engine-2 is unreachable', DOCKER_REMEDIES.restart],
      ],
    );
    assert.deepEqual([report.stores[0]?.failed, report.docker], [0, []]);
  });

  it('records a rejected login and a missing engine', async () => {
    const report = await refreshWith({
      planRefresh: planned({ engines: ['rejected', 'absent'] }),
      testDocker: async ({ engine, registry }) => {
        if (engine === 'rejected') throw new RefreshFailure('DockerLoginRejected', '401');
        return { engine, version: null, registry, login: 'none', reason: 'no socket', fingerprint: null };
      },
    });
    const row = { version: null, registry: REGISTRY, fingerprint: null };
    assert.deepEqual(
      report.docker.toSorted((a, b) => a.engine.localeCompare(b.engine)),
      [
        { engine: 'absent', ...row, login: 'none' },
        { engine: 'rejected', ...row, login: 'rejected' },
      ],
    );
    assert.deepEqual(listFailures(report), [['test', undefined, REGISTRY, 'DockerLoginRejected', 0]]);
    assert.deepEqual(report.warnings, [
      'No Docker Engine at absent (no socket): the login from Docker was not tested.',
    ]);
  });

  it('records a login that also accepts a wrong password, and warns of it', async () => {
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
      `The login test from ${ENGINE} to ${REGISTRY} is inconclusive: the registry also accepts a wrong password.`,
    ]);
  });
});

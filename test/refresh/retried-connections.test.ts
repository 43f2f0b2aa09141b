import assert from 'node:assert/strict';
import { settle } from '../fakes/deferred.js';
import { FakeContext } from '../fakes/fake-context.js';
import { fakeSteps, fakeTokenInfo, REGISTRY } from '../fakes/fake-steps.js';
import {
  ids,
  inspection,
  listed,
  listFailures,
  listPart,
  part,
  problem,
  refreshWith,
} from '../fakes/flow-fixture.js';

const good = fakeSteps();

describe('refresh: connections that are retried', () => {
  it('writes a connection that an inspection could read only in a retry', async () => {
    const targets: unknown[] = [];
    const report = await refreshWith({
      inspectConnections: async ({ target, attemptsBefore }) => {
        targets.push([target, attemptsBefore]);
        return 'connections' in target
          ? inspection(part({ connections: target.connections }))
          : { ...inspection(part()), toRetry: [problem('late', 'AttemptTimedOut')] };
      },
    });
    assert.deepEqual(targets, [
      [{ named: { offset: 0, limit: 20 } }, 0],
      [{ connections: ['late'] }, 1],
    ]);
    assert.deepEqual([report.outcome, report.stores[0]?.refreshed], ['refreshed', 2]);
  });

  it('reports a connection that cannot be read while others can', async () => {
    const report = await refreshWith({
      inspectConnections: async ({ target }) => ({
        ...inspection(...('connections' in target ? [] : [part()])),
        toRetry: [problem('failing', 'StoreUnavailable', '500')],
      }),
    });
    assert.deepEqual(listFailures(report), [['inspect', 'main', undefined, 'StoreUnavailable', 1]]);
    assert.deepEqual(report.failures[0]?.connections, ['failing']);
    assert.equal(report.stores[0]?.refreshed, 1);
  });

  it('reads the rest of a list while single connections wait for their retries', async () => {
    const context = new FakeContext();
    context.isHeld = true;
    const offsets: number[] = [];
    const run = refreshWith(
      {
        planRefresh: listed,
        inspectConnections: async ({ target }) => {
          if (!('listed' in target)) return inspection(part({ connections: ['late'] }));
          offsets.push(target.listed.offset);
          return {
            ...listPart(ids(150), target.listed),
            toRetry: target.listed.offset === 0 ? [problem('late', 'AttemptTimedOut')] : [],
          };
        },
      },
      context,
    );
    await settle();
    assert.deepEqual(offsets, [0, 100]);
    context.release();
    assert.equal((await run).stores[0]?.refreshed, 151);
  });

  it('writes the other connections of an update while one is retried, and passes one as the witness', async () => {
    const updated: unknown[] = [];
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'failing', 'b'] })),
      updateConnections: async (input, how) => {
        updated.push([input.connections, input.attemptsBefore, input.witness]);
        return {
          ...(await good.updateConnections(input, how)),
          written: input.connections.filter((id) => id !== 'failing'),
          ...(input.attemptsBefore < 3
            ? { toRetry: [problem('failing', 'StoreUnavailable', '500')] }
            : { refused: [problem('failing', 'ConnectionUnavailable', '500')] }),
        };
      },
    });
    assert.deepEqual(updated, [
      [['a', 'failing', 'b'], 0, undefined],
      [['failing'], 1, 'a'],
      [['failing'], 2, 'a'],
      [['failing'], 3, 'a'],
    ]);
    assert.deepEqual(listFailures(report), [['update', 'main', REGISTRY, 'ConnectionUnavailable', 1]]);
    assert.deepEqual([report.stores[0]?.refreshed, report.stores[0]?.failed], [2, 1]);
  });

  it('shows both tokens when an update and its retry wrote different ones', async () => {
    const report = await refreshWith({
      inspectConnections: async () => inspection(part({ connections: ['a', 'b'] })),
      updateConnections: async ({ connections }, { attemptsBefore }) =>
        attemptsBefore === 0
          ? {
              written: ['a'],
              refused: [],
              toRetry: [problem('b', 'AttemptTimedOut')],
              token: fakeTokenInfo(),
            }
          : {
              written: connections,
              refused: [],
              toRetry: [],
              token: fakeTokenInfo({ fingerprint: 'other' }),
            },
    });
    assert.deepEqual(
      report.tokens.map(({ fingerprint }) => fingerprint),
      [fakeTokenInfo().fingerprint, 'other'],
    );
    assert.equal(report.stores[0]?.refreshed, 2);
  });
});

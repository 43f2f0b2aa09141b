import assert from 'node:assert/strict';
import { forEachConnection, type Outcomes } from '../../src/activities/for-each-connection.js';
import { RefreshFailure, type FailureType } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { fail, RecordedCalls, toIds } from '../fakes/failing-calls.js';
import { attemptOf } from '../fakes/fake-ports.js';
import { STORE_REMEDIES } from '../../src/refresh/remedies/store.js';

const TEMPORARY = ['StoreUnavailable', 'StoreUnreachable'] as const;

describe('forEachConnection', () => {
  let calls: RecordedCalls;
  let evidence: number;

  beforeEach(() => {
    calls = new RecordedCalls();
    evidence = 0;
  });

  async function succeed(): Promise<void> {
    evidence += 1;
  }

  /** A retry in which another connection can be read or written. */
  const RETRY = { attempts: 2, witness: succeed };

  async function failWitness(): Promise<void> {
    evidence += 1;
    fail('StoreUnavailable');
  }

  function failAll(type: FailureType, scope?: 'registry') {
    return calls.callThat(() => fail(type, scope));
  }

  function typesOf(problems: Outcomes<unknown>['refused']): (readonly string[])[] {
    return problems.map(({ connection, type, scope }) => [connection, type, scope]);
  }

  describe('when none of the connections succeeds, but others of the store do', () => {
    it('does not request evidence in the first attempt, since the failure may be temporary', async () => {
      const work = forEachConnection(['a'], attemptOf(), failAll('StoreUnavailable'), { witness: succeed });
      const { scope } = await expectFailure('StoreUnavailable', work);
      assert.deepEqual([evidence, calls.called.length, scope], [0, 1, 'store']);
    });

    it('repeats server errors, and treats them as failures of the connections', async () => {
      const work = forEachConnection(['a'], attemptOf(), failAll('StoreUnavailable'), RETRY);
      const { scope } = await expectFailure('StoreUnavailable', work);
      assert.deepEqual([evidence, calls.called.length, scope], [1, 3, 'connection']);
    });

    it('does not repeat a request that got no response', async () => {
      const work = forEachConnection(['a'], attemptOf(), failAll('StoreUnreachable'), RETRY);
      const { scope } = await expectFailure('StoreUnreachable', work);
      assert.deepEqual([evidence, calls.called.length, scope], [1, 1, 'connection']);
    });

    it('returns the results of calls that succeed when repeated', async () => {
      const call = calls.callThat((_id, tries) => {
        if (tries === 1) fail('StoreUnavailable');
      });
      const { results } = await forEachConnection(['a', 'b'], attemptOf(), call, RETRY);
      assert.deepEqual(results, ['a', 'b']);
    });

    it('continues with the connections that it had not tried', async () => {
      const call = calls.callThat((id) => {
        if (id !== 'id_02') fail('StoreUnreachable');
      });
      const { results, toRetry } = await forEachConnection(toIds(40), attemptOf(), call, RETRY);
      assert.deepEqual([results, toRetry.length, calls.called.length], [['id_02'], 39, 40]);
    });

    it('returns a rejected request as refused, and does not fail', async () => {
      const { refused } = await forEachConnection(['a'], attemptOf(), failAll('StoreRequestRejected'), RETRY);
      assert.deepEqual(typesOf(refused), [['a', 'StoreRequestRejected', 'connection']]);
    });
  });

  describe('when no connection of the store succeeds', () => {
    for (const type of TEMPORARY) {
      it(`fails with ${type} of the store in any attempt, and repeats nothing`, async () => {
        const work = forEachConnection(toIds(40), attemptOf(), failAll(type), {
          attempts: 9,
          witness: failWitness,
        });
        const { scope, connections } = await expectFailure(type, work);
        assert.deepEqual([evidence, calls.called.length, scope], [1, 5, 'store']);
        assert.deepEqual(connections, toIds(40));
      });
    }

    it('rethrows an error that is not in the catalogue', async () => {
      const work = forEachConnection(['a'], attemptOf(), failAll('StoreUnavailable'), {
        attempts: 2,
        witness: async () => {
          throw new TypeError('a bug');
        },
      });
      await assert.rejects(work, TypeError);
    });
  });

  describe('when no evidence is needed', () => {
    it('does not request it when one of the connections succeeds', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_01') fail('StoreUnreachable');
      });
      await forEachConnection(toIds(3), attemptOf(), call, RETRY);
      assert.equal(evidence, 0);
    });

    it('does not request it after a failure that concerns every request', async () => {
      const work = forEachConnection(toIds(3), attemptOf(), failAll('StoreUnauthorized'), RETRY);
      await expectFailure('StoreUnauthorized', work);
      assert.equal(evidence, 0);
    });

    it('does not request it when only the source of a registry fails, which is not read again', async () => {
      const work = forEachConnection(toIds(3), attemptOf(), failAll('StoreUnavailable', 'registry'), RETRY);
      const { scope } = await expectFailure('StoreUnavailable', work);
      assert.deepEqual([evidence, calls.called.length, scope], [0, 3, 'registry']);
    });

    it('repeats only connections, not the source of a registry', async () => {
      const call = calls.callThat((id) => fail('StoreUnavailable', id === 'id_00' ? 'registry' : undefined));
      await expectFailure('StoreUnavailable', forEachConnection(toIds(2), attemptOf(), call, RETRY));
      assert.deepEqual(calls.called.toSorted(), ['id_00', 'id_01', 'id_01', 'id_01']);
    });

    it('does not request it when the attempt has ended', async () => {
      const controller = new AbortController();
      const call = calls.callThat(() => {
        controller.abort(new RefreshFailure('AttemptTimedOut', 'time is up'));
        fail('StoreUnreachable');
      });
      const work = forEachConnection(['a'], attemptOf({ signal: controller.signal }), call, RETRY);
      const { scope } = await expectFailure('StoreUnreachable', work);
      assert.deepEqual([evidence, scope], [0, 'store']);
    });
  });

  describe('from the fourth attempt on', () => {
    for (const type of TEMPORARY) {
      it(`refuses a connection that fails with ${type} while another succeeds`, async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_01') fail(type);
        });
        const run = (attempts: number) => forEachConnection(toIds(2), attemptOf(), call, { attempts });
        assert.deepEqual(typesOf((await run(3)).toRetry), [['id_01', type, 'connection']]);
        const { refused, toRetry } = await run(4);
        assert.deepEqual(typesOf(refused), [['id_01', 'ConnectionUnavailable', 'connection']]);
        assert.deepEqual([refused[0]?.message, toRetry], [`failed with ${type}`, []]);
      });

      it(`refuses connections that fail with ${type} while others of the store succeed`, async () => {
        const { refused } = await forEachConnection(toIds(7), attemptOf(), failAll(type), {
          attempts: 4,
          witness: succeed,
        });
        assert.deepEqual(
          typesOf(refused),
          toIds(7).map((id) => [id, 'ConnectionUnavailable', 'connection']),
        );
      });

      it(`continues to retry ${type} of the source of a registry`, async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_01') fail(type, 'registry');
        });
        const { toRetry } = await forEachConnection(toIds(2), attemptOf(), call, { attempts: 4 });
        assert.deepEqual(typesOf(toRetry), [['id_01', type, 'registry']]);
      });
    }

    for (const { title, type, own, remedy } of [
      { title: 'the Fernet key for StoreUnavailable', type: 'StoreUnavailable', remedy: /Fernet key/ },
      { title: 'the log for StoreUnreachable', type: 'StoreUnreachable', remedy: /what delays requests/ },
      {
        title: 'the remedy of the failure itself',
        type: 'StoreUnavailable',
        own: STORE_REMEDIES.checkFront,
        remedy: /^Check what is in front/,
      },
    ] as const) {
      it(`gives as remedy ${title}`, async () => {
        const call = calls.callThat((id) => {
          if (id === 'id_01') throw new RefreshFailure(type, 'failed', own);
        });
        const { refused } = await forEachConnection(toIds(2), attemptOf(), call, { attempts: 4 });
        assert.match(refused[0]?.remedy ?? '', remedy);
      });
    }

    it('continues to retry a missing permission, which someone must add', async () => {
      const call = calls.callThat((id) => {
        if (id === 'id_01') fail('StoreForbidden');
      });
      const { toRetry } = await forEachConnection(toIds(2), attemptOf(), call, { attempts: 9 });
      assert.deepEqual(typesOf(toRetry), [['id_01', 'StoreForbidden', 'connection']]);
    });
  });
});

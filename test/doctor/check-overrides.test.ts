import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { checkOverrides } from '../../src/doctor/check-overrides.js';
import type { Check } from '../../src/doctor/check.js';
import { ConnectionRules, type ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { ConnectionStore } from '../../src/stores/port.js';
import { FakeAirflow, fakeStore, idRules } from '../fakes/fake-ports.js';
import { REGISTRY } from '../fakes/fake-steps.js';

describe('checkOverrides', () => {
  let airflow: FakeAirflow;

  beforeEach(() => {
    airflow = new FakeAirflow([]);
  });

  function check(rules: readonly ConnectionRule[], connections: ConnectionStore = airflow): Promise<Check[]> {
    return checkOverrides(fakeStore({ connections, rules: new ConnectionRules(rules) }));
  }

  it('compares connections named by id with their stored host, including missing ones', async () => {
    const host = `HTTPS://${REGISTRY}/`;
    airflow.add({ id: 'a', host }, { id: 'no_host', host: null }, { id: 'b_ecr' });
    await check([...idRules(['a', 'no_host', 'gone']), { kind: 'match', pattern: '*_ecr' }]);
    assert.deepEqual(airflow.compared, [
      [
        { id: 'a', host },
        { id: 'gone', host: null },
      ],
    ]);
  });

  it('compares at most 20 connections', async () => {
    const ids = Array.from({ length: 25 }, (_, index) => `id_${index}`);
    airflow.add(...ids.map((id) => ({ id })));
    await check(idRules(ids));
    assert.equal(airflow.compared[0]?.length, 20);
    assert.equal(airflow.calls.length, 20);
  });

  it('warns of a secrets backend and names its class', async () => {
    airflow.overrides = { backends: ['VaultBackend'], hidden: [] };
    const [found, ...more] = await check([]);
    assert.deepEqual(more, []);
    assert.deepEqual([found?.target, found?.outcome], ['Airflow main', 'warning']);
    assert.match(found?.message ?? '', /^uses a secrets backend \(VaultBackend\): .*no effect/);
    assert.match(found?.remedy ?? '', /^Check that none/);
  });

  it('warns of an overridden connection', async () => {
    airflow.overrides = { backends: [], hidden: ['a'] };
    airflow.add({ id: 'a' }, { id: 'b' });
    const checks = await check(idRules(['a', 'b']));
    assert.deepEqual(
      checks.map(({ target, outcome }) => [target, outcome]),
      [['connection a of main', 'warning']],
    );
    assert.match(checks[0]?.message ?? '', /^is overridden by an environment variable .*no effect/);
  });

  it('reports where a connection is that is missing in the database', async () => {
    airflow.overrides = { backends: [], hidden: ['gone'] };
    const [found] = await check(idRules(['gone']));
    assert.equal(found?.target, 'connection gone of main');
    assert.match(found.message, /^is not in the database but in an environment variable/);
  });

  it('compares only connections that could be read, and does not fail', async () => {
    airflow.add({ id: 'a' }, { id: 'b' });
    airflow.onCall = (_call, id) => {
      if (id === 'b') throw new RefreshFailure('StoreUnavailable', 'Airflow main: 500.');
    };
    assert.deepEqual(await check(idRules(['a', 'b', 'a'])), []);
    assert.deepEqual(airflow.compared, [[{ id: 'a', host: REGISTRY }]]);
  });

  it('limits the comparison to 10 s', async () => {
    const limit = AbortSignal.abort();
    const timeout = mock.method(AbortSignal, 'timeout', () => limit);
    const given: unknown[] = [];
    airflow.findOverrides = async (_candidates: unknown, signal?: AbortSignal) => {
      given.push(signal);
      return airflow.overrides;
    };
    await check(idRules(['a']));
    timeout.mock.restore();
    assert.deepEqual(timeout.mock.calls[0]?.arguments, [10_000]);
    assert.deepEqual(given, [limit]);
  });

  it('sends no request to a store that cannot be overridden', async () => {
    const connections: ConnectionStore = {
      read: () => assert.fail(),
      readPage: () => assert.fail(),
      write: () => assert.fail(),
      create: () => assert.fail(),
      check: () => assert.fail(),
    };
    assert.deepEqual(await check(idRules(['a']), connections), []);
  });
});

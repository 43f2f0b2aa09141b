import assert from 'node:assert/strict';
import type { RefreshActivities } from '../../src/activities/index.js';
import { Secret } from '../../src/log/secret.js';
import type { InspectTarget, UpdateInput, UpdateOutcome } from '../../src/refresh/activity-types.js';
import type { Attempt } from '../../src/refresh/attempt.js';
import type { ConnectionRule } from '../../src/refresh/connection-rules.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { expectFailure } from '../fakes/expect-failure.js';
import { toIds, typesOf } from '../fakes/failing-calls.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  idRules,
  namedRegistry,
} from '../fakes/fake-ports.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const CONFIGURED = ['a', 'b', 'c'];
const MANY = toIds(30);

describe('updateConnections', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;
  let activities: RefreshActivities;

  beforeEach(() => {
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
    configure(idRules(CONFIGURED), CONFIGURED);
  });

  function configure(
    rules: readonly ConnectionRule[],
    stored: readonly string[],
    claimed: readonly ConnectionRule[] = [],
  ): void {
    airflow = new FakeAirflow(stored.map((id) => dockerConnection({ id })));
    airflow.atOnce = 100;
    const source = fakeSource({ airflow, rules, claimed, registries: [namedRegistry({ name: 'own' })] });
    activities = fakeActivities(source, { issuer, registry: registries });
  }

  function update(
    changes: Partial<UpdateInput> = {},
    attempt: Partial<Attempt> = {},
  ): Promise<UpdateOutcome> {
    return activities.updateConnections(attemptOf(attempt), {
      configHash: CONFIG_HASH,
      store: 'main',
      registry: REGISTRY,
      group: GROUP,
      connections: CONFIGURED,
      attemptsBefore: 0,
      ...changes,
    });
  }

  function inspect(target: InspectTarget) {
    const input = { configHash: CONFIG_HASH, store: 'main', target, attemptsBefore: 0 };
    return activities.inspectConnections(attemptOf(), input);
  }

  it('writes the token into each connection, and returns only facts', async () => {
    const outcome = await update();
    assert.deepEqual(outcome, {
      written: CONFIGURED,
      refused: [],
      toRetry: [],
      token: {
        group: GROUP,
        region: 'us-east-1',
        principalArn: 'arn:aws:sts::123456789012:assumed-role/ecr-refresh/test',
        issuedAt: '2026-01-01T00:00:00.000Z',
        expiresAt: '2026-01-01T12:00:00.000Z',
        fingerprint: new Secret('password-1').fingerprint(),
        probes: [{ registry: REGISTRY, outcome: 'accepted' }],
      },
    });
    assert.deepEqual(
      [...airflow.passwords],
      CONFIGURED.map((id) => [id, 'password-1']),
    );
    const text = JSON.stringify(outcome);
    assert.ok(!text.includes('password-1') && !text.includes(btoa('AWS:password-1')));
  });

  it('writes only the requested connections', async () => {
    await update({ connections: ['b'] });
    assert.deepEqual([...airflow.passwords.keys()], ['b']);
  });

  it('does not read inspected connections again', async () => {
    await inspect({ named: { offset: 0, limit: 20 } });
    airflow.calls.length = 0;
    await update();
    assert.deepEqual(airflow.calls, ['write a', 'write b', 'write c']);
  });

  it('writes an inspected part of the list with one request', async () => {
    configure([{ kind: 'match', pattern: 'id_*' }], MANY);
    const listed = { offset: 0, limit: 100 };
    await inspect({ listed });
    assert.deepEqual((await update({ connections: MANY, listed })).written, MANY);
    assert.deepEqual(airflow.calls, ['list 0+100 id_*', `bulk ${MANY.join(' ')}`]);
  });

  it('reads each connection before it writes it when lists omit fields', async () => {
    configure([{ kind: 'match', pattern: 'id_*' }], MANY);
    airflow.isComplete = false;
    airflow.add({ id: 'id_03', extra: '{"reauth":false}' });
    await inspect({ listed: { offset: 0, limit: 100 } });
    const { written, refused } = await update({ connections: MANY.slice(0, 5) });
    assert.deepEqual(written, ['id_00', 'id_01', 'id_02', 'id_04']);
    assert.deepEqual(typesOf(refused), [['id_03', 'ConnectionReauthDisabled']]);
  });

  it('rejects a connection that an earlier store of the same Airflow claims, and sends no request', async () => {
    configure([{ kind: 'match', pattern: '*' }], MANY, [{ kind: 'match', pattern: 'id_0*' }]);
    await expectFailure('InputNotAllowed', update({ connections: ['id_10', 'id_03'] }));
    assert.deepEqual(airflow.calls, []);
    assert.deepEqual((await update({ connections: ['id_10'] })).written, ['id_10']);
  });

  it('does not create a missing connection that an earlier pattern matches', async () => {
    const rules: ConnectionRule[] = [
      { kind: 'match', pattern: 'n*' },
      { kind: 'id', id: 'new', registry: 'own', ifMissing: 'create' },
    ];
    configure(rules, []);
    assert.deepEqual(typesOf((await update({ connections: ['new'] })).refused), [
      ['new', 'ConnectionMissing'],
    ]);
    configure(rules.toReversed(), []);
    assert.deepEqual((await update({ connections: ['new'] })).written, ['new']);
  });

  it('never writes a token that its registry rejects', async () => {
    registries.refused.add(REGISTRY);
    await expectFailure('TokenRejected', update());
    assert.deepEqual([airflow.calls, airflow.passwords.size], [[], 0]);
  });

  it('writes when the registry is unreachable', async () => {
    registries.unreachable.add(REGISTRY);
    assert.deepEqual((await update()).written, CONFIGURED);
  });

  it('writes nothing when there is no token', async () => {
    issuer.answer = () => {
      throw new RefreshFailure('AwsUnavailable', 'no ECR');
    };
    await expectFailure('AwsUnavailable', update());
    assert.deepEqual(airflow.calls, []);
  });

  it('returns the token that was written, which differs between workers', async () => {
    await update();
    const source = fakeSource({ airflow, connections: CONFIGURED });
    activities = fakeActivities(source, { issuer, registry: registries });
    const { token } = await update();
    assert.equal(token.fingerprint, new Secret('password-2').fingerprint());
    assert.deepEqual(new Set(airflow.passwords.values()), new Set(['password-2']));
  });

  it('returns refused, retryable and written connections together', async () => {
    configure(idRules(MANY), MANY);
    airflow.connections.delete('id_01');
    airflow.add({ id: 'id_02', login: 'root' });
    airflow.failAt({
      'read id_03': 'StoreUnavailable',
      'write id_04': 'StoreUnavailable',
      'write id_05': 'StoreRequestRejected',
    });
    const { written, refused, toRetry } = await update({ connections: MANY });
    assert.deepEqual(written, [...MANY.slice(0, 1), ...MANY.slice(6)]);
    assert.deepEqual(typesOf(refused), [
      ['id_01', 'ConnectionMissing'],
      ['id_02', 'ConnectionLoginMismatch'],
      ['id_05', 'StoreRequestRejected'],
    ]);
    assert.deepEqual(typesOf(toRetry), [
      ['id_03', 'StoreUnavailable'],
      ['id_04', 'StoreUnavailable'],
    ]);
  });

  it('keeps the earlier results when the write fails', async () => {
    airflow.connections.delete('b');
    airflow.failAt({ write: 'StoreUnavailable' });
    const { written, refused, toRetry } = await update();
    assert.deepEqual([written, typesOf(refused)], [[], [['b', 'ConnectionMissing']]]);
    assert.deepEqual(typesOf(toRetry), [
      ['a', 'StoreUnavailable'],
      ['c', 'StoreUnavailable'],
    ]);
  });

  it('keeps the created connections when the write fails', async () => {
    configure([...idRules(['a']), { kind: 'id', id: 'new', registry: 'own', ifMissing: 'create' }], ['a']);
    airflow.failAt({ write: 'StoreUnauthorized' });
    const { written, toRetry } = await update({ connections: ['a', 'new'] });
    assert.deepEqual([written, typesOf(toRetry)], [['new'], [['a', 'StoreUnauthorized']]]);
  });

  it('returns what was written by the end of the attempt, and the rest for a retry', async () => {
    configure(idRules(MANY), MANY);
    const controller = new AbortController();
    const reason = new RefreshFailure('AttemptTimedOut', 'updateConnections timed out.');
    airflow.onCall = (call, id) => {
      if (call === 'bulk') throw new RefreshFailure('StoreRequestRejected', 'no bulk');
      if (call === 'write' && id === 'id_12') controller.abort(reason);
    };
    const { written, toRetry } = await update({ connections: MANY }, { signal: controller.signal });
    assert.ok(written.length >= 5 && written.length < 20, `${written.length} written`);
    assert.deepEqual([...written, ...toRetry.map(({ connection }) => connection)].toSorted(), MANY);
  });

  describe('with a witness: a connection written earlier in this run', () => {
    it('writes a connection again after a server error', async () => {
      let failures = 0;
      airflow.onCall = (call, id) => {
        if (call === 'write' && id === 'a' && ++failures === 1)
          throw new RefreshFailure('StoreUnavailable', 'HTTP 500.');
      };
      const { written } = await update({ connections: ['a'], witness: 'b', attemptsBefore: 1 });
      assert.deepEqual(written, ['a']);
      assert.deepEqual(airflow.callsOf('write'), ['a', 'b', 'a']);
    });

    it('in the fourth attempt, refuses a connection that cannot be written while the witness can', async () => {
      airflow.failAt({ 'write a': 'StoreUnavailable' });
      const { refused } = await update({ connections: ['a'], witness: 'b', attemptsBefore: 3 });
      assert.deepEqual(typesOf(refused), [['a', 'ConnectionUnavailable']]);
    });

    it('rejects a witness that the configuration does not allow, and sends no request', async () => {
      airflow.add({ id: 'other' });
      await expectFailure('InputNotAllowed', update({ witness: 'other', attemptsBefore: 1 }));
      assert.deepEqual(airflow.calls, []);
    });
  });

  for (const type of [
    'StoreUnavailable',
    'StoreForbidden',
    'StoreUnauthorized',
    'StoreUnreachable',
    'StoreRequestRejected',
  ] as const) {
    it(`fails with ${type} of the store when every request fails`, async () => {
      airflow.failAt({ read: type });
      const { scope } = await expectFailure(type, update());
      assert.equal(scope, 'store');
      assert.equal(airflow.passwords.size, 0);
    });
  }

  it('rethrows an error that is not in the catalogue', async () => {
    airflow.onCall = (call) => {
      if (call === 'write') throw new TypeError('a bug');
    };
    await assert.rejects(update(), TypeError);
    assert.equal(airflow.passwords.size, 0);
  });
});

import assert from 'node:assert/strict';
import type { ConnectionRecord } from '../../src/refresh/check-connection.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { UpdateOutcome } from '../../src/refresh/activity-types.js';
import { Secret } from '../../src/log/secret.js';
import { expectFailure } from '../fakes/expect-failure.js';
import {
  attemptOf,
  CONFIG_HASH,
  dockerConnection,
  fakeActivities,
  FakeAirflow,
  FakeIssuer,
  FakeRegistries,
  fakeSource,
  TOKEN_GROUP,
} from '../fakes/fake-ports.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const EU_REGISTRY = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
const CONFIGURED = ['a', 'b', 'c'];

describe('updateConnections', () => {
  let airflow: FakeAirflow;
  let issuer: FakeIssuer;
  let registries: FakeRegistries;

  beforeEach(() => {
    airflow = new FakeAirflow(CONFIGURED.map((id) => dockerConnection({ id })));
    issuer = new FakeIssuer();
    registries = new FakeRegistries();
  });

  function update(connections: readonly string[] = CONFIGURED, number = 1): Promise<UpdateOutcome> {
    const source = fakeSource({ airflow, connections: CONFIGURED });
    return fakeActivities(source, { issuer, registry: registries }).updateConnections(attemptOf({ number }), {
      configHash: CONFIG_HASH,
      store: 'main',
      registry: REGISTRY,
      group: TOKEN_GROUP.name,
      connections,
    });
  }

  function store(id: string, changes: Partial<ConnectionRecord>): void {
    airflow.connections.set(id, dockerConnection({ id, ...changes }));
  }

  function failAt(call: string, type: 'StoreUnavailable' | 'StoreRequestRejected'): void {
    airflow.onCall = (name, id) => {
      if (`${name} ${id}` === call) throw new RefreshFailure(type, `HTTP trouble at ${id}`);
    };
  }

  for (const { type, scope } of [
    { type: 'StoreUnavailable', scope: 'connection' },
    { type: 'StoreForbidden', scope: 'connection' },
    { type: 'StoreUnauthorized', scope: 'store' },
    { type: 'StoreUnreachable', scope: 'store' },
  ] as const) {
    it(`fails with the scope ${scope} for ${type}`, async () => {
      airflow.onCall = () => {
        throw new RefreshFailure(type, 'HTTP trouble');
      };
      assert.equal((await expectFailure(type, update())).scope, scope);
    });
  }

  it('writes the token into each connection, and answers facts alone', async () => {
    const outcome = await update();
    assert.deepEqual(outcome, {
      refreshed: CONFIGURED,
      failed: [],
      fingerprint: new Secret('password-1').fingerprint(),
      expiresAt: '2026-01-01T12:00:00.000Z',
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
    assert.ok(!JSON.stringify(outcome).includes('password-1'));
  });

  it('looks at each connection right before it writes it, one request at a time', async () => {
    await update();
    assert.deepEqual(airflow.calls, ['read a', 'write a', 'read b', 'write b', 'read c', 'write c']);
  });

  it('hands the connection to the write as it was read, for nothing but the password to change', async () => {
    const written: ConnectionRecord[] = [];
    const stored = dockerConnection({
      id: 'a',
      schema: 'kept',
      extra: '{"email":"kept"}',
      description: 'kept',
    });
    airflow.connections.set('a', stored);
    airflow.afterWrite = (connection) => (written.push(connection), connection);
    await update(['a']);
    assert.deepEqual(written, [stored]);
  });

  it('writes only what it was asked for', async () => {
    await update(['b']);
    assert.deepEqual([...airflow.passwords.keys()], ['b']);
  });

  it('never writes into a registry that refuses the token', async () => {
    registries.refused.add(REGISTRY);
    await expectFailure('TokenRejected', update());
    assert.deepEqual(airflow.calls, []);
  });

  it('writes when the registry could not be asked', async () => {
    registries.unreachable.add(REGISTRY);
    assert.deepEqual((await update()).refreshed, CONFIGURED);
  });

  it('lets a missing connection fail alone', async () => {
    airflow.connections.delete('b');
    const { refreshed, failed } = await update();
    assert.deepEqual(refreshed, ['a', 'c']);
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [['b', 'ConnectionMissing']],
    );
    assert.ok(!airflow.calls.includes('write b'));
  });

  for (const { title, changes, type } of [
    {
      title: 'points to another registry',
      changes: { host: EU_REGISTRY },
      type: 'ConnectionRegistryChanged',
    },
    { title: 'has another type', changes: { type: 'http' }, type: 'ConnectionTypeMismatch' },
    {
      title: 'has a host that is no registry',
      changes: { host: 'quay.io' },
      type: 'ConnectionRegistryUnknown',
    },
    { title: 'has a port', changes: { port: 443 }, type: 'ConnectionPortSet' },
    { title: 'has another login', changes: { login: 'root' }, type: 'ConnectionLoginMismatch' },
    { title: 'turns reauth off', changes: { extra: '{"reauth":false}' }, type: 'ConnectionReauthDisabled' },
  ] as const) {
    it(`does not write a connection that by now ${title}`, async () => {
      store('b', changes);
      const { refreshed, failed } = await update();
      assert.deepEqual(refreshed, ['a', 'c']);
      assert.deepEqual(
        failed.map(({ connection, type: given }) => [connection, given]),
        [['b', type]],
      );
      assert.equal(airflow.passwords.has('b'), false);
    });

    it(`does not confirm a write after which the connection ${title}`, async () => {
      airflow.afterWrite = (written) => (written.id === 'b' ? { ...written, ...changes } : written);
      const { refreshed, failed } = await update();
      assert.deepEqual(refreshed, ['a', 'c']);
      assert.deepEqual(
        failed.map(({ connection, type: given }) => [connection, given]),
        [['b', 'WriteUnconfirmed']],
      );
    });
  }

  it('does not confirm a write that Airflow answers with another connection', async () => {
    airflow.afterWrite = (written) => ({ ...written, id: 'a' });
    const { refreshed, failed } = await update(['a', 'b']);
    assert.deepEqual(refreshed, ['a']);
    assert.deepEqual(
      failed.map(({ connection, type }) => [connection, type]),
      [['b', 'WriteUnconfirmed']],
    );
  });

  it('takes a connection for missing that is gone when it is written', async () => {
    airflow.afterWrite = (written) => (written.id === 'c' ? undefined : written);
    const { refreshed, failed } = await update();
    assert.deepEqual(refreshed, ['a', 'b']);
    assert.equal(failed[0]?.type, 'ConnectionMissing');
  });

  it('fails attempts 1 to 3 for a server error at one connection, and writes the others all the same', async () => {
    failAt('write b', 'StoreUnavailable');
    for (const number of [1, 2, 3]) await expectFailure('StoreUnavailable', update(CONFIGURED, number));
    assert.ok(airflow.passwords.has('c'), 'the connection after the sick one was written');
  });

  it('takes it for a problem of that connection from attempt 4 on', async () => {
    failAt('write b', 'StoreUnavailable');
    const { refreshed, failed } = await update(CONFIGURED, 4);
    assert.deepEqual(refreshed, ['a', 'c']);
    assert.deepEqual(
      failed.map(({ connection, type, message }) => [connection, type, message]),
      [['b', 'StoreUnavailable', 'HTTP trouble at b']],
    );
  });

  it('takes a rejected request for a problem of that connection at once', async () => {
    failAt('read b', 'StoreRequestRejected');
    const { refreshed, failed } = await update();
    assert.deepEqual(refreshed, ['a', 'c']);
    assert.equal(failed[0]?.type, 'StoreRequestRejected');
  });

  it('fails as a whole when every request is rejected', async () => {
    airflow.onCall = () => {
      throw new RefreshFailure('StoreRequestRejected', '422');
    };
    await expectFailure('StoreRequestRejected', update());
  });

  it('prefers the failure that may pass when all fail, for the attempt to be made again', async () => {
    airflow.onCall = (_call, id) => {
      throw new RefreshFailure(id === 'a' ? 'StoreRequestRejected' : 'StoreUnavailable', 'trouble');
    };
    await expectFailure('StoreUnavailable', update());
  });

  for (const type of ['StoreUnauthorized', 'StoreForbidden', 'StoreUnreachable'] as const) {
    it(`stops at the first ${type}: one request, no more`, async () => {
      airflow.onCall = () => {
        throw new RefreshFailure(type, 'not to be tried on');
      };
      await expectFailure(type, update(CONFIGURED, 9));
      assert.deepEqual(airflow.calls, ['read a']);
    });
  }

  it('lets an error through that is none of the catalogue, and writes no more', async () => {
    airflow.onCall = (call) => {
      if (call === 'write') throw new TypeError('a defect');
    };
    await assert.rejects(update(), TypeError);
    assert.deepEqual(airflow.calls, ['read a', 'write a']);
  });
});

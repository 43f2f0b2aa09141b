import assert from 'node:assert/strict';
import type { ConnectionRecord } from '../../../src/refresh/check-connection.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../../support/local-server.js';
import { connect as connectStore, createdWith, NEW, writeOne } from './connect.js';

const LOGIN = 'pass:word-that-must-not-show';
const TOKEN = 'ecr-password-that-must-not-show';
const SECRETS = [LOGIN, TOKEN];
const STORED = dockerConnection({ host: 'registry.example.com', extra: '{"reauth": true}' });

/** The bodies were recorded from Airflow 2.10.5. */
describe('AirflowStore on Airflow 2', () => {
  let airflow: AirflowStandIn;
  let api: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    airflow = await startAirflowStandIn({
      version: '2.10.5',
      users: [
        { username: 'op', password: LOGIN, role: 'op' },
        { username: 'viewer', password: LOGIN, role: 'viewer' },
      ],
      connections: [
        {
          connection_id: 'docker_default',
          conn_type: 'docker',
          host: 'registry.example.com',
          login: 'AWS',
          password: 'old',
          extra: '{"reauth": true}',
        },
      ],
      variables: { ecr_aws_account: '123456789012' },
    });
    api = connect('op');
  });
  afterEach(async () => {
    restore();
    await airflow.stop();
  });

  function connect(username: string, password = LOGIN): AirflowStore {
    const auth = { kind: 'password', username, readPassword: () => new Secret(password) } as const;
    return connectStore(airflow.url, { auth, version: 2 });
  }

  function write(password: string): Promise<ConnectionRecord | undefined> {
    return writeOne(api, STORED, password);
  }

  it('reads a connection, including its extra', async () => {
    assert.deepEqual(await api.read('docker_default', anySignal()), STORED);
    const expected = `Basic ${Buffer.from(`op:${LOGIN}`).toString('base64')}`;
    assert.equal(airflow.requests[0]?.headers['authorization'], expected);
  });

  it('writes only the password with update_mask', async () => {
    const before = { ...airflow.connections.get('docker_default') };
    assert.deepEqual(await write(TOKEN), STORED);
    assert.deepEqual(airflow.connections.get('docker_default'), { ...before, password: TOKEN });
    const sent = airflow.requests.at(-1);
    assert.equal(sent?.query.get('update_mask'), 'password');
    assert.deepEqual(sent.body, { password: TOKEN });
  });

  for (const password of ['', '***', '*'.repeat(8)]) {
    it(`never writes the password ${JSON.stringify(password)}`, async () => {
      await expectFailure(write(password), 'EcrResponseInvalid', SECRETS);
      assert.deepEqual(airflow.requests, []);
    });
  }

  it('returns undefined for a missing connection or Variable', async () => {
    airflow.connections.clear();
    assert.equal(await api.read('docker_default', anySignal()), undefined);
    assert.equal(await write(TOKEN), undefined);
    assert.equal(await api.readVariable('nope', anySignal()), undefined);
  });

  it('reads the version and Variables', async () => {
    assert.equal(await api.check(anySignal()), 'version 2.10.5');
    assert.equal(airflow.requests[0]?.headers['authorization'], undefined);
    assert.equal(await api.readVariable('ecr_aws_account', anySignal()), '123456789012');
  });

  it('lists connections page by page, without their extra', async () => {
    for (let i = 0; i < 120; i += 1) {
      const connection_id = `x${`${i}`.padStart(3, '0')}`;
      airflow.connections.set(connection_id, {
        ...airflow.connections.get('docker_default')!,
        connection_id,
      });
    }
    const first = await api.readPage({ pattern: '*', offset: 0, limit: 100 }, anySignal());
    const second = await api.readPage({ pattern: '*', offset: 100, limit: 100 }, anySignal());
    assert.deepEqual(first.connections[0], { ...STORED, extra: null });
    assert.deepEqual([first.connections.length, first.total, first.isComplete], [100, 121, false]);
    assert.equal(second.connections.length, 21);
  });

  it('creates a complete connection, and does not change an existing one', async () => {
    const create = (): Promise<string> => api.create(NEW, new Secret(TOKEN), anySignal());
    assert.equal(await create(), 'created');
    assert.deepEqual(airflow.connections.get('new'), createdWith(TOKEN));
    airflow.connections.get('new')!.password = 'of someone else';
    assert.equal(await create(), 'exists');
    assert.equal(airflow.connections.get('new')?.password, 'of someone else');
  });

  it('does not support bulk requests', async () => {
    const writing = api.write([STORED, STORED], new Secret(TOKEN), anySignal());
    await expectFailure(writing, 'StoreRequestRejected', SECRETS);
    assert.deepEqual(airflow.requests, []);
  });

  it('names the missing permission, although Airflow 2 gives no reason', async () => {
    const viewer = connect('viewer');
    const reading = await expectFailure(viewer.read('x', anySignal()), 'StoreForbidden', SECRETS);
    assert.match(reading.message, /403 on GET connection x: the user is not allowed to read connections/);
    const variable = await expectFailure(viewer.readVariable('x', anySignal()), 'StoreForbidden', SECRETS);
    assert.match(variable.message, /the user is not allowed to read variables/);
  });

  it('sends a wrong password once, and names `auth_backends` as another cause', async () => {
    const wrong = connect('op', 'wrong');
    const { message, remedy } = await expectFailure(
      wrong.read('x', anySignal()),
      'StoreUnauthorized',
      SECRETS,
    );
    // A report shows at most 500 characters.
    assert.ok(remedy.length <= 500, remedy);
    assert.match(remedy, /AIRFLOW__API__AUTH_BACKENDS.*OAuth or SAML.*every 30 min/);
    assert.equal(
      message,
      'Airflow main: 401 on login: the user name or password was rejected, or `[api] auth_backends` does not include basic_auth',
    );
    assert.equal(airflow.requests.length, 1);
  });

  const bodies: readonly { status: number; body: unknown; type: FailureType }[] = [
    {
      status: 400,
      body: { detail: `'${TOKEN}' is not of type 'string'`, status: 400, title: 'Bad Request' },
      type: 'StoreRequestRejected',
    },
    { status: 404, body: '<!DOCTYPE html>', type: 'StoreUnavailable' },
    { status: 500, body: { detail: null, status: 500, title: TOKEN }, type: 'StoreUnavailable' },
    { status: 503, body: undefined, type: 'StoreUnavailable' },
  ];
  for (const { status, body, type } of bodies) {
    it(`reports ${type} for ${status} ${JSON.stringify(body)?.slice(0, 30)}`, async () => {
      airflow.setFault(() => ({ status, body }));
      await expectFailure(write(TOKEN), type, SECRETS);
    });
  }
});

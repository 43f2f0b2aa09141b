// Every Airflow version of the sandbox, installed for real: it starts, keeps its data, and each user has exactly the
// permissions that the sandbox documents. This proves the minimum role of the worker, permission by permission.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  readConnection,
  readConnectionRow,
  readDecryptedPasswords,
  runDockerOperator,
  seedConnection,
  seedVariable,
  startAirflow,
  type Airflow,
  type AirflowUser,
  type AirflowUsers,
} from '../support/airflow.js';
import { logIn } from '../support/airflow/rest.js';
import { findPython } from '../../sandbox/python-tools.js';
import { airflowKindsToTest } from './airflow-kinds.js';
import { skipOrFail } from '../support/skip-or-fail.js';

type Permission = 'read' | 'edit' | 'create' | 'read variables' | 'test';

const EVERYTHING: Permission[] = ['read', 'edit', 'create', 'read variables'];

const PERMISSIONS: Record<'simple' | 'fab', Partial<Record<keyof AirflowUsers, Permission[]>>> = {
  // The role `op` cannot be restricted, and no role only reads connections.
  simple: { admin: EVERYTHING, worker: EVERYTHING, unprivileged: [] },
  fab: {
    admin: EVERYTHING,
    worker: ['read', 'edit'],
    creator: ['read', 'edit', 'create'],
    variableReader: ['read', 'edit', 'read variables'],
    reader: ['read'],
    unprivileged: [],
  },
};

const PASSWORD = `"quoted" and 'long' ${'x'.repeat(6_000)}`;

for (const kind of airflowKindsToTest()) {
  describe(`Airflow ${kind.release} with ${kind.auth} in the sandbox`, function () {
    this.timeout(300_000);
    let stateFolder: string;
    let airflow: Airflow;
    const start = (env: Record<string, string> = {}) =>
      startAirflow({ stateFolder, version: kind.version, auth: kind.auth, env });

    before(async function () {
      await findPython(kind.newestPython, kind.oldestPython).catch((error: Error) =>
        skipOrFail(this, error.message),
      );
      stateFolder = mkdtempSync(join(tmpdir(), 'ecr-airflow-'));
      airflow = await start();
      const connection = { connection_id: 'docker_default', conn_type: 'docker', login: 'AWS' };
      await seedConnection(airflow, { ...connection, host: 'registry.example.com', password: PASSWORD });
      await seedVariable(airflow, 'ecr_aws_account', '123456789012');
    });

    after(async () => {
      await airflow?.stop();
      if (stateFolder) rmSync(stateFolder, { recursive: true });
    });

    it('reports its release', async () => {
      const response = await fetch(`${airflow.url}/api/v${airflow.api}/version`);
      assert.equal(((await response.json()) as { version: string }).version, kind.release);
    });

    it('rejects a wrong password', async () => {
      assert.equal(await requestStatus(airflow, { ...airflow.users.worker, password: 'wrong' }, 'read'), 401);
    });

    for (const [name, permissions] of Object.entries(PERMISSIONS[kind.auth])) {
      it(`gives ${name} exactly these permissions: ${permissions.join(', ') || 'none'}`, async () => {
        const user = airflow.users[name as keyof AirflowUsers];
        assert.ok(user);
        const expected: Partial<Record<Permission, number>> = {};
        const actual: Partial<Record<Permission, number>> = {};
        for (const permission of EVERYTHING) {
          const allowed = permission === 'create' && airflow.api === 2 ? 201 : 200;
          expected[permission] = permissions.includes(permission) ? allowed : 403;
          actual[permission] = await requestStatus(airflow, user, permission);
        }
        assert.deepEqual(actual, expected);
      });
    }

    it('returns a connection, its row and its password, also after a restart with another setting', async () => {
      await seedConnection(airflow, { connection_id: 'kept', conn_type: 'docker', password: PASSWORD });
      await seedConnection(airflow, { connection_id: 'bare', conn_type: 'docker', password: null });
      const row = await readConnectionRow(airflow, 'kept');
      assert.match(row?.['password'] ?? '', /^text:[0-9A-F]+$/);
      assert.equal(await readConnectionRow(airflow, 'missing'), undefined);
      await airflow.stop();
      const { worker } = airflow.users;

      airflow = await start({ AIRFLOW__CORE__TEST_CONNECTION: 'Enabled' });
      assert.deepEqual(airflow.users.worker, worker);
      assert.equal(await requestStatus(airflow, worker, 'read'), 200);
      assert.equal(
        await requestStatus(airflow, airflow.users.admin, 'test'),
        200,
        'the sandbox did not enable connection tests',
      );
      assert.equal((await readConnection(airflow, 'kept'))?.['conn_type'], 'docker');
      assert.equal(await readConnection(airflow, 'missing'), undefined);
      assert.deepEqual(await readConnectionRow(airflow, 'kept'), row);
      const passwords = await readDecryptedPasswords(airflow, ['kept', 'bare', 'missing']);
      assert.deepEqual(passwords, { kept: PASSWORD, bare: null });
    });

    if (kind.api === 1) {
      it('runs a DockerOperator, which reports that the Docker Engine cannot be reached', async () => {
        const dockerHost = `unix://${join(stateFolder, 'no.sock')}`;
        const run = { connectionId: 'docker_default', image: 'registry.example.com/none', dockerHost };
        const { ok, output } = await runDockerOperator(airflow, run);
        assert.equal(ok, false);
        assert.match(output, /Failed to establish connection to Docker host/);
      });
    }
  });
}

/** The HTTP status of a request that needs this permission; 401 when the user cannot log in. */
async function requestStatus(airflow: Airflow, user: AirflowUser, permission: Permission): Promise<number> {
  const { url, api } = airflow;
  let authorization: string;
  try {
    authorization = await logIn({ url, api, ...user });
  } catch (error) {
    if (/HTTP 401/.test(String(error))) return 401;
    throw error;
  }
  const body = { connection_id: 'docker_default', conn_type: 'docker', password: 'new' };
  const requests: Record<Permission, { method: string; path: string; content?: object }> = {
    read: { method: 'GET', path: '/connections/docker_default' },
    edit: { method: 'PATCH', path: '/connections/docker_default?update_mask=password', content: body },
    create: {
      method: 'POST',
      path: '/connections',
      content: { ...body, connection_id: `created_by_${user.username}` },
    },
    'read variables': { method: 'GET', path: '/variables/ecr_aws_account' },
    test: { method: 'POST', path: '/connections/test', content: { ...body, connection_id: 'unknown' } },
  };
  const { method, path, content } = requests[permission];
  const response = await fetch(`${url}/api/v${api}${path}`, {
    method,
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  return response.status;
}

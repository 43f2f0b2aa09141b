// Every Airflow of the sandbox, installed for real: that it starts, keeps what it is given, and that each of its users
// may do what the sandbox says, and no more. The least role that refreshes is proven here, right by right.
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

type Right = 'read' | 'edit' | 'create' | 'read variables' | 'test';

const EVERYTHING: Right[] = ['read', 'edit', 'create', 'read variables'];

const RIGHTS: Record<'simple' | 'fab', Partial<Record<keyof AirflowUsers, Right[]>>> = {
  // Its role op cannot be made smaller, and there is none that reads connections alone.
  simple: { admin: EVERYTHING, worker: EVERYTHING, nobody: [] },
  fab: {
    admin: EVERYTHING,
    worker: ['read', 'edit'],
    creator: ['read', 'edit', 'create'],
    variableReader: ['read', 'edit', 'read variables'],
    reader: ['read'],
    nobody: [],
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
      await findPython(kind.newestPython).catch((error: Error) => skipOrFail(this, error.message));
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

    it('is the release that it says', async () => {
      const answer = await fetch(`${airflow.url}/api/v${airflow.api}/version`);
      assert.equal(((await answer.json()) as { version: string }).version, kind.release);
    });

    it('refuses a wrong password', async () => {
      assert.equal(await ask(airflow, { ...airflow.users.worker, password: 'wrong' }, 'read'), 401);
    });

    for (const [name, rights] of Object.entries(RIGHTS[kind.auth])) {
      it(`gives ${name} these rights and no others: ${rights.join(', ') || 'none'}`, async () => {
        const user = airflow.users[name as keyof AirflowUsers];
        assert.ok(user);
        const expected: Partial<Record<Right, number>> = {};
        const answered: Partial<Record<Right, number>> = {};
        for (const right of EVERYTHING) {
          const allowed = right === 'create' && airflow.api === 2 ? 201 : 200;
          expected[right] = rights.includes(right) ? allowed : 403;
          answered[right] = await ask(airflow, user, right);
        }
        assert.deepEqual(answered, expected);
      });
    }

    it('shows a connection, its row and its password, also after a restart with another setting', async () => {
      await seedConnection(airflow, { connection_id: 'kept', conn_type: 'docker', password: PASSWORD });
      await seedConnection(airflow, { connection_id: 'bare', conn_type: 'docker', password: null });
      const row = await readConnectionRow(airflow, 'kept');
      assert.match(row?.['password'] ?? '', /^text:[0-9A-F]+$/);
      assert.equal(await readConnectionRow(airflow, 'missing'), undefined);
      await airflow.stop();
      const { worker } = airflow.users;

      airflow = await start({ AIRFLOW__CORE__TEST_CONNECTION: 'Enabled' });
      assert.deepEqual(airflow.users.worker, worker);
      assert.equal(await ask(airflow, worker, 'read'), 200);
      assert.equal(await ask(airflow, airflow.users.admin, 'test'), 200, 'by default it would be 403');
      assert.equal((await readConnection(airflow, 'kept'))?.['conn_type'], 'docker');
      assert.equal(await readConnection(airflow, 'missing'), undefined);
      assert.deepEqual(await readConnectionRow(airflow, 'kept'), row);
      const passwords = await readDecryptedPasswords(airflow, ['kept', 'bare', 'missing']);
      assert.deepEqual(passwords, { kept: PASSWORD, bare: null });
    });

    if (kind.api === 1) {
      it('runs a DockerOperator, which complains of an engine that is not there', async () => {
        const dockerHost = `unix://${join(stateFolder, 'no.sock')}`;
        const run = { connectionId: 'docker_default', image: 'registry.example.com/none', dockerHost };
        const { ok, output } = await runDockerOperator(airflow, run);
        assert.equal(ok, false);
        assert.match(output, /Failed to establish connection to Docker host/);
      });
    }
  });
}

/** The status that this user gets when he makes use of this right; 401 when he cannot even sign in. */
async function ask(airflow: Airflow, user: AirflowUser, right: Right): Promise<number> {
  const { url, api } = airflow;
  let authorization: string;
  try {
    authorization = await logIn({ url, api, ...user });
  } catch (error) {
    if (/HTTP 401/.test(String(error))) return 401;
    throw error;
  }
  const body = { connection_id: 'docker_default', conn_type: 'docker', password: 'new' };
  const requests: Record<Right, { method: string; path: string; content?: object }> = {
    read: { method: 'GET', path: '/connections/docker_default' },
    edit: { method: 'PATCH', path: '/connections/docker_default?update_mask=password', content: body },
    create: {
      method: 'POST',
      path: '/connections',
      content: { ...body, connection_id: `made_by_${user.username}` },
    },
    'read variables': { method: 'GET', path: '/variables/ecr_aws_account' },
    test: { method: 'POST', path: '/connections/test', content: { ...body, connection_id: 'unknown' } },
  };
  const { method, path, content } = requests[right];
  const answer = await fetch(`${url}/api/v${api}${path}`, {
    method,
    headers: { Authorization: authorization, 'Content-Type': 'application/json' },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  return answer.status;
}

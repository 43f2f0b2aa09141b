import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrMakeSecrets } from '../../sandbox/airflow/secrets.js';
import { ALL_FAB_USERS, SIMPLE_AUTH_MANAGER_USERS, usernames, usersOf } from './airflow/users.js';
import { AIRFLOW_KINDS, airflowKind } from './airflow/versions.js';
import { findPython } from '../../sandbox/python-tools.js';

describe('Airflow kinds for tests', () => {
  it('default to Airflow 3.3 with SimpleAuthManager', () => {
    const { release, auth, api } = airflowKind();
    assert.deepEqual([release, auth, api], ['3.3.2', 'simple', 2]);
  });

  it("have the version's default auth manager, or the requested one", () => {
    const chosen = [airflowKind('2.10'), airflowKind('2.11'), airflowKind('3.1'), airflowKind('3.3', 'fab')];
    assert.deepEqual(
      chosen.map(({ name, auth, api }) => [name, auth, api]),
      [
        ['2.10', 'fab', 1],
        ['2.11', 'fab', 1],
        ['3.1', 'simple', 2],
        ['3.3-fab', 'fab', 2],
      ],
    );
  });

  it('exclude unsupported combinations of version and auth manager, and the error lists the others', () => {
    assert.throws(() => airflowKind('2.10', 'simple'), /no Airflow 2\.10 with simple.*Fix.*2\.10 with fab/);
  });

  for (const { name, release, requirements } of AIRFLOW_KINDS) {
    it(`pin ${name} and all its dependencies to one version each, without URLs`, () => {
      const lines = readFileSync(requirements, 'utf8').trim().split('\n');
      const pins = lines.filter((line) => !line.startsWith('#'));
      assert.ok(pins.includes(`apache-airflow==${release}`));
      assert.ok(pins.length > 100);
      const invalid = pins.filter((pin) => !/^[a-z0-9-]+==[\w.]+( ; [\w.*'<>=! ()-]+)?$/.test(pin));
      assert.deepEqual(invalid, []);
    });
  }

  it('accept no Python that is newer or older than the Airflow version supports', async function () {
    // It starts every Python of the machine three times.
    this.timeout(60_000);
    await findPython().catch(() => this.skip());
    await assert.rejects(findPython(9), /No Python from 3\.10 to 3\.9 .*Fix: /);
    await assert.rejects(findPython(14, 99), /No Python from 3\.99 to 3\.14 .*Fix: /);
  });
});

describe('users of a sandbox Airflow', () => {
  it('give the FAB user `worker` only the permissions to read and edit connections', () => {
    const worker = ALL_FAB_USERS.find(({ username }) => username === 'worker');
    assert.deepEqual(worker?.permissions, [
      ['can_read', 'Connections'],
      ['can_edit', 'Connections'],
    ]);
  });

  it('list each user of SimpleAuthManager once', () => {
    assert.equal(SIMPLE_AUTH_MANAGER_USERS, 'admin:admin,op:op,viewer:viewer');
  });

  it('include no read-only user of connections with SimpleAuthManager', () => {
    const passwords = Object.fromEntries(usernames('simple').map((name) => [name, `password of ${name}`]));
    const users = usersOf('simple', passwords);
    assert.equal(users.reader, undefined);
    assert.deepEqual(users.worker, { username: 'op', password: 'password of op' });
  });

  it('require a password for each user', () => {
    assert.throws(() => usersOf('fab', { admin: 'password' }), /no password for its user worker/);
  });
});

describe('secrets of a sandbox Airflow', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-secrets-'));
    file = join(folder, 'secrets.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('are kept between starts; missing ones are generated', () => {
    const first = readOrMakeSecrets(file, ['admin']);
    const second = readOrMakeSecrets(file, ['admin', 'worker']);
    const worker = second.passwords['worker'];
    assert.ok(worker !== undefined && worker !== second.passwords['admin']);
    assert.deepEqual(second, { ...first, passwords: { ...first.passwords, worker } });
    assert.deepEqual(readOrMakeSecrets(file, ['admin', 'worker']), second);
  });

  it('are readable only by the owner', () => {
    readOrMakeSecrets(file, ['admin']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('use the single password that 0.1.0 stored as the password of op', () => {
    writeFileSync(file, JSON.stringify({ password: 'kept', jwtSecret: 'jwt', fernetKey: 'fernet' }));
    const { passwords, ...others } = readOrMakeSecrets(file, ['admin', 'op']);
    assert.deepEqual(others, { jwtSecret: 'jwt', fernetKey: 'fernet' });
    assert.equal(passwords['op'], 'kept');
  });
});

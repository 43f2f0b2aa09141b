import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOrMakeSecrets } from '../../sandbox/airflow/secrets.js';
import { ALL_FAB_USERS, SIMPLE_AUTH_MANAGER_USERS, usernames, usersOf } from './airflow/users.js';
import { AIRFLOW_KINDS, airflowKind } from './airflow/versions.js';
import { findPython } from '../../sandbox/python-tools.js';

describe('Airflows of the sandbox', () => {
  it('is 3.3 with SimpleAuthManager when nothing else is asked for', () => {
    const { release, auth, api } = airflowKind();
    assert.deepEqual([release, auth, api], ['3.3.2', 'simple', 2]);
  });

  it('takes the auth manager that a version has by default, or the one asked for', () => {
    const chosen = [airflowKind('2.10'), airflowKind('3.1'), airflowKind('3.3', 'fab')];
    assert.deepEqual(
      chosen.map(({ name, auth, api }) => [name, auth, api]),
      [
        ['2.10', 'fab', 1],
        ['3.1', 'simple', 2],
        ['3.3-fab', 'fab', 2],
      ],
    );
  });

  it('refuses a version with an auth manager that it was not tried with, naming what there is', () => {
    assert.throws(
      () => airflowKind('2.10', 'simple'),
      /no Airflow 2\.10 with simple.*Remedy.*2\.10 with fab/,
    );
  });

  for (const { name, release, requirements } of AIRFLOW_KINDS) {
    it(`pins ${name} and all that it needs, each to one version, from no address`, () => {
      const lines = readFileSync(requirements, 'utf8').trim().split('\n');
      const pins = lines.filter((line) => !line.startsWith('#'));
      assert.ok(pins.includes(`apache-airflow==${release}`));
      assert.ok(pins.length > 100);
      const odd = pins.filter((pin) => !/^[a-z0-9-]+==[\w.]+( ; [\w.*'<>=! ()-]+)?$/.test(pin));
      assert.deepEqual(odd, []);
    });
  }

  it('asks for no Python that is newer than the Airflow knows', async function () {
    await findPython().catch(() => this.skip());
    await assert.rejects(findPython(9), /No Python from 3\.10 to 3\.9 .*Remedy/);
  });
});

describe('users of an Airflow of the sandbox', () => {
  it("gives FAB's worker the rights to read and edit connections, and no other", () => {
    const worker = ALL_FAB_USERS.find(({ username }) => username === 'worker');
    assert.deepEqual(worker?.permissions, [
      ['can_read', 'Connections'],
      ['can_edit', 'Connections'],
    ]);
  });

  it('names each user of SimpleAuthManager once', () => {
    assert.equal(SIMPLE_AUTH_MANAGER_USERS, 'admin:admin,op:op,viewer:viewer');
  });

  it('has nobody who may only read connections with SimpleAuthManager', () => {
    const passwords = Object.fromEntries(usernames('simple').map((name) => [name, `password of ${name}`]));
    const users = usersOf('simple', passwords);
    assert.equal(users.reader, undefined);
    assert.deepEqual(users.worker, { username: 'op', password: 'password of op' });
  });

  it('refuses a user without a password', () => {
    assert.throws(() => usersOf('fab', { admin: 'password' }), /no password for its user worker/);
  });
});

describe('secrets of an Airflow of the sandbox', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-secrets-'));
    file = join(folder, 'secrets.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('keeps what it made, and makes what is missing', () => {
    const first = readOrMakeSecrets(file, ['admin']);
    const second = readOrMakeSecrets(file, ['admin', 'worker']);
    const worker = second.passwords['worker'];
    assert.ok(worker !== undefined && worker !== second.passwords['admin']);
    assert.deepEqual(second, { ...first, passwords: { ...first.passwords, worker } });
    assert.deepEqual(readOrMakeSecrets(file, ['admin', 'worker']), second);
  });

  it('lets nobody else read them', () => {
    readOrMakeSecrets(file, ['admin']);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  it('takes the one password that 0.1.0 stored for that of op', () => {
    writeFileSync(file, JSON.stringify({ password: 'kept', jwtSecret: 'jwt', fernetKey: 'fernet' }));
    const { passwords, ...others } = readOrMakeSecrets(file, ['admin', 'op']);
    assert.deepEqual(others, { jwtSecret: 'jwt', fernetKey: 'fernet' });
    assert.equal(passwords['op'], 'kept');
  });
});

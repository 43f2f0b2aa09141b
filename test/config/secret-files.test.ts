import assert from 'node:assert/strict';
import { airflowSettings } from '../fakes/fake-config.js';
import { chmodSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import type { ProblemCode } from '../../src/config/config-error.js';
import {
  asOrdinaryUser,
  CANARY,
  edit,
  expectProblems,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

const WITH_FILE = edit('{env: AIRFLOW_PASSWORD}', '{file: secrets/password}').replace(
  'airflow.example.com',
  'a',
);

describe('a password file', () => {
  const write = useConfigFolder();

  function warningsFor(content: string, mode: number): string[] {
    chmodSync(write(content, 'secrets/password'), mode);
    return showPlaces(expectWarnings(write(WITH_FILE)));
  }

  function expectRejected(path: string, code: ProblemCode): void {
    assert.deepEqual(showPlaces(expectProblems(path)), [`5 airflows[0].auth.password ${code}`]);
  }

  it('raises no warning when only owner and group can read it', () => {
    assert.deepEqual(warningsFor(`${CANARY}\n`, 0o640), []);
  });

  it('raises a warning when it is world-readable, as by default in Kubernetes', () => {
    assert.deepEqual(warningsFor(`${CANARY}\n`, 0o644), ['5 airflows[0].auth.password unsafe-file']);
  });

  it('is rejected when it is world-writable', () => {
    chmodSync(write(CANARY, 'secrets/password'), 0o602);
    expectRejected(write(WITH_FILE), 'unsafe-file');
  });

  it('is rejected when it cannot be read', () => {
    const config = write(WITH_FILE);
    chmodSync(write(CANARY, 'secrets/password'), 0);
    chmodSync(config, 0o644);
    chmodSync(join(dirname(config), 'secrets'), 0o755);
    asOrdinaryUser(dirname(config), () => expectRejected(config, 'unreadable'));
  });

  it('is found through symbolic links, with which Kubernetes mounts secrets', () => {
    const config = write(WITH_FILE);
    const folder = dirname(config);
    chmodSync(write(CANARY, 'secrets/..2026/password'), 0o400);
    symlinkSync('..2026', join(folder, 'secrets/..data'));
    symlinkSync('..data/password', join(folder, 'secrets/password'));
    const { stores: airflows, warnings } = loadConfig(config, {});
    const auth = airflowSettings(airflows[0])?.auth;
    assert.equal(auth?.kind === 'password' && auth.readPassword().reveal(), CANARY);
    assert.deepEqual(warnings, []);
  });

  it('is rejected as missing when a symbolic link to it is broken', () => {
    const config = write(WITH_FILE);
    write('', 'secrets/other');
    symlinkSync('..data/password', join(dirname(config), 'secrets/password'));
    expectRejected(config, 'not-found');
  });

  for (const { title, content } of [
    { title: 'ends with a second newline', content: `${CANARY}\n\n` },
    { title: 'begins with a space', content: ` ${CANARY}` },
    { title: 'has two lines', content: `${CANARY}\nmore\n` },
  ] as const) {
    it(`is used unchanged, with a warning, when its value ${title}`, () => {
      assert.deepEqual(warningsFor(content, 0o600), ['5 airflows[0].auth.password whitespace']);
    });
  }
});

describe('loadConfig: a probable mistake', () => {
  const write = useConfigFolder();

  it('warns about a password with a newline at its end, as `echo` adds it', () => {
    const path = write(edit('airflow.example.com', 'a'));
    assert.deepEqual(showPlaces(expectWarnings(path, { AIRFLOW_PASSWORD: `${CANARY}\n` })), [
      '5 airflows[0].auth.password whitespace',
    ]);
    assert.deepEqual(expectWarnings(path, { AIRFLOW_PASSWORD: 'a b' }), []);
  });

  it('warns about the unedited example URL', () => {
    const warningsFor = (host: string) =>
      showPlaces(expectWarnings(write(edit('airflow.example.com', host))));
    assert.deepEqual(warningsFor('airflow.example.com'), ['4 airflows[0].url example']);
    assert.deepEqual(warningsFor('airflow.example.com.internal'), []);
    assert.deepEqual(warningsFor('my-example.com'), []);
  });
});

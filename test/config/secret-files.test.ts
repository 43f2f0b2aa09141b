import assert from 'node:assert/strict';
import { airflowSettings } from '../fakes/fake-config.js';
import { chmodSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { loadConfig } from '../../src/config/load.js';
import type { ConfigProblem } from '../../src/config/config-error.js';
import { asOrdinaryUser, CANARY, edit, problemsOf, useConfigFolder } from './config-folder.js';

const WITH_FILE = edit('{env: AIRFLOW_PASSWORD}', '{file: secrets/password}').replace(
  'airflow.example.com',
  'a',
);

describe('a file that holds a password', () => {
  const write = useConfigFolder();

  function warningsFor(content: string, mode: number): readonly ConfigProblem[] {
    chmodSync(write(content, 'secrets/password'), mode);
    const { warnings } = loadConfig(write(WITH_FILE), {});
    assert.ok(!JSON.stringify(warnings).includes(CANARY));
    return warnings;
  }

  it('raises no warning when only owner and group may read it', () => {
    assert.deepEqual(warningsFor(`${CANARY}\n`, 0o640), []);
  });

  it('is used with a warning when everybody may read it, as by default in Kubernetes', () => {
    const [warning, ...more] = warningsFor(`${CANARY}\n`, 0o644);
    assert.deepEqual(more, []);
    assert.equal(`${warning?.line} ${warning?.path}`, '5 airflows[0].auth.password');
    assert.match(warning?.message ?? '', /"secrets\/password" may be read by every user/);
    assert.match(warning?.remedy ?? '', /chmod o-r.*defaultMode: 0400/);
  });

  it('is refused when everybody may write it', () => {
    chmodSync(write(CANARY, 'secrets/password'), 0o602);
    const [problem, ...more] = problemsOf(write(WITH_FILE));
    assert.deepEqual(more, []);
    assert.match(problem?.message ?? '', /"secrets\/password" may be written by every user/);
    assert.match(problem?.remedy ?? '', /chmod o-w/);
  });

  it('is refused when it may not be read', () => {
    const config = write(WITH_FILE);
    chmodSync(write(CANARY, 'secrets/password'), 0);
    chmodSync(config, 0o644);
    chmodSync(join(dirname(config), 'secrets'), 0o755);
    asOrdinaryUser(dirname(config), () => {
      const [problem] = problemsOf(config);
      assert.match(problem?.message ?? '', /"secrets\/password" cannot be read \(EACCES\)/);
      assert.match(problem?.remedy ?? '', /permission/);
    });
  });

  it('is found through symbolic links, by which Kubernetes mounts secrets', () => {
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

  it('is refused as missing when a symbolic link to it leads nowhere', () => {
    const config = write(WITH_FILE);
    write('', 'secrets/other');
    symlinkSync('..data/password', join(dirname(config), 'secrets/password'));
    assert.match(problemsOf(config)[0]?.message ?? '', /there is no file "secrets\/password"/);
  });

  for (const { title, content } of [
    { title: 'ends with a second newline', content: `${CANARY}\n\n` },
    { title: 'begins with a blank', content: ` ${CANARY}` },
    { title: 'has two lines', content: `${CANARY}\nmore\n` },
  ] as const) {
    it(`is used as it stands, with a warning, when its value ${title}`, () => {
      const [warning, ...more] = warningsFor(content, 0o600);
      assert.deepEqual(more, []);
      assert.match(warning?.message ?? '', /blank, or holds a line break/);
      assert.match(warning?.remedy ?? '', /used as it stands/);
    });
  }
});

describe('a configuration that can hardly be meant', () => {
  const write = useConfigFolder();

  it('raises a warning for a password that `echo` has given a newline', () => {
    const text = edit('airflow.example.com', 'a');
    const { warnings } = loadConfig(write(text), { AIRFLOW_PASSWORD: `${CANARY}\n` });
    assert.deepEqual(
      warnings.map(({ line, path }) => `${line} ${path}`),
      ['5 airflows[0].auth.password'],
    );
    assert.deepEqual(loadConfig(write(text), { AIRFLOW_PASSWORD: 'a b' }).warnings, []);
  });

  it('raises a warning for the URL of the example, which nobody has edited', () => {
    const warningsFor = (host: string) =>
      loadConfig(write(edit('airflow.example.com', host)), { AIRFLOW_PASSWORD: CANARY }).warnings;
    assert.match(warningsFor('airflow.example.com')[0]?.message ?? '', /address of the documentation/);
    assert.deepEqual(warningsFor('airflow.example.com.internal'), []);
    assert.deepEqual(warningsFor('my-example.com'), []);
  });
});

import assert from 'node:assert/strict';

import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, edit, VALID, expectProblems, showPlaces, useConfigFolder } from './config-folder.js';

const YAML: InvalidConfig[] = [
  invalid('an open bracket', `${VALID}docker: [`, '7', 'yaml'),
  invalid('truncated JSON', '{"version": 1,\n"airflows": [}', '2', 'yaml'),
  invalid('an open quote', edit(' main', ' "main'), '3', 'yaml'),
  invalid('an invalid escape next to a secret', `${VALID}x: "${CANARY}\\q"`, '7', 'yaml'),
  invalid('a value that begins with @', `${VALID}schedule: {cron: @daily}`, '7', 'yaml'),
  invalid('a key without a colon', edit('name: main', `name ${CANARY}`), '3', 'yaml'),
  invalid('a key without a space after its colon', edit('version: 1', 'version:1'), '1', 'yaml'),
  invalid('a line with wrong indentation', edit('    connections', '   connections'), '6', 'yaml'),
  invalid('a secret directly after a list', `${VALID}x: [a]${CANARY}`, '7', 'yaml'),
  invalid('a shell variable', edit('{env: AIRFLOW_PASSWORD}', '${AIRFLOW_PASSWORD}'), '5', 'yaml'),
  invalid('indentation with a tab', `${VALID}docker:\n\tengines: []\n`, '8', 'yaml'),
  invalid('a duplicate key', `${VALID}version: 1\n`, '7', 'yaml'),
  invalid('a duplicate nested key', edit('name: main', `name: main\n    name: ${CANARY}`), '4', 'yaml'),
  invalid('a second document', `${VALID}---\nversion: 1\n`, '7', 'yaml'),
  invalid('an alias without an anchor', `${VALID}docker: *x\n`, '7', 'yaml'),
  invalid('an alias without an anchor and a duplicate key', `${VALID}version: *x\n`, '7', 'yaml'),
  invalid('an alias inside its own value', `${VALID}docker: &x {engines: *x}\n`, '7', 'yaml'),
  invalid('a merge key with text', `${VALID}docker: {<<: text}\n`, '7', 'yaml'),
  invalid('an unquoted star', `${VALID}schedule: {cron: */4 * * * *}\n`, '7', 'yaml'),
  invalid('a tag', edit('name: main', 'name: !vault main'), '3', 'yaml'),
  invalid('a key that is not text', `${VALID}? [a]\n: b\n`, '7', 'yaml'),
  invalid('an unexpanded template', edit('docker_default', '{{ id }}'), '6', 'yaml'),
  invalid('nesting that is too deep', `${VALID}x: ${'['.repeat(50_000)}`, '7', 'yaml'),
  invalid('only comments', '# nothing\n', '1', 'empty'),
  invalid('only text', 'hello\n', '1', 'wrong-type'),
];

describe('loadConfig: YAML syntax', () => {
  rejectEach(YAML);
});

describe('loadConfig: problems', () => {
  const write = useConfigFolder();

  it('reports all problems at once, in the order of the file', () => {
    const text = `version: 2
airflows:
  - name: Main
    url: https://u:${CANARY}@airflow.example.com
    auth: {usernme: x, password: ${CANARY}}
    connections: [a, a, "b c"]
  - name: b
    url: {env: NOT_SET}
    auth: {username: {file: gone}, password: {env: NOT_SET}}
    conections: [x]
version: 2
docker: {engines: ["tcp://x"]}
schedule: {every: 10h, evry: 4h}
registries: [{name: s, region: x, account: 1, registryHost: X}]
temporal: {taskQueue: ""}
`;
    assert.deepEqual(showPlaces(expectProblems(write(text))), [
      '1 version invalid',
      '3 airflows[0].name invalid',
      '4 airflows[0].url plain-text-secret',
      '5 airflows[0].auth.password plain-text-secret',
      '5 airflows[0].auth.usernme unknown-setting',
      '6 airflows[0].connections[2] invalid',
      '6 airflows[0].connections[1] duplicate',
      '8 airflows[1].url unreadable',
      '9 airflows[1].auth.username not-found',
      '9 airflows[1].auth.password unreadable',
      '10 airflows[1].conections unknown-setting',
      '11 yaml',
      '12 docker.engines[0] unencrypted',
      '13 schedule.evry unknown-setting',
      '13 schedule.every out-of-range',
      '14 registries[0].region invalid',
      '14 registries[0].account wrong-type',
      '14 registries[0].registryHost invalid',
      '15 temporal.taskQueue invalid',
    ]);
  });

  it('rejects an alias bomb', () => {
    const levels = Array.from({ length: 30 }, (_, level) => {
      const item = level === 0 ? '"lol"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(item).join(', ')}]\n`;
    });
    assert.deepEqual(showPlaces(expectProblems(write(VALID + levels.join('')))), ['yaml']);
  });

  it('reports a mistyped key once, and not also as missing', () => {
    const problems = expectProblems(write(edit('airflows:', 'airflow:')));
    assert.deepEqual(
      problems.map(({ line, path, remedy }) => `${line} ${path}: ${remedy}`),
      ['2 airflow: Use `airflows` if that is what you mean.'],
    );
  });

  it('reports the line of the anchor for an invalid value, not of the alias', () => {
    const text = `${edit('name: main', 'name: &name Main')}registries:
  - &eu
    name: eu
    region: virginia
    account: "123456789012"
  - *eu
temporal: {taskQueue: *name}
`;
    assert.deepEqual(showPlaces(expectProblems(write(text))), [
      '3 airflows[0].name invalid',
      '9 registries[1].name duplicate',
      '10 registries[0].region invalid',
      '10 registries[1].region invalid',
    ]);
  });

  it('reports the correct line with a byte order mark and Windows line endings', () => {
    const text = `\uFEFF${edit('docker_default', 'a b').replaceAll('\n', '\r\n')}`;
    assert.deepEqual(showPlaces(expectProblems(write(text))), ['6 airflows[0].connections[0] invalid']);
  });
});

import assert from 'node:assert/strict';

import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD, problemsOf, showPlaces, useConfigFolder } from './config-folder.js';

const YAML: BadConfig[] = [
  bad('an open bracket', `${GOOD}docker: [`, '7', 'yaml'),
  bad('JSON cut short', '{"version": 1,\n"airflows": [}', '2', 'yaml'),
  bad('an open quote', edit(' main', ' "main'), '3', 'yaml'),
  bad('a secret beside an escape', `${GOOD}x: "${CANARY}\\q"`, '7', 'yaml'),
  bad('a value that begins with @', `${GOOD}schedule: {cron: @daily}`, '7', 'yaml'),
  bad('a key without a colon', edit('name: main', `name ${CANARY}`), '3', 'yaml'),
  bad('a key without a blank', edit('version: 1', 'version:1'), '1', 'yaml'),
  bad('a line that stands out', edit('    connections', '   connections'), '6', 'yaml'),
  bad('a stray token with a secret', `${GOOD}x: [a]${CANARY}`, '7', 'yaml'),
  bad('a variable as shells write it', edit('{env: AIRFLOW_PASSWORD}', '${AIRFLOW_PASSWORD}'), '5', 'yaml'),
  bad('a tab', `${GOOD}docker:\n\tengines: []\n`, '8', 'yaml'),
  bad('a duplicate key', `${GOOD}version: 1\n`, '7', 'yaml'),
  bad('a duplicate inner key', edit('name: main', `name: main\n    name: ${CANARY}`), '4', 'yaml'),
  bad('a second document', `${GOOD}---\nversion: 1\n`, '7', 'yaml'),
  bad('an alias of nothing', `${GOOD}docker: *x\n`, '7', 'yaml'),
  bad('an alias of nothing beside a duplicate key', `${GOOD}version: *x\n`, '7', 'yaml'),
  bad('an alias inside its own value', `${GOOD}docker: &x {engines: *x}\n`, '7', 'yaml'),
  bad('a merge key with text', `${GOOD}docker: {<<: text}\n`, '', 'yaml'),
  bad('an unquoted star', `${GOOD}schedule: {cron: */4 * * * *}\n`, '7', 'yaml'),
  bad('a tag', edit('name: main', 'name: !vault main'), '3', 'yaml'),
  bad('a key that is no text', `${GOOD}? [a]\n: b\n`, '7', 'yaml'),
  bad('an unfilled template', edit('docker_default', '{{ id }}'), '6', 'yaml'),
  bad('too much nesting', `${GOOD}x: ${'['.repeat(50_000)}`, '7', 'yaml'),
  bad('comments alone', '# nothing\n', '1', 'empty'),
  bad('text alone', 'hello\n', '1', 'wrong-type'),
];

describe('a configuration that is no plain YAML', () => {
  refuseEach(YAML);
});

describe('a bad configuration', () => {
  const write = useConfigFolder();

  it('shows every fault at once, in the order of the file', () => {
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
    assert.deepEqual(showPlaces(problemsOf(write(text))), [
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
      '12 docker.engines[0] invalid',
      '13 schedule.evry unknown-setting',
      '13 schedule.every out-of-range',
      '14 registries[0].region invalid',
      '14 registries[0].account wrong-type',
      '14 registries[0].registryHost invalid',
      '15 temporal.taskQueue invalid',
    ]);
  });

  it('is refused at once when its aliases would fill the memory', () => {
    const levels = Array.from({ length: 30 }, (_, level) => {
      const item = level === 0 ? '"lol"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(item).join(', ')}]\n`;
    });
    const startedAt = performance.now();
    assert.deepEqual(showPlaces(problemsOf(write(GOOD + levels.join('')))), ['yaml']);
    assert.ok(performance.now() - startedAt < 2000);
  });

  it('shows a mistyped key once, and not as a missing one as well', () => {
    const problems = problemsOf(write(edit('airflows:', 'airflow:')));
    assert.deepEqual(
      problems.map(({ line, path, remedy }) => `${line} ${path}: ${remedy}`),
      ['2 airflow: Did you mean `airflows`?'],
    );
  });

  it('has the line of a wrong value where an anchor holds it, not of its alias', () => {
    const text = `${edit('name: main', 'name: &name Main')}registries:
  - &eu
    name: eu
    region: virginia
    account: "123456789012"
  - *eu
temporal: {taskQueue: *name}
`;
    assert.deepEqual(showPlaces(problemsOf(write(text))), [
      '3 airflows[0].name invalid',
      '9 registries[1].name duplicate',
      '10 registries[0].region invalid',
      '10 registries[1].region invalid',
    ]);
  });

  it('is refused as well with a byte order mark and the line ends of Windows, the right line named', () => {
    const text = `\uFEFF${edit('docker_default', 'a b').replaceAll('\n', '\r\n')}`;
    assert.deepEqual(showPlaces(problemsOf(write(text))), ['6 airflows[0].connections[0] invalid']);
  });
});

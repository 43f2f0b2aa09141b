import assert from 'node:assert/strict';

import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD, problemsOf, useConfigFolder } from './config-folder.js';

const YAML: BadConfig[] = [
  bad('an open bracket', `${GOOD}docker: [`, '7', /\[ or \{ is not closed/, /the brackets/),
  bad('JSON cut short', '{"version": 1,\n"airflows": [}', '2', /\[ or \{ is not closed/, /the brackets/),
  bad('an open quote', edit(' main', ' "main'), '3', /a quote is not closed/, /Close it/),
  bad('a secret beside an escape', `${GOOD}x: "${CANARY}\\q"`, '7', /a backslash/, /Write it twice/),
  bad('a value that begins with @', `${GOOD}schedule: {cron: @daily}`, '7', /begins with @/, /in quotes/),
  bad('a key without a colon', edit('name: main', `name ${CANARY}`), '3', /no `key: value`/, /the colon/),
  bad('a key without a blank', edit('version: 1', 'version:1'), '1', /no `key: value`/, /the blank/),
  bad('a line that stands out', edit('    connections', '   connections'), '6', /indented/, /same column/),
  bad('a stray token with a secret', `${GOOD}x: [a]${CANARY}`, '7', /behind the end/, /brackets/),
  bad(
    'a variable as shells write it',
    edit('{env: AIRFLOW_PASSWORD}', '${AIRFLOW_PASSWORD}'),
    '5',
    /behind the end of a value/,
    /in quotes/,
  ),
  bad('a tab', `${GOOD}docker:\n\tengines: []\n`, '8', /tab/, /spaces/),
  bad('a duplicate key', `${GOOD}version: 1\n`, '7', /second time/, /Remove/),
  bad(
    'a duplicate inner key',
    edit('name: main', `name: main\n    name: ${CANARY}`),
    '4',
    /second time/,
    /Remove/,
  ),
  bad('a second document', `${GOOD}---\nversion: 1\n`, '7', /second YAML document/, /---/),
  bad('an anchor', edit('name: main', 'name: &x main'), '3', /anchors/, /Write the value out/),
  bad('an alias', `${GOOD}docker: *x\n`, '7', /aliases/, /Write the value out/),
  bad('an unquoted star', `${GOOD}schedule: {cron: */4 * * * *}\n`, '7', /aliases/, /in quotes/),
  bad('a tag', edit('name: main', 'name: !vault main'), '3', /tags/, /Remove/),
  bad('a key that is no text', `${GOOD}? [a]\n: b\n`, '7', /key is not text/, /key: value/),
  bad('an unfilled template', edit('docker_default', '{{ id }}'), '6', /key is not text/, /in quotes/),
  bad(
    'too much nesting',
    `${GOOD}x: ${'['.repeat(50_000)}`,
    '7',
    /nested too deeply/,
    /cp refresh\.example\.yaml/,
  ),
  bad('comments alone', '# nothing\n', '1', /no settings/, /cp refresh\.example\.yaml refresh\.yaml/),
  bad('text alone', 'hello\n', '1', /not a mapping/, /docs\/configuration\.md/),
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
    assert.deepEqual(
      problemsOf(write(text)).map(({ line, path }) => `${line} ${path}`.trim()),
      [
        '1 version',
        '3 airflows[0].name',
        '4 airflows[0].url',
        '5 airflows[0].auth.password',
        '5 airflows[0].auth.usernme',
        '6 airflows[0].connections[2]',
        '6 airflows[0].connections[1]',
        '8 airflows[1].url',
        '9 airflows[1].auth.username',
        '9 airflows[1].auth.password',
        '10 airflows[1].conections',
        '11',
        '12 docker.engines[0]',
        '13 schedule.evry',
        '14 registries[0].account',
        '14 registries[0].registryHost',
        '14 registries[0].region',
        '15 temporal.taskQueue',
      ],
    );
  });

  it('is refused at once when its aliases would fill the memory', () => {
    const levels = Array.from({ length: 30 }, (_, level) => {
      const item = level === 0 ? '"lol"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array(10).fill(item).join(', ')}]\n`;
    });
    const startedAt = performance.now();
    const problems = problemsOf(write(GOOD + levels.join('')));
    assert.ok(performance.now() - startedAt < 2000);
    assert.match(problems[0]?.message ?? '', /anchors .* and aliases .* are not allowed/);
    assert.equal(problems[0]?.line, 7);
  });

  it('shows a mistyped key once, and not as a missing one as well', () => {
    const problems = problemsOf(write(edit('airflows:', 'airflow:')));
    assert.deepEqual(
      problems.map(({ line, path, remedy }) => `${line} ${path}: ${remedy}`),
      ['2 airflow: Did you mean `airflows`?'],
    );
  });

  it('is refused as well with a byte order mark and the line ends of Windows, the right line named', () => {
    const text = `\uFEFF${edit('docker_default', 'a b').replaceAll('\n', '\r\n')}`;
    assert.deepEqual(
      problemsOf(write(text)).map(({ line, path }) => `${line} ${path}`),
      ['6 airflows[0].connections[0]'],
    );
  });
});

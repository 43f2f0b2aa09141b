import assert from 'node:assert/strict';

import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD, problemsOf, useConfigFolder } from './config-folder.js';

const YAML: BadConfig[] = [
  bad('a syntax error', `${GOOD}docker: [`, '7', /no valid YAML/, /quotes and brackets/),
  bad('a secret beside a syntax error', `${GOOD}x: "${CANARY}\\q"`, '7', /no valid YAML/, /Check/),
  bad('a stray token with a secret', `${GOOD}x: [a]${CANARY}`, '7', /no valid YAML/, /Check/),
  bad('a tab', `${GOOD}docker:\n\tengines: []\n`, '8', /tab/, /spaces/),
  bad('a duplicate key', `${GOOD}version: 1\n`, '7', /second time/, /Remove/),
  bad('a second document', `${GOOD}---\nversion: 1\n`, '7', /second YAML document/, /---/),
  bad('an anchor', edit('name: main', 'name: &x main'), '3', /anchors/, /Write the value out/),
  bad('an alias', `${GOOD}docker: *x\n`, '7', /aliases/, /Write the value out/),
  bad('an unquoted star', `${GOOD}schedule: {cron: */4 * * * *}\n`, '7', /aliases/, /in quotes/),
  bad('a tag', edit('name: main', 'name: !vault main'), '3', /tags/, /Remove/),
  bad('a key that is no text', `${GOOD}? [a]\n: b\n`, '7', /key is not text/, /key: value/),
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
`;
    assert.deepEqual(
      problemsOf(write(text)).map(({ line, path }) => `${line} ${path}`.trim()),
      [
        '1 version',
        '3 airflows[0].name',
        '4 airflows[0].url',
        '5 airflows[0].auth.username',
        '5 airflows[0].auth.password',
        '5 airflows[0].auth.usernme',
        '6 airflows[0].connections[2]',
        '6 airflows[0].connections[1]',
        '7 airflows[1].connections',
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
      ],
    );
  });
});

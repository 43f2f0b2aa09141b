import assert from 'node:assert/strict';

import { loadConfig } from '../../src/config/load.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { edit, ENV, GOOD, problemsOf, REGISTRY, useConfigFolder } from './config-folder.js';

function entries(list: string): string {
  return `${edit('docker_default', list)}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('sandbox', 'eu').replace('5000', '5001')}\n`;
}

/** What the last of the connections is refused for; `key` is what follows its place. */
function connection(title: string, list: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(title, entries(list), `6 airflows[0].connections${key}`, message, remedy);
}

const ENTRIES: BadConfig[] = [
  connection('neither id nor pattern', '{registry: eu}', '[0]', /names no connection/, /\{match: "\*_ecr"\}/),
  connection('id and pattern', '{id: a, match: "b*"}', '[0].match', /stands beside id/, /two entries/),
  connection('an id with a blank', '{id: "a b"}', '[0].id', /no connection id/, /id: docker_eu/),
  connection('an id that is a number', '{id: 7}', '[0].id', /not text/, /in quotes: `id: "docker_eu"`/),
  connection('a mistyped key', '{id: a, registy: eu}', '[0].registy', /no setting/, /`registry`/),
  connection('a mistyped id', '{ids: a}', '[0].ids', /no setting/, /Did you mean `id`/),
  connection('a mistyped pattern', '{mtach: "a*"}', '[0].mtach', /no setting/, /Did you mean `match`/),
  connection('a key of nothing', '{id: a, port: 1}', '[0].port', /no setting/, /id, match, registry, ifM/),
  connection(
    'an unknown registry',
    '{id: a, registry: ue}',
    '[0].registry',
    /names no registry/,
    /mean `eu`/,
  ),
  connection(
    'an unknown registry, nothing like the known ones',
    '{match: "a*", registry: production}',
    '[0].registry',
    /names no registry/,
    /one of sandbox, eu, or add it to `registries`/,
  ),
  connection(
    'creation without registry',
    '{id: a, ifMissing: create}',
    '[0].ifMissing',
    /without the registry/,
    /Add `registry: NAME`/,
  ),
  connection(
    'creation by pattern',
    '{match: "a*", registry: eu, ifMissing: create}',
    '[0].ifMissing',
    /beside match/,
    /Remove it/,
  ),
  connection('another ifMissing', '{id: a, ifMissing: skip}', '[0].ifMissing', /neither fail nor/, /create/),
  ...['a/*', 'a b*', '[ab]*', '..', '.', '', '{a,b}'].map((pattern) =>
    connection(`the pattern "${pattern}"`, `{match: "${pattern}"}`, '[0].match', /no pattern of/, /"\*_ecr"/),
  ),
  connection(
    'a pattern of 201 characters',
    `{match: "${'*'.repeat(201)}"}`,
    '[0].match',
    /longer than 200/,
    /match: "\*_ecr"/,
  ),
];

const REPEATED = /repeats the connection of airflows\[0\]\.connections\[0\]/;
const ALSO = /also picks the connection of airflows\[0\]\.connections/;

const OVERLAPS: BadConfig[] = [
  connection('an id twice, once with options', 'a, {id: a, registry: eu}', '[1]', REPEATED, /Remove/),
  connection('an id and a pattern that picks it', 'x, ab, {match: "a*"}', '[2].match', ALSO, /Narrow/),
  connection('a pattern before an id that it picks', '{match: "a?"}, x, ab', '[0].match', ALSO, /Narrow/),
  connection(
    'a pattern that picks three ids',
    'a, {match: "*"}, b, c',
    '[1].match',
    /of airflows\[0\]\.connections\[0\] and of 2 more$/,
    /one entry alone decides/,
  ),
  connection(
    'two patterns that could pick the same id',
    '{match: "docker_*"}, {match: "*_ecr"}',
    '[1].match',
    /may pick the same connections as airflows\[0\]\.connections\[0\]$/,
    /Narrow the pattern/,
  ),
  connection(
    'a pattern twice',
    '{match: "a*"}, {match: "a*"}',
    '[1].match',
    /may pick the same connections as airflows\[0\]\.connections\[0\]$/,
    /remove one/,
  ),
  connection(
    '101 patterns',
    Array.from({ length: 101 }, (_, index) => `{match: "x${index}_*"}`).join(', '),
    '[100]',
    /more than the 100/,
    /Join patterns/,
  ),
  bad(
    'a pattern that picks an id of another airflow with the same URL',
    `${GOOD}  - {name: b, url: "https://AIRFLOW.example.com/", auth: {token: {env: AIRFLOW_PASSWORD}}, connections: [{match: "docker_*"}]}\n`,
    '7 airflows[1].connections[0].match',
    /also picks the connection of airflows\[0\]\.connections\[0\]$/,
    /Narrow/,
  ),
  bad(
    'a connection of the same MWAA environment twice',
    `version: 1
airflows:
  - {name: a, auth: {mwaa: {environment: e, region: us-east-1}}, connections: [a]}
  - {name: b, auth: {mwaa: {environment: e, region: us-east-1}}, connections: [a]}
  - {name: c, auth: {mwaa: {environment: e, region: us-east-2}}, connections: [a]}
`,
    '4 airflows[1].connections[0]',
    REPEATED,
    /Remove/,
  ),
];

describe('a configuration with entries of connections that say too little or too much', () => {
  refuseEach(ENTRIES);
});

describe('a configuration whose entries pick one connection twice', () => {
  refuseEach(OVERLAPS);
});

describe('the entries of connections', () => {
  const write = useConfigFolder();

  it('are ids, ids with options and patterns, side by side', () => {
    const list =
      'a, {id: b}, {id: c, registry: eu, ifMissing: create}, {match: "*_ecr"}, {match: x-?, registry: sandbox}';
    const config = loadConfig(write(entries(list)), ENV);
    assert.deepEqual(config.stores[0]?.connections, [
      { kind: 'id', id: 'a', ifMissing: 'fail' },
      { kind: 'id', id: 'b', ifMissing: 'fail' },
      { kind: 'id', id: 'c', registry: 'eu', ifMissing: 'create' },
      { kind: 'match', pattern: '*_ecr' },
      { kind: 'match', pattern: 'x-?', registry: 'sandbox' },
    ]);
    assert.ok(!config.warnings.some(({ path }) => path.startsWith('registries')));
  });

  it('may overlap under airflows with different URLs', () => {
    const other = GOOD.slice(GOOD.indexOf('  - name'))
      .replace('main', 'b')
      .replace('airflow.example', 'b.example')
      .replace('docker_default', '{match: "*"}');
    assert.equal(loadConfig(write(GOOD + other), ENV).stores.length, 2);
  });

  it('are all checked, whatever is wrong with the address and the sign-in', () => {
    const text = entries('"a b", {id: c, registry: nothing}, {match: "c*"}')
      .replace('https://', 'ftp://')
      .replace('username: ecr-refresh, ', '');
    assert.deepEqual(
      problemsOf(write(text)).map(({ path }) => path),
      [
        'airflows[0].url',
        'airflows[0].auth.username',
        'airflows[0].connections[0]',
        'airflows[0].connections[1].registry',
        'airflows[0].connections[2].match',
      ],
    );
  });

  it('are read within the time limit of a test when there are ten thousand, a hundred of them patterns', () => {
    const ids = Array.from({ length: 9_900 }, (_, index) => `conn_${index}`);
    const patterns = Array.from({ length: 100 }, (_, index) => `{match: "team-${index}-*_ecr"}`);
    const config = loadConfig(write(edit('docker_default', [...ids, ...patterns].join(', '))), ENV);
    assert.equal(config.stores[0]?.connections.length, 10_000);
  });
});

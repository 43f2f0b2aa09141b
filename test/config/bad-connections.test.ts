import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { invalid, rejectEach, warnAboutEach, type InvalidConfig } from './bad-config.js';
import {
  edit,
  ENV,
  VALID,
  expectProblems,
  REGISTRY,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

function entries(list: string): string {
  return `${edit('docker_default', list)}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('sandbox', 'eu').replace('5000', '5001')}\n`;
}

/** A list of connections, the last of which is invalid at `key`. */
function connection(title: string, list: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(title, entries(list), `6 airflows[0].connections${key}`, code);
}

const ENTRIES: InvalidConfig[] = [
  connection('an entry without id or match', '{registry: eu}', '[0]', 'missing'),
  connection('id together with match', '{id: a, match: "b*"}', '[0].match', 'conflict'),
  connection('an id with a space', '{id: "a b"}', '[0].id', 'invalid'),
  ...['a:b', 'x😀', 'a\\u202eb', 'a\\u200bb', '..', 'a\\tb'].map((id) =>
    connection(`the id "${id}"`, `{id: "${id}"}`, '[0].id', 'invalid'),
  ),
  connection('an id that is a number', '{id: 7}', '[0].id', 'wrong-type'),
  connection('a mistyped key', '{id: a, registy: eu}', '[0].registy', 'unknown-setting'),
  connection('a mistyped id', '{ids: a}', '[0].ids', 'unknown-setting'),
  connection('a mistyped pattern', '{mtach: "a*"}', '[0].mtach', 'unknown-setting'),
  connection('an unknown key', '{id: a, port: 1}', '[0].port', 'unknown-setting'),
  connection('an unknown registry', '{id: a, registry: ue}', '[0].registry', 'unknown-name'),
  connection(
    'an unknown registry that is not similar to a known one',
    '{match: "a*", registry: production}',
    '[0].registry',
    'unknown-name',
  ),
  connection('ifMissing: create without registry', '{id: a, ifMissing: create}', '[0].ifMissing', 'requires'),
  connection(
    'ifMissing: create together with match',
    '{match: "a*", registry: eu, ifMissing: create}',
    '[0].ifMissing',
    'conflict',
  ),
  connection('an unknown value of ifMissing', '{id: a, ifMissing: skip}', '[0].ifMissing', 'invalid'),
  ...['a/*', 'a b*', '[ab]*', '..', '.', '', '{a,b}'].map((pattern) =>
    connection(`the pattern "${pattern}"`, `{match: "${pattern}"}`, '[0].match', 'invalid'),
  ),
  connection('a pattern of 201 characters', `{match: "${'*'.repeat(201)}"}`, '[0].match', 'invalid'),
];

const DUPLICATES: InvalidConfig[] = [
  connection('a duplicate id, once with options', 'a, {id: a, registry: eu}', '[1]', 'duplicate'),
  connection(
    '101 patterns',
    Array.from({ length: 101 }, (_, index) => `{match: "x${index}_*"}`).join(', '),
    '[100]',
    'too-many',
  ),
  invalid(
    'a duplicate connection of one MWAA environment',
    `version: 1
airflows:
  - {name: a, auth: {mwaa: {environment: e, region: us-east-1}}, connections: [a]}
  - {name: b, auth: {mwaa: {environment: e, region: us-east-1}}, connections: [a]}
  - {name: c, auth: {mwaa: {environment: e, region: us-east-2}}, connections: [a]}
`,
    '4 airflows[1].connections[0]',
    'duplicate',
  ),
];

/** A list of connections, one of which an earlier pattern covers. */
function covered(title: string, list: string, key: string): InvalidConfig {
  return invalid(title, edit('docker_default', list), `6 airflows[0].connections${key}`, 'covered');
}

const OVERLAPS: InvalidConfig[] = [
  covered('an id after a pattern that matches it', '{match: "a?"}, x, ab', '[2]'),
  covered('three ids after a pattern that matches them, in one warning', 'x, {match: "*"}, a, b, c', '[2]'),
  covered(
    'a pattern after another that can match the same ids',
    '{match: "docker_*"}, {match: "*_ecr"}',
    '[1]',
  ),
  covered('a pattern after another that matches more', '{match: "*"}, {match: "a*"}', '[1]'),
  covered('a duplicate pattern', '{match: "a*"}, {match: "a*"}', '[1]'),
  invalid(
    'an id after a pattern of an earlier entry of airflows with the same URL',
    `${edit('docker_default', '{match: "docker_*"}')}  - {name: b, url: "https://AIRFLOW.example.com/", auth: {token: {env: AIRFLOW_PASSWORD}}, connections: [docker_default]}\n`,
    '7 airflows[1].connections[0]',
    'covered',
  ),
];

describe('loadConfig: entries of connections', () => {
  rejectEach(ENTRIES);
});

describe('loadConfig: duplicate connections', () => {
  rejectEach(DUPLICATES);
});

describe('loadConfig: overlapping patterns', () => {
  warnAboutEach(OVERLAPS);

  const write = useConfigFolder();

  it('does not warn when ids come before the patterns that match them', () => {
    const text = edit('docker_default', 'ab, {match: "a?"}, {match: "b?"}').replace(
      'airflow.example.com',
      'a',
    );
    assert.deepEqual(expectWarnings(write(text)), []);
  });
});

describe('connections', () => {
  const write = useConfigFolder();

  it('can be ids, ids with options, and patterns', () => {
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

  it('can have letters of all languages', () => {
    const list = 'döcker_ecr, {id: 数据_ecr}, {match: "équipe-*"}, 𝔘';
    const config = loadConfig(write(edit('docker_default', list)), ENV);
    assert.deepEqual(
      config.stores[0]?.connections.map((rule) => (rule.kind === 'id' ? rule.id : rule.pattern)),
      ['döcker_ecr', '数据_ecr', 'équipe-*', '𝔘'],
    );
  });

  it('can overlap in Airflow instances with different URLs', () => {
    const other = VALID.slice(VALID.indexOf('  - name'))
      .replace('main', 'b')
      .replace('airflow.example', 'b.example')
      .replace('docker_default', '{match: "*"}');
    assert.equal(loadConfig(write(VALID + other), ENV).stores.length, 2);
  });

  it('are all checked even when URL and auth are invalid', () => {
    const text = entries('"a b", {id: c, registry: nothing}')
      .replace('https://', 'ftp://')
      .replace('username: ecr-refresh, ', '');
    assert.deepEqual(showPlaces(expectProblems(write(text))), [
      '4 airflows[0].url invalid',
      '5 airflows[0].auth.username missing',
      '6 airflows[0].connections[0] invalid',
      '6 airflows[0].connections[1].registry unknown-name',
    ]);
  });

  it('load within the time limit of a test when there are 10,000 with 100 patterns', () => {
    const ids = Array.from({ length: 9_900 }, (_, index) => `conn_${index}`);
    const patterns = Array.from({ length: 100 }, (_, index) => `{match: "team-${index}-*_ecr"}`);
    const config = loadConfig(write(edit('docker_default', [...ids, ...patterns].join(', '))), ENV);
    assert.equal(config.stores[0]?.connections.length, 10_000);
  });
});

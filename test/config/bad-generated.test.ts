import assert from 'node:assert/strict';

import { parse } from 'yaml';

import { formatPath, type SettingPath } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { configJsonSchema, listSettings, toSettingName } from '../../src/config/settings.js';
import { CANARY, collectProblems, ENV, showPlaces, useConfigFolder } from './config-folder.js';
import { FULL, writeFullFiles } from './full-config.js';

type Mapping = Record<string, unknown>;

const SAMPLES = [FULL, FULL.replace('every: 4h', 'cron: 0 */4 * * *')];
/** References are recognized by their key; a mapping with any other key is not a reference. */
const IN_REFERENCES = /\.(env|file)$/;
const SETTINGS = listSettings(configJsonSchema()).filter(({ path }) => !IN_REFERENCES.test(path));

/** All mappings in a value, with their places. */
function listMappings(
  value: unknown,
  path: SettingPath = [],
): { readonly mapping: Mapping; readonly path: SettingPath }[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Array.isArray(value)
    ? value.flatMap((item, index) => listMappings(item, [...path, index]))
    : Object.entries(value).flatMap(([key, item]) => listMappings(item, [...path, key]));
  return Array.isArray(value) ? inner : [{ mapping: value as Mapping, path }, ...inner];
}

/** A sample, and a mapping in it that has the setting. */
function findSetting(setting: string) {
  for (const sample of SAMPLES) {
    const config: unknown = parse(sample);
    for (const { mapping, path } of listMappings(config)) {
      const key = Object.keys(mapping).find((name) => toSettingName([...path, name]) === setting);
      if (key !== undefined) return { config, mapping, path, key };
    }
  }
  return assert.fail(`no sample has ${setting}`);
}

/** Replaces a key without changing the order. */
function rename(mapping: Mapping, key: string, name: string): void {
  const entries = Object.entries(mapping);
  for (const [old] of entries) delete mapping[old];
  for (const [old, value] of entries) mapping[old === key ? name : old] = value;
}

/** Headers and fields of a body can have any names, and a mapping with two keys is not a reference. */
function isOpen(path: SettingPath): boolean {
  return (
    path.includes('headers') || path.includes('body') || ['password', 'token'].includes(String(path.at(-1)))
  );
}

interface Edit {
  readonly from: string;
  readonly to: string;
  /** Line, path and code. */
  readonly problem: string;
}

/** Each on a different line, in the order of the file, and none a consequence of another. */
const EDITS: readonly Edit[] = [
  { from: 'version: 1', to: 'version: 2', problem: '1 version invalid' },
  {
    from: 'http://airflow.internal:8080/team',
    to: 'https://x/api/v2',
    problem: '4 airflows[0].url invalid',
  },
  { from: 'username: ecr-refresh, ', to: '', problem: '5 airflows[0].auth.username missing' },
  {
    from: 'registry: eu, ',
    to: 'registry: gone, ',
    problem: '8 airflows[0].connections[1].registry unknown-name',
  },
  { from: 'X-Team: data', to: 'Host: data', problem: '11 airflows[0].headers.Host conflict' },
  { from: 'name: managed', to: 'name: main', problem: '14 airflows[1].name duplicate' },
  {
    from: 'token: {file: token}',
    to: `token: ${CANARY}`,
    problem: '16 airflows[1].auth.token plain-text-secret',
  },
  {
    from: 'connections: [docker_default]\n  - name: mwaa',
    to: 'connections: [a, a]\n  - name: mwaa',
    problem: '17 airflows[1].connections[1] duplicate',
  },
  { from: 'region: us-east-1}}', to: 'region: x}}', problem: '19 airflows[2].auth.mwaa.region invalid' },
  {
    from: 'airflow: main}\n    fips',
    to: 'airflow: gone}\n    fips',
    problem: '32 registries[1].account.airflow unknown-name',
  },
  { from: 'role/hub', to: 'role/', problem: '36 registries[1].credentials.via[0] invalid' },
  {
    from: 'sessionDuration: 30m',
    to: 'sessionDuration: 10m',
    problem: '39 registries[1].credentials.sessionDuration out-of-range',
  },
  { from: 'name: web', to: 'name: eu', problem: '40 registries[2].name duplicate' },
  {
    from: 'registryHost: 127.0.0.1:5000',
    to: 'registryHost: http://x',
    problem: '48 registries[3].registryHost invalid',
  },
  {
    from: 'profile: production',
    to: 'profil: production',
    problem: '51 registries[4].credentials.profil unknown-setting',
  },
  { from: 'team/app:1.0', to: 'team/app', problem: '53 docker.probe.image invalid' },
  { from: 'keyFile: key.pem', to: 'keyFile: token', problem: '55 docker.engines[0].keyFile wrong-content' },
  { from: 'every: 4h', to: 'every: 4', problem: '60 schedule.every wrong-type' },
  { from: 'taskQueue: ecr-refresh', to: 'taskQueue: ""', problem: '65 temporal.taskQueue invalid' },
];

describe('loadConfig: a configuration with every setting', () => {
  const write = useConfigFolder();
  beforeEach(() => writeFullFiles(write));

  it('loads', () => {
    for (const sample of SAMPLES) assert.equal(loadConfig(write(sample), ENV).stores.length, 7);
  });

  for (const { path: setting } of SETTINGS) {
    it(`reports one problem when ${setting} is mistyped`, () => {
      const { config, mapping, path, key } = findSetting(setting);
      rename(mapping, key, `${key}x`);
      const problems = collectProblems(write(JSON.stringify(config)));
      assert.deepEqual(
        problems.map(({ path: at, code, remedy }) => `${at} ${code}: ${remedy}`),
        [`${formatPath([...path, `${key}x`])} unknown-setting: Use \`${key}\` if that is what you mean.`],
      );
    });
  }

  it('reports one problem for an unknown setting in any mapping', () => {
    const places = listMappings(parse(FULL)).map(({ path }) => path);
    assert.ok(places.length > 20);
    for (const place of places.filter((path) => !isOpen(path))) {
      const config: unknown = parse(FULL);
      const { mapping } =
        listMappings(config).find(({ path }) => formatPath(path) === formatPath(place)) ?? {};
      Object.assign(mapping ?? {}, { notify: CANARY });
      const problems = collectProblems(write(JSON.stringify(config)));
      assert.deepEqual(
        problems.map(({ path, code, remedy }) => `${path} ${code}: ${remedy.split('.')[0]}`),
        [`${formatPath([...place, 'notify'])} unknown-setting: Remove \`notify\``],
      );
    }
  });

  it('reports both problems for any two invalid edits, and all problems for all edits', () => {
    for (const [index, first] of EDITS.entries()) {
      for (const second of EDITS.slice(index + 1)) {
        assert.deepEqual(findPlaces([first, second]), [first.problem, second.problem]);
      }
    }
    assert.deepEqual(
      findPlaces(EDITS),
      EDITS.map(({ problem }) => problem),
    );
  });

  function findPlaces(edits: readonly Edit[]): string[] {
    const text = edits.reduce((before, { from, to }) => {
      const after = before.replace(from, to);
      assert.notEqual(after, before, from);
      return after;
    }, FULL);
    return showPlaces(collectProblems(write(text)));
  }
});

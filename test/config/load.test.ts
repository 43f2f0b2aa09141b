import assert from 'node:assert/strict';
import { airflowSettings } from '../fakes/fake-config.js';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';

import { configPath, loadConfig } from '../../src/config/load.js';
import type { AirflowSettings, RefreshConfig } from '../../src/config/refresh-config.js';
import { getRemedy, RefreshFailure } from '../../src/refresh/failures.js';
import { DEFAULT_PRINCIPAL } from '../../src/refresh/token-group.js';
import type { Secret } from '../../src/log/secret.js';
import {
  CANARY,
  edit,
  ENV,
  VALID,
  expectProblems,
  REGISTRY,
  showPlaces,
  useConfigFolder,
} from './config-folder.js';

/** Reads the password of the first Airflow instance. */
function readPassword({ stores: airflows }: RefreshConfig): Secret {
  const auth = airflowSettings(airflows[0])?.auth;
  assert.ok(auth?.kind === 'password');
  return auth.readPassword();
}

const EXAMPLE = new URL('../../refresh.example.yaml', import.meta.url);

describe('configPath', () => {
  it('prefers the option over the environment, and both over refresh.yaml', () => {
    const env = { ECR_REFRESH_CONFIG: 'b.yaml' };
    assert.equal(configPath('a.yaml', env), 'a.yaml');
    assert.equal(configPath(undefined, env), 'b.yaml');
    assert.equal(configPath(undefined, { ECR_REFRESH_CONFIG: '' }), 'refresh.yaml');
    assert.equal(configPath(undefined, {}), 'refresh.yaml');
  });
});

describe('loadConfig', () => {
  const write = useConfigFolder();

  it('applies the defaults', () => {
    const path = write(VALID);
    const { stores: airflows, hash, warnings: _warnings, ...rest } = loadConfig(path, ENV);
    assert.match(hash, /^[0-9a-f]{12}$/);
    assert.deepEqual(
      airflows.map(({ settings, ...store }) => {
        const { auth: _auth, ...others } = settings as AirflowSettings;
        return { ...store, settings: others };
      }),
      [
        {
          name: 'main',
          kind: 'airflow',
          deployment: 'https://airflow.example.com',
          settings: { url: 'https://airflow.example.com', version: 'auto', headers: [] },
          connections: [{ kind: 'id', id: 'docker_default', ifMissing: 'fail' }],
        },
      ],
    );
    assert.deepEqual(rest, {
      path,
      registries: [],
      engines: [{ url: 'unix:///var/run/docker.sock', required: false, isDefault: true }],
      requiresDocker: false,
      images: [],
      schedule: {
        id: 'ecr-refresh',
        cadence: { everyMs: 14_400_000 },
        longestIntervalMs: 14_400_000,
        shortestIntervalMs: 14_400_000,
        runsPerDay: 6,
        jitterMs: 300_000,
        retryForMs: 13_500_000,
        executionTimeoutMs: 13_800_000,
        allowNarrowMargin: false,
      },
      taskQueue: 'ecr-refresh',
    });
  });

  it('loads the shipped example with a password in the environment', () => {
    const config = loadConfig(write(readFileSync(EXAMPLE)), ENV);
    assert.deepEqual(config.stores[0]?.connections, [
      { kind: 'id', id: 'docker_default', ifMissing: 'fail' },
    ]);
  });

  it('has the same defaults as the comments in the shipped example', () => {
    const text = readFileSync(EXAMPLE, 'utf8');
    const spelledOut = text.replace(/^# (docker|schedule|temporal):/gm, '$1:');
    assert.notEqual(spelledOut, text);
    const { engines, ...written } = loadConfig(write(spelledOut), ENV);
    const defaults = loadConfig(write(text), ENV);
    assert.deepEqual(written.schedule, defaults.schedule);
    assert.deepEqual(written.taskQueue, defaults.taskQueue);
    assert.equal(engines[0]?.url, defaults.engines[0]?.url);
  });

  it('reads every setting', () => {
    const text = `${edit('https://airflow.example.com', 'http://airflow.internal:8080/team/')}    allowInsecureHttp: true
registries:
  - ${REGISTRY}
docker: {engines: ["unix:///run/a.sock"], probe: {image: "team/app:1.0"}}
schedule: {id: other, cron: "0 */6 * * *", jitter: 1m, retryFor: 2h, allowNarrowMargin: true}
temporal: {taskQueue: queue}
`;
    const config = loadConfig(write(text), ENV);
    assert.equal(airflowSettings(config.stores[0])?.url, 'http://airflow.internal:8080/team');
    assert.deepEqual(config.registries, [
      {
        name: 'sandbox',
        kind: 'private',
        account: '123456789012',
        region: 'us-east-1',
        registryHost: '127.0.0.1:5000',
        principal: DEFAULT_PRINCIPAL,
        fips: false,
        dualStack: false,
      },
    ]);
    assert.deepEqual(config.images, [{ image: 'team/app:1.0' }]);
    assert.deepEqual(config.engines, [{ url: 'unix:///run/a.sock', required: true }]);
    assert.deepEqual(config.schedule.cadence, { cron: '0 */6 * * *' });
    assert.equal(config.schedule.jitterMs, 60_000);
    assert.equal(config.schedule.retryForMs, 7_200_000);
    assert.equal(config.schedule.allowNarrowMargin, true);
    assert.equal(config.schedule.id, 'other');
    assert.equal(config.taskQueue, 'queue');
  });

  for (const url of [
    'http://localhost:8080',
    'http://127.0.0.1:8080',
    'http://127.9.9.9',
    'http://[::1]:8080',
  ]) {
    it(`accepts ${url}, a loopback address`, () => {
      assert.equal(
        airflowSettings(loadConfig(write(edit('https://airflow.example.com', `"${url}"`)), ENV).stores[0])
          ?.url,
        url,
      );
    });
  }

  it('has no engines when docker.engines is empty', () => {
    assert.deepEqual(loadConfig(write(`${VALID}docker: {engines: []}\n`), ENV).engines, []);
  });

  it('allows the same connection id in Airflow instances with different URLs', () => {
    const other = VALID.slice(VALID.indexOf('  - name'))
      .replace('main', 'b')
      .replace('airflow.example', 'b.example');
    assert.equal(loadConfig(write(VALID + other), ENV).stores.length, 2);
  });

  it('reads a file with a byte order mark', () => {
    assert.equal(loadConfig(write(`\uFEFF${VALID}`), ENV).stores.length, 1);
  });

  it('reads JSON', () => {
    const text =
      '{"version":1,"airflows":[{"name":"a","url":"https://a","auth":{"username":"u","password":{"env":"AIRFLOW_PASSWORD"}},"connections":["c"]}]}';
    assert.equal(loadConfig(write(text), ENV).stores[0]?.name, 'a');
  });

  it('reads anchors, aliases and merge keys', () => {
    const [head = '', first = ''] = VALID.split(/(?=  - name)/);
    const second = `  - <<: *main
    name: &name b
    url: https://b.example.com
    connections: [*name]
`;
    const text = head + first.replace('- name: main', '- &main\n    name: main') + second;
    const { stores } = loadConfig(write(text), ENV);
    assert.deepEqual(
      stores.map(({ name, connections }) => [name, connections.map((rule) => rule.kind === 'id' && rule.id)]),
      [
        ['main', ['docker_default']],
        ['b', ['b']],
      ],
    );
    assert.equal(airflowSettings(stores[1])?.auth.kind, 'password');
  });

  it('returns a configuration that shows no password when printed', () => {
    const config = loadConfig(write(VALID), ENV);
    const password = readPassword(config);
    assert.equal(password.reveal(), CANARY);
    assert.ok(
      !`${inspect(config, { depth: 9 })}${JSON.stringify(config)}${inspect(password)}`.includes(CANARY),
    );
  });
});

describe('references', () => {
  const write = useConfigFolder();
  const withFile = edit('{env: AIRFLOW_PASSWORD}', '{file: secrets/password}');

  it('read files relative to the configuration file, and drop one newline at the end', () => {
    for (const { content, value } of [
      { content: 'word', value: 'word' },
      { content: 'word\n', value: 'word' },
      { content: 'word\r\n', value: 'word' },
      { content: 'word\n\n', value: 'word\n' },
      { content: ' word ', value: ' word ' },
    ] as const) {
      write(content, 'secrets/password');
      assert.equal(readPassword(loadConfig(write(withFile), {})).reveal(), value);
    }
  });

  it('can be used for URL, user name, region and account', () => {
    write('https://airflow.example.com\n', 'url');
    const text = `${edit('url: https://airflow.example.com', 'url: {file: url}').replace('username: ecr-refresh', 'username: {env: WHO}')}registries:
  - {name: r, region: {env: REGION}, account: {env: ACCOUNT}, registryHost: r.example}
`;
    const config = loadConfig(write(text), {
      ...ENV,
      WHO: 'me',
      REGION: 'eu-west-1',
      ACCOUNT: '000000000012',
    });
    assert.equal(airflowSettings(config.stores[0])?.url, 'https://airflow.example.com');
    const auth = airflowSettings(config.stores[0])?.auth;
    assert.equal(auth?.kind === 'password' && auth.username, 'me');
    assert.deepEqual(config.registries, [
      {
        name: 'r',
        kind: 'private',
        account: '000000000012',
        region: 'eu-west-1',
        registryHost: 'r.example',
        principal: DEFAULT_PRINCIPAL,
        fips: false,
        dualStack: false,
      },
    ]);
  });

  for (const { title, content, code } of [
    { title: 'empty', content: '', code: 'unreadable' },
    { title: 'only a newline', content: '\n', code: 'unreadable' },
    { title: 'larger than 64 KiB', content: 'x'.repeat(64 * 1024 + 1), code: 'too-long' },
    { title: 'not UTF-8', content: Buffer.from([0xff, 0xfe, 0x41]), code: 'wrong-content' },
  ] as const) {
    it(`are rejected when their file is ${title}`, () => {
      write(content, 'secrets/password');
      assert.deepEqual(showPlaces(expectProblems(write(withFile))), [`5 airflows[0].auth.password ${code}`]);
    });
  }

  it('to a password are read again at each use, so that a rotated password is used', () => {
    write('old', 'secrets/password');
    const config = loadConfig(write(withFile), {});
    write('new\n', 'secrets/password');
    assert.equal(readPassword(config).reveal(), 'new');
  });

  it('to a password file that became empty fail with ConfigInvalid and name the file', () => {
    write(CANARY, 'secrets/password');
    const config = loadConfig(write(withFile), {});
    write('', 'secrets/password');
    assert.throws(
      () => readPassword(config),
      (error) =>
        error instanceof RefreshFailure &&
        error.type === 'ConfigInvalid' &&
        error.message === 'airflows[0].auth.password: file "secrets/password" is empty' &&
        error.remedy === getRemedy('ConfigInvalid'),
    );
  });

  it('to a password in the environment are looked up again at each use', () => {
    const env: NodeJS.ProcessEnv = { ...ENV };
    const config = loadConfig(write(VALID), env);
    env['AIRFLOW_PASSWORD'] = 'new';
    assert.equal(readPassword(config).reveal(), 'new');
    delete env['AIRFLOW_PASSWORD'];
    assert.throws(() => readPassword(config), /environment variable AIRFLOW_PASSWORD is not set/);
  });
});

import assert from 'node:assert/strict';

import { CANARY, edit, ENV, GOOD, problemsOf, REGISTRY, useConfigFolder } from './config-folder.js';

interface BadConfig {
  readonly title: string;
  readonly text: string;
  /** Line and path: `4 airflows[0].url`. */
  readonly place: string;
  readonly message: RegExp;
  readonly remedy: RegExp;
}

function bad(title: string, text: string, place: string, message: RegExp, remedy: RegExp): BadConfig {
  return { title, text, place, message, remedy };
}

function url(title: string, value: string, message: RegExp, remedy: RegExp): BadConfig {
  const text = edit('https://airflow.example.com', value);
  return bad(`a URL ${title}`, text, '4 airflows[0].url', message, remedy);
}

function registry(
  title: string,
  from: string,
  to: string,
  key: string,
  message: RegExp,
  remedy: RegExp,
): BadConfig {
  assert.ok(REGISTRY.includes(from));
  const text = `${GOOD}registries:\n  - ${REGISTRY.replace(from, to)}\n`;
  return bad(`a registry ${title}`, text, `8 registries[0]${key}`, message, remedy);
}

function schedule(title: string, settings: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(`a schedule ${title}`, `${GOOD}schedule: {${settings}}\n`, `7 schedule${key}`, message, remedy);
}

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

const FORM: BadConfig[] = [
  bad('no version', edit('version: 1\n', ''), '1 version', /missing/, /version: 1/),
  bad(
    'another version',
    edit('version: 1', 'version: 2'),
    '1 version',
    /none that this release knows/,
    /version: 1/,
  ),
  bad('no airflows', 'version: 1\n', '1 airflows', /missing/, /airflows: \[\{name: main/),
  bad('empty airflows', 'version: 1\nairflows:\n', '2 airflows', /empty/, /airflows: \[/),
  bad('an empty list of airflows', 'version: 1\nairflows: []\n', '2 airflows', /empty/, /airflows: \[/),
  bad(
    'an airflow that is text',
    'version: 1\nairflows: [x]\n',
    '2 airflows[0]',
    /not a mapping/,
    /name: main/,
  ),
  bad('a mistyped key', `${GOOD}docekr: {}\n`, '7 docekr', /no setting/, /Did you mean `docker`/),
  bad('a key of nothing', `${GOOD}notify: {}\n`, '7 notify', /no setting/, /Remove it.*airflows, registries/),
  bad('a key of objects', `${GOOD}__proto__: {}\n`, '7 __proto__', /no setting/, /Remove it/),
  bad(
    'a mistyped inner key',
    edit('name:', 'name: main\n    nmae:'),
    '4 airflows[0].nmae',
    /no setting/,
    /`name`/,
  ),
  bad(
    'http, which this release lacks',
    `${GOOD}http: {}\n`,
    '7 http',
    /no setting of this release/,
    /Remove it/,
  ),
  bad(
    'docker.probe, which this release lacks',
    `${GOOD}docker: {probe: {}}\n`,
    '7 docker.probe',
    /this release/,
    /engines/,
  ),
  ...['version: auto', 'headers: {}', 'caFile: x'].map((line) =>
    bad(
      `${line} on an airflow, which this release lacks`,
      `${GOOD}    ${line}\n`,
      `7 airflows[0].${line.replace(/:.*/, '')}`,
      /this release/,
      /name, url, auth, connections, allowInsecureHttp/,
    ),
  ),
  bad('an empty name', edit('name: main', 'name:'), '3 airflows[0].name', /empty/, /name: main/),
  bad(
    'a name in capitals',
    edit('name: main', 'name: Main'),
    '3 airflows[0].name',
    /lower-case/,
    /name: main/,
  ),
  bad(
    'a name that is a number',
    edit('name: main', 'name: 12'),
    '3 airflows[0].name',
    /not text/,
    /in quotes/,
  ),
  bad(
    'no auth',
    edit('    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}\n', ''),
    '3 airflows[0].auth',
    /missing/,
    /auth: \{username: ecr-refresh/,
  ),
  bad(
    'no user name',
    edit('username: ecr-refresh, ', ''),
    '5 airflows[0].auth.username',
    /missing/,
    /username: ecr-refresh/,
  ),
  bad(
    'a way to sign in that this release lacks',
    edit('username:', 'token: {env: T}, username:'),
    '5 airflows[0].auth.token',
    /no setting/,
    /username, password/,
  ),
  bad(
    'no connections',
    edit('    connections: [docker_default]\n', ''),
    '3 airflows[0].connections',
    /missing/,
    /connections: \[docker_default\]/,
  ),
  bad(
    'an empty list of connections',
    edit('[docker_default]', '[]'),
    '6 airflows[0].connections',
    /empty/,
    /\[docker_default\]/,
  ),
  bad(
    'a connection id with a blank',
    edit('docker_default', 'a, "b c"'),
    '6 airflows[0].connections[1]',
    /no connection id/,
    /docker_default/,
  ),
  bad(
    'a connection id with a slash',
    edit('docker_default', '../x'),
    '6 airflows[0].connections[0]',
    /no connection id/,
    /docker_default/,
  ),
  bad(
    'an empty connection id',
    edit('docker_default', '""'),
    '6 airflows[0].connections[0]',
    /no connection id/,
    /docker_default/,
  ),
  bad(
    'a connection id of 201 characters',
    edit('docker_default', 'x'.repeat(201)),
    '6 airflows[0].connections[0]',
    /longer than 200/,
    /docker_default/,
  ),
  bad(
    'a connection id that is a number',
    edit('docker_default', '7'),
    '6 airflows[0].connections[0]',
    /not text/,
    /in quotes: `connections: \["docker_default"\]`/,
  ),
  bad(
    'a connection with options, which this release lacks',
    edit('docker_default', '{id: a}'),
    '6 airflows[0].connections[0]',
    /not text/,
    /\[docker_default\]/,
  ),
  bad(
    'allowInsecureHttp in words',
    `${GOOD}    allowInsecureHttp: "yes"\n`,
    '7 airflows[0].allowInsecureHttp',
    /not true or false/,
    /allowInsecureHttp: true/,
  ),
  bad(
    'a task queue of blanks',
    `${GOOD}temporal: {taskQueue: " "}\n`,
    '7 temporal.taskQueue',
    /letter or digit/,
    /taskQueue: ecr-refresh/,
  ),
  bad(
    'a Temporal address',
    `${GOOD}temporal: {address: "x:7233"}\n`,
    '7 temporal.address',
    /no setting/,
    /taskQueue/,
  ),
  bad('a temporal list', `${GOOD}temporal: []\n`, '7 temporal', /not a mapping/, /taskQueue: ecr-refresh/),
];

const SECRETS: BadConfig[] = [
  ...[CANARY, '12345678', 'true', `"${CANARY}"`].map((value) =>
    bad(
      `a password in clear, as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      /in clear/,
      /password: \{env: AIRFLOW_PASSWORD\}/,
    ),
  ),
  ...[`{${CANARY}}`, `[${CANARY}]`, `{evn: ${CANARY}}`, '{env: A, file: b}', '{}'].map((value) =>
    bad(
      `a password as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      /no reference/,
      /\{env: AIRFLOW_PASSWORD\}/,
    ),
  ),
  bad(
    'no password',
    edit(', password: {env: AIRFLOW_PASSWORD}', ''),
    '5 airflows[0].auth.password',
    /missing/,
    /\{env:/,
  ),
  bad(
    'a variable whose name is none',
    edit('AIRFLOW_PASSWORD', `"${CANARY} x"`),
    '5 airflows[0].auth.password.env',
    /no name of an environment variable/,
    /env: AIRFLOW_PASSWORD/,
  ),
  bad(
    'a variable that is not set',
    edit('AIRFLOW_PASSWORD', 'NOT_SET'),
    '5 airflows[0].auth.password',
    /NOT_SET is not set/,
    /Set NOT_SET/,
  ),
  bad(
    'a variable that is empty',
    edit('AIRFLOW_PASSWORD', 'EMPTY'),
    '5 airflows[0].auth.password',
    /EMPTY is empty/,
    /Set EMPTY/,
  ),
  bad(
    'a file that is missing',
    edit('{env: AIRFLOW_PASSWORD}', '{file: gone}'),
    '5 airflows[0].auth.password',
    /no file "gone"/,
    /relative to the folder/,
  ),
  bad(
    'a file that is a folder',
    edit('{env: AIRFLOW_PASSWORD}', '{file: .}'),
    '5 airflows[0].auth.password',
    /no plain file/,
    /holds the value alone/,
  ),
];

const ADDRESSES: BadConfig[] = [
  url('that is none', 'airflow', /no URL/, /https:\/\/airflow\.example\.com/),
  url('without slashes', 'https:airflow', /no URL/, /https:\/\//),
  url('of another scheme', 'ftp://airflow', /neither/, /https:\/\//),
  url(
    'with user and password',
    `https://u:${CANARY}@airflow.example.com`,
    /user name or password/,
    /under `auth`/,
  ),
  url('with a query', `https://airflow.example.com/?p=${CANARY}`, /query/, /before \?/),
  url('with an empty fragment', '"https://airflow.example.com/#"', /fragment/, /before \?/),
  url(
    'that ends in /api/v2',
    'https://airflow.example.com/x/api/v2/',
    /path of the API/,
    /adds \/api\/v2 itself/,
  ),
  url('that ends in /api/v1', 'https://airflow.example.com/api/v1', /path of the API/, /before \/api/),
  url('of http:// beyond loopback', 'http://airflow.example.com', /in clear/, /allowInsecureHttp: true/),
  url(
    'of http:// with a host that begins like loopback',
    'http://127.0.0.1.example.com',
    /in clear/,
    /https/,
  ),
  url('of the metadata address', 'http://169.254.169.254', /link-local/, /host of Airflow/),
  url('of the metadata address as a number', 'http://2852039166', /link-local/, /host of Airflow/),
  url('that is a number', '12', /not text/, /in quotes/),
  url('from a variable, with a secret in it', '{env: BAD_URL}', /user name or password/, /under `auth`/),
  registry(
    'without host',
    ', registryHost: 127.0.0.1:5000',
    '',
    '.registryHost',
    /missing/,
    /registryHost: 127/,
  ),
  registry('with a scheme', '127.0.0.1:5000', 'http://x', '.registryHost', /scheme/, /host alone/),
  registry('with a path', '127.0.0.1:5000', 'x/y', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('with port 0', '5000', '0', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('with port 65536', '5000', '65536', '.registryHost', /no host/, /127\.0\.0\.1:5000/),
  registry('in capitals', '127.0.0.1:5000', 'Registry.example', '.registryHost', /capital/, /lower case/),
  registry(
    "of ECR's own hosts",
    '127.0.0.1:5000',
    '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    '.registryHost',
    /ECR itself/,
    /Remove this entry/,
  ),
  registry(
    'with an account that is a number',
    '"123456789012"',
    '012345678901',
    '.account',
    /not text/,
    /in quotes: `account: "123456789012"`/,
  ),
  registry(
    'with an account of 11 digits',
    '123456789012',
    '12345678901',
    '.account',
    /twelve digits/,
    /"123456789012"/,
  ),
  registry(
    'with a variable that is no account',
    '"123456789012"',
    '{env: AIRFLOW_PASSWORD}',
    '.account',
    /twelve digits/,
    /account: "/,
  ),
  registry('with no region', 'us-east-1', 'virginia', '.region', /no AWS region/, /us-east-1/),
  registry(
    'with credentials, which this release lacks',
    'name: sandbox',
    'name: sandbox, credentials: {}',
    '.credentials',
    /this release/,
    /registryHost/,
  ),
  registry(
    'with a kind, which this release lacks',
    'name: sandbox',
    'name: sandbox, kind: public',
    '.kind',
    /this release/,
    /registryHost/,
  ),
  bad(
    'an engine by tcp://',
    `${GOOD}docker: {engines: ["tcp://u:${CANARY}@x"]}\n`,
    '7 docker.engines[0]',
    /no tcp:\/\//,
    /unix:\/\/\/var/,
  ),
  bad(
    'an engine by ssh://',
    `${GOOD}docker: {engines: ["ssh://x"]}\n`,
    '7 docker.engines[0]',
    /no ssh:\/\//,
    /unix:\/\/\/var/,
  ),
  bad(
    'an engine with a relative path',
    `${GOOD}docker: {engines: ["unix://x.sock"]}\n`,
    '7 docker.engines[0]',
    /no absolute path/,
    /three slashes/,
  ),
];

const DUPLICATES: BadConfig[] = [
  bad(
    'a connection twice',
    edit('docker_default', 'a, b, a'),
    '6 airflows[0].connections[2]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'a name of an airflow twice',
    `${GOOD}  - {name: main, url: "https://b", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [a]}\n`,
    '7 airflows[1].name',
    /repeats the name of airflows\[0\]\.name/,
    /rename/,
  ),
  bad(
    'a connection of the same URL twice',
    `${GOOD}  - {name: b, url: "https://AIRFLOW.example.com:443/", auth: {username: u, password: {env: AIRFLOW_PASSWORD}}, connections: [x, docker_default]}\n`,
    '7 airflows[1].connections[1]',
    /repeats the connection of airflows\[0\]\.connections\[0\]/,
    /Remove/,
  ),
  bad(
    'a name of a registry twice',
    `${GOOD}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('5000', '5001')}\n`,
    '9 registries[1].name',
    /registries\[0\]\.name/,
    /rename/,
  ),
  bad(
    'a host of a registry twice',
    `${GOOD}registries:\n  - ${REGISTRY}\n  - ${REGISTRY.replace('sandbox', 'b')}\n`,
    '9 registries[1].registryHost',
    /registries\[0\]\.registryHost/,
    /Remove/,
  ),
  bad(
    'an engine twice',
    `${GOOD}docker: {engines: ["unix:///a", "unix:///a"]}\n`,
    '7 docker.engines[1]',
    /docker\.engines\[0\]/,
    /Remove/,
  ),
];

const SCHEDULES: BadConfig[] = [
  schedule('without unit', 'every: 4', '.every', /not text/, /every: 4h/),
  schedule('with an unknown unit', 'every: 4 hours', '.every', /no duration/, /every: 4h/),
  schedule('with a negative interval', 'every: -4h', '.every', /no duration/, /every: 4h/),
  schedule('every 30 s', 'every: 30s', '.every', /least is 1 min/, /every: 4h/),
  schedule('every 0 s', 'every: 0s', '.every', /least is 1 min/, /every: 4h/),
  schedule('every 11 h', 'every: 11h', '.every', /only outages of up to 0 s/, /allowNarrowMargin: true/),
  schedule(
    'with jitter of half the interval',
    'every: 4h, jitter: 2h',
    '.jitter',
    /leaves too little/,
    /5 min for example/,
  ),
  schedule(
    'that retries for longer than fits',
    'retryFor: 226m',
    '.retryFor',
    /3 h 45 min is the most/,
    /Leave retryFor out/,
  ),
  schedule(
    'that retries for nothing',
    'retryFor: 0s',
    '.retryFor',
    /10 s is the least/,
    /Leave retryFor out/,
  ),
  schedule('with every and cron', 'every: 4h, cron: 0 * * * *', '.cron', /beside every/, /Remove one/),
  schedule('with a time zone and no cron', 'timeZone: UTC', '.timeZone', /without cron/, /Remove it/),
  schedule('with four fields of cron', 'cron: 0 * * *', '.cron', /five fields/, /0 \*\/4 \* \* \*/),
  schedule('with minute 61', 'cron: 61 * * * *', '.cron', /no valid minute/, /0 \*\/4 \* \* \*/),
  schedule('with a range backwards', 'cron: "0 20-4 * * *"', '.cron', /no valid hour/, /0 \*\/4/),
  schedule('with cron that never fires', 'cron: 0 0 31 2 *', '.cron', /never fires/, /0 \*\/4/),
  schedule('with gaps of 12 h', 'cron: "55 5,17 * * *"', '.cron', /guarantees an expired token/, /every: 4h/),
  schedule('on workdays', 'cron: 0 */4 * * 1-5', '.cron', /up to 2 d 4 h apart/, /without such gaps/),
  schedule(
    'in no time zone',
    'cron: 0 */4 * * *, timeZone: Mars/Olympus',
    '.timeZone',
    /no IANA time zone/,
    /Europe\/Berlin/,
  ),
  schedule(
    'in an offset',
    'cron: 0 */4 * * *, timeZone: "+02:00"',
    '.timeZone',
    /no IANA time zone/,
    /Europe\/Berlin/,
  ),
  schedule('with an id of blanks', 'id: " "', '.id', /letters, digits/, /id: ecr-refresh/),
];

describe('a bad configuration', () => {
  const write = useConfigFolder();
  const env = { ...ENV, EMPTY: '', BAD_URL: `https://u:${CANARY}@x` };

  for (const { title, text, place, message, remedy } of [
    ...YAML,
    ...FORM,
    ...SECRETS,
    ...ADDRESSES,
    ...DUPLICATES,
    ...SCHEDULES,
  ]) {
    it(`is refused for ${title}`, () => {
      const problems = problemsOf(write(text), env);
      assert.deepEqual(
        problems.map(({ line, path }) => `${line} ${path}`.trim()),
        [place],
        JSON.stringify(problems),
      );
      assert.match(problems[0]?.message ?? '', message);
      assert.match(problems[0]?.remedy ?? '', remedy);
    });
  }

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
version: 1
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

import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { edit, GOOD } from './config-folder.js';

const FORM: BadConfig[] = [
  bad('no version', edit('version: 1\n', ''), '1 version', 'missing'),
  bad('another version', edit('version: 1', 'version: 2'), '1 version', 'invalid'),
  bad('an empty version', edit('version: 1', 'version:'), '1 version', 'empty'),
  bad('airflows that are no list', 'version: 1\nairflows:\n  name: main\n', '2 airflows', 'wrong-type'),
  ...['registries', 'docker', 'schedule', 'temporal'].map((section) =>
    bad(`an empty ${section}`, `${GOOD}${section}:\n`, `7 ${section}`, 'empty'),
  ),
  bad('no airflows', 'version: 1\n', '1 airflows', 'missing'),
  bad('empty airflows', 'version: 1\nairflows:\n', '2 airflows', 'empty'),
  bad('an empty list of airflows', 'version: 1\nairflows: []\n', '2 airflows', 'empty'),
  bad('an airflow that is text', 'version: 1\nairflows: [x]\n', '2 airflows[0]', 'wrong-type'),
  bad('a mistyped key', `${GOOD}docekr: {}\n`, '7 docekr', 'unknown-setting'),
  bad('a key of nothing', `${GOOD}notify: {}\n`, '7 notify', 'unknown-setting'),
  bad('a key of objects', `${GOOD}__proto__: {}\n`, '7 __proto__', 'unknown-setting'),
  bad(
    'a mistyped inner key',
    edit('name:', 'name: main\n    nmae:'),
    '4 airflows[0].nmae',
    'unknown-setting',
  ),
  bad('http, which this release lacks', `${GOOD}http: {}\n`, '7 http', 'unknown-setting'),
  bad('no name', edit('name: main\n    ', ''), '3 airflows[0].name', 'missing'),
  bad(
    'a name of 64 characters',
    edit('name: main', `name: ${'x'.repeat(64)}`),
    '3 airflows[0].name',
    'invalid',
  ),
  bad('no URL', edit('    url: https://airflow.example.com\n', ''), '3 airflows[0].url', 'missing'),
  bad('an empty name', edit('name: main', 'name:'), '3 airflows[0].name', 'empty'),
  bad('a name in capitals', edit('name: main', 'name: Main'), '3 airflows[0].name', 'invalid'),
  bad('a name that is a number', edit('name: main', 'name: 12'), '3 airflows[0].name', 'wrong-type'),
  bad(
    'no auth',
    edit('    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}\n', ''),
    '3 airflows[0].auth',
    'missing',
  ),
  bad('no user name', edit('username: ecr-refresh, ', ''), '5 airflows[0].auth.username', 'missing'),
  bad('an empty user name', edit('ecr-refresh', '""'), '5 airflows[0].auth.username', 'empty'),
  bad('a user name that is a list', edit('ecr-refresh', '[a]'), '5 airflows[0].auth.username', 'wrong-type'),
  bad(
    'a way to sign in that this release lacks',
    edit('username:', 'google: {}, username:'),
    '5 airflows[0].auth.google',
    'unknown-setting',
  ),
  bad(
    'no connections',
    edit('    connections: [docker_default]\n', ''),
    '3 airflows[0].connections',
    'missing',
  ),
  bad('an empty list of connections', edit('[docker_default]', '[]'), '6 airflows[0].connections', 'empty'),
  bad(
    'a connection id with a blank',
    edit('docker_default', 'a, "b c"'),
    '6 airflows[0].connections[1]',
    'invalid',
  ),
  bad('a pattern as an id', edit('docker_default', '"*_ecr"'), '6 airflows[0].connections[0]', 'invalid'),
  bad(
    'a connection id with a slash',
    edit('docker_default', '../x'),
    '6 airflows[0].connections[0]',
    'invalid',
  ),
  ...['.', '..'].map((id) =>
    bad(
      `${id} for a connection id`,
      edit('docker_default', `"${id}"`),
      '6 airflows[0].connections[0]',
      'invalid',
    ),
  ),
  bad('an empty connection id', edit('docker_default', '""'), '6 airflows[0].connections[0]', 'invalid'),
  bad(
    'a connection id of 201 characters',
    edit('docker_default', 'x'.repeat(201)),
    '6 airflows[0].connections[0]',
    'too-long',
  ),
  bad(
    'a connection id that is a number',
    edit('docker_default', '7'),
    '6 airflows[0].connections[0]',
    'wrong-type',
  ),
  bad(
    'a connection that is a list',
    edit('docker_default', '[a]'),
    '6 airflows[0].connections[0]',
    'wrong-type',
  ),
  bad(
    'allowInsecureHttp in words',
    `${GOOD}    allowInsecureHttp: "yes"\n`,
    '7 airflows[0].allowInsecureHttp',
    'wrong-type',
  ),
  bad('a task queue of blanks', `${GOOD}temporal: {taskQueue: " "}\n`, '7 temporal.taskQueue', 'invalid'),
  ...['', 'x'.repeat(1001)].map((queue) =>
    bad(
      `a task queue of ${queue.length} characters`,
      `${GOOD}temporal: {taskQueue: "${queue}"}\n`,
      '7 temporal.taskQueue',
      'invalid',
    ),
  ),
  bad(
    'a Temporal address',
    `${GOOD}temporal: {address: "x:7233"}\n`,
    '7 temporal.address',
    'unknown-setting',
  ),
  ...['auth: [{token: {env: AIRFLOW_PASSWORD}}]', 'auth: []'].map((auth) =>
    bad(
      `a list instead of a mapping: ${auth}`,
      edit('auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}', auth),
      '5 airflows[0].auth',
      'wrong-type',
    ),
  ),
  bad(
    'an entry of airflows that is a list',
    GOOD.replace(/\n {2}- [^]*/, '\n  - [a]\n'),
    '3 airflows[0]',
    'wrong-type',
  ),
  bad('an empty list instead of text', `${GOOD}    caFile: []\n`, '7 airflows[0].caFile', 'wrong-type'),
  bad(
    'empty text instead of a list',
    edit('[docker_default]', '""'),
    '6 airflows[0].connections',
    'wrong-type',
  ),
  ...['{eu: {region: eu-west-1}}', 'eu', ''].map((registries) =>
    bad(
      `registries that connections name and that are ${registries || 'empty'}`,
      `${edit('[docker_default]', '[{id: a, registry: eu}, {id: b, registry: eu}]')}registries: ${registries}\n`,
      '7 registries',
      registries === '' ? 'empty' : 'wrong-type',
    ),
  ),
  bad(
    'airflows that registries name and that are empty',
    'version: 1\nairflows: []\nregistries:\n  - {name: r, region: us-east-1, account: {airflowVariable: a, airflow: main}}\n',
    '2 airflows',
    'empty',
  ),
  bad('a temporal list', `${GOOD}temporal: []\n`, '7 temporal', 'wrong-type'),
];

describe('a configuration of another form', () => {
  refuseEach(FORM);
});

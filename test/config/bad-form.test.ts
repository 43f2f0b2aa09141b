import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { edit, VALID } from './config-folder.js';

const STRUCTURE: InvalidConfig[] = [
  invalid('a missing version', edit('version: 1\n', ''), '1 version', 'missing'),
  invalid('an unsupported version', edit('version: 1', 'version: 2'), '1 version', 'invalid'),
  invalid('an empty version', edit('version: 1', 'version:'), '1 version', 'empty'),
  invalid('airflows that is not a list', 'version: 1\nairflows:\n  name: main\n', '2 airflows', 'wrong-type'),
  ...['registries', 'docker', 'schedule', 'temporal'].map((section) =>
    invalid(`an empty ${section}`, `${VALID}${section}:\n`, `7 ${section}`, 'empty'),
  ),
  invalid('missing airflows', 'version: 1\n', '1 airflows', 'missing'),
  invalid('empty airflows', 'version: 1\nairflows:\n', '2 airflows', 'empty'),
  invalid('an empty list of airflows', 'version: 1\nairflows: []\n', '2 airflows', 'empty'),
  invalid('an entry of airflows that is text', 'version: 1\nairflows: [x]\n', '2 airflows[0]', 'wrong-type'),
  invalid('a mistyped key', `${VALID}docekr: {}\n`, '7 docekr', 'unknown-setting'),
  invalid('an unknown key', `${VALID}notify: {}\n`, '7 notify', 'unknown-setting'),
  invalid('the key __proto__', `${VALID}__proto__: {}\n`, '7 __proto__', 'unknown-setting'),
  invalid(
    'a mistyped nested key',
    edit('name:', 'name: main\n    nmae:'),
    '4 airflows[0].nmae',
    'unknown-setting',
  ),
  invalid(
    'the section http, which this release does not support',
    `${VALID}http: {}\n`,
    '7 http',
    'unknown-setting',
  ),
  invalid('a missing name', edit('name: main\n    ', ''), '3 airflows[0].name', 'missing'),
  invalid(
    'a name of 64 characters',
    edit('name: main', `name: ${'x'.repeat(64)}`),
    '3 airflows[0].name',
    'invalid',
  ),
  invalid(
    'a missing URL',
    edit('    url: https://airflow.example.com\n', ''),
    '3 airflows[0].url',
    'missing',
  ),
  invalid('an empty name', edit('name: main', 'name:'), '3 airflows[0].name', 'empty'),
  invalid(
    'a name with an upper-case letter',
    edit('name: main', 'name: Main'),
    '3 airflows[0].name',
    'invalid',
  ),
  invalid('a name that is a number', edit('name: main', 'name: 12'), '3 airflows[0].name', 'wrong-type'),
  invalid(
    'missing auth',
    edit('    auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}\n', ''),
    '3 airflows[0].auth',
    'missing',
  ),
  invalid(
    'a missing user name',
    edit('username: ecr-refresh, ', ''),
    '5 airflows[0].auth.username',
    'missing',
  ),
  invalid('an empty user name', edit('ecr-refresh', '""'), '5 airflows[0].auth.username', 'empty'),
  invalid(
    'a user name that is a list',
    edit('ecr-refresh', '[a]'),
    '5 airflows[0].auth.username',
    'wrong-type',
  ),
  invalid(
    'an authentication method that this release does not support',
    edit('username:', 'google: {}, username:'),
    '5 airflows[0].auth.google',
    'unknown-setting',
  ),
  invalid(
    'missing connections',
    edit('    connections: [docker_default]\n', ''),
    '3 airflows[0].connections',
    'missing',
  ),
  invalid(
    'an empty list of connections',
    edit('[docker_default]', '[]'),
    '6 airflows[0].connections',
    'empty',
  ),
  invalid(
    'a connection id with a space',
    edit('docker_default', 'a, "b c"'),
    '6 airflows[0].connections[1]',
    'invalid',
  ),
  invalid(
    'a pattern instead of a connection id',
    edit('docker_default', '"*_ecr"'),
    '6 airflows[0].connections[0]',
    'invalid',
  ),
  invalid(
    'a connection id with a slash',
    edit('docker_default', '../x'),
    '6 airflows[0].connections[0]',
    'invalid',
  ),
  ...['.', '..'].map((id) =>
    invalid(
      `the connection id ${id}`,
      edit('docker_default', `"${id}"`),
      '6 airflows[0].connections[0]',
      'invalid',
    ),
  ),
  invalid('an empty connection id', edit('docker_default', '""'), '6 airflows[0].connections[0]', 'invalid'),
  invalid(
    'a connection id of 201 characters',
    edit('docker_default', 'x'.repeat(201)),
    '6 airflows[0].connections[0]',
    'invalid',
  ),
  invalid(
    'a connection id that is a number',
    edit('docker_default', '7'),
    '6 airflows[0].connections[0]',
    'wrong-type',
  ),
  invalid(
    'a connection that is a list',
    edit('docker_default', '[a]'),
    '6 airflows[0].connections[0]',
    'wrong-type',
  ),
  invalid(
    'allowInsecureHttp that is text',
    `${VALID}    allowInsecureHttp: "yes"\n`,
    '7 airflows[0].allowInsecureHttp',
    'wrong-type',
  ),
  invalid(
    'a task queue that is a space',
    `${VALID}temporal: {taskQueue: " "}\n`,
    '7 temporal.taskQueue',
    'invalid',
  ),
  ...['', 'x'.repeat(1001)].map((queue) =>
    invalid(
      `a task queue of ${queue.length} characters`,
      `${VALID}temporal: {taskQueue: "${queue}"}\n`,
      '7 temporal.taskQueue',
      'invalid',
    ),
  ),
  invalid(
    'a Temporal address',
    `${VALID}temporal: {address: "x:7233"}\n`,
    '7 temporal.address',
    'unknown-setting',
  ),
  ...['auth: [{token: {env: AIRFLOW_PASSWORD}}]', 'auth: []'].map((auth) =>
    invalid(
      `a list instead of a mapping: ${auth}`,
      edit('auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}', auth),
      '5 airflows[0].auth',
      'wrong-type',
    ),
  ),
  invalid(
    'an entry of airflows that is a list',
    VALID.replace(/\n {2}- [^]*/, '\n  - [a]\n'),
    '3 airflows[0]',
    'wrong-type',
  ),
  invalid('an empty list instead of text', `${VALID}    caFile: []\n`, '7 airflows[0].caFile', 'wrong-type'),
  invalid(
    'empty text instead of a list',
    edit('[docker_default]', '""'),
    '6 airflows[0].connections',
    'wrong-type',
  ),
  ...['{eu: {region: eu-west-1}}', 'eu', ''].map((registries) =>
    invalid(
      `registries that connections refer to and that are ${registries || 'empty'}`,
      `${edit('[docker_default]', '[{id: a, registry: eu}, {id: b, registry: eu}]')}registries: ${registries}\n`,
      '7 registries',
      registries === '' ? 'empty' : 'wrong-type',
    ),
  ),
  invalid(
    'empty airflows that registries refer to',
    'version: 1\nairflows: []\nregistries:\n  - {name: r, region: us-east-1, account: {airflowVariable: a, airflow: main}}\n',
    '2 airflows',
    'empty',
  ),
  invalid('temporal that is a list', `${VALID}temporal: []\n`, '7 temporal', 'wrong-type'),
];

describe('loadConfig: structure', () => {
  rejectEach(STRUCTURE);
});

import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, edit } from './config-folder.js';

const SECRETS: InvalidConfig[] = [
  ...[CANARY, '12345678', 'true', `"${CANARY}"`].map((value) =>
    invalid(
      `a password in plain text, as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      'plain-text-secret',
    ),
  ),
  ...[`{${CANARY}}`, `[${CANARY}]`, `{evn: ${CANARY}}`, '{env: A, file: b}', '{}'].map((value) =>
    invalid(
      `a password as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      'plain-text-secret',
    ),
  ),
  invalid(
    'a password in plain text under a mistyped key',
    edit('password: {env: AIRFLOW_PASSWORD}', `pasword: ${CANARY}`),
    '5 airflows[0].auth.pasword',
    'unknown-setting',
  ),
  ...[':', '='].map((sign) =>
    invalid(
      `a password in plain text directly after its key and ${sign}`,
      edit(
        'username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}',
        `token: {env: AIRFLOW_PASSWORD}, password${sign}${CANARY}`,
      ),
      `5 airflows[0].auth."password${sign}…"`,
      'unknown-setting',
    ),
  ),
  invalid(
    'a shell variable',
    edit('{env: AIRFLOW_PASSWORD}', '"${AIRFLOW_PASSWORD}"'),
    '5 airflows[0].auth.password',
    'plain-text-secret',
  ),
  invalid(
    'a missing password',
    edit(', password: {env: AIRFLOW_PASSWORD}', ''),
    '5 airflows[0].auth.password',
    'missing',
  ),
  invalid(
    'an invalid variable name',
    edit('AIRFLOW_PASSWORD', `"${CANARY} x"`),
    '5 airflows[0].auth.password',
    'invalid',
  ),
  ...['constructor', 'toString', '__proto__'].map((name) =>
    invalid(
      `a variable that is not set, named ${name}`,
      edit('AIRFLOW_PASSWORD', name),
      '5 airflows[0].auth.password',
      'unreadable',
    ),
  ),
  invalid(
    'a variable that is not set',
    edit('AIRFLOW_PASSWORD', 'NOT_SET'),
    '5 airflows[0].auth.password',
    'unreadable',
  ),
  invalid(
    'an empty variable',
    edit('AIRFLOW_PASSWORD', 'EMPTY'),
    '5 airflows[0].auth.password',
    'unreadable',
  ),
  invalid(
    'a missing file',
    edit('{env: AIRFLOW_PASSWORD}', '{file: gone}'),
    '5 airflows[0].auth.password',
    'not-found',
  ),
  invalid(
    'a file in the home folder, with ~',
    edit('{env: AIRFLOW_PASSWORD}', '{file: ~/password}'),
    '5 airflows[0].auth.password',
    'not-found',
  ),
  invalid(
    'a file that is a device',
    edit('{env: AIRFLOW_PASSWORD}', '{file: /dev/zero}'),
    '5 airflows[0].auth.password',
    'wrong-content',
  ),
  invalid(
    'a file with a NUL in its name',
    edit('{env: AIRFLOW_PASSWORD}', '{file: "a\\0b"}'),
    '5 airflows[0].auth.password',
    'invalid',
  ),
  invalid(
    'a file that is a folder',
    edit('{env: AIRFLOW_PASSWORD}', '{file: .}'),
    '5 airflows[0].auth.password',
    'wrong-content',
  ),
];

describe('loadConfig: passwords', () => {
  rejectEach(SECRETS, { EMPTY: '' });
});

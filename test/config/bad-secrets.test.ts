import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit } from './config-folder.js';

const SECRETS: BadConfig[] = [
  ...[CANARY, '12345678', 'true', `"${CANARY}"`].map((value) =>
    bad(
      `a password in clear, as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      'plain-text-secret',
    ),
  ),
  ...[`{${CANARY}}`, `[${CANARY}]`, `{evn: ${CANARY}}`, '{env: A, file: b}', '{}'].map((value) =>
    bad(
      `a password as ${value.replace(CANARY, 'text')}`,
      edit('{env: AIRFLOW_PASSWORD}', value),
      '5 airflows[0].auth.password',
      'plain-text-secret',
    ),
  ),
  bad(
    'a password in clear under a mistyped key',
    edit('password: {env: AIRFLOW_PASSWORD}', `pasword: ${CANARY}`),
    '5 airflows[0].auth.pasword',
    'unknown-setting',
  ),
  ...[':', '='].map((sign) =>
    bad(
      `a password in plain text right after its key and ${sign}`,
      edit(
        'username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}',
        `token: {env: AIRFLOW_PASSWORD}, password${sign}${CANARY}`,
      ),
      `5 airflows[0].auth."password${sign}…"`,
      'unknown-setting',
    ),
  ),
  bad(
    'a variable as shells write it',
    edit('{env: AIRFLOW_PASSWORD}', '"${AIRFLOW_PASSWORD}"'),
    '5 airflows[0].auth.password',
    'plain-text-secret',
  ),
  bad(
    'no password',
    edit(', password: {env: AIRFLOW_PASSWORD}', ''),
    '5 airflows[0].auth.password',
    'missing',
  ),
  bad(
    'a variable whose name is none',
    edit('AIRFLOW_PASSWORD', `"${CANARY} x"`),
    '5 airflows[0].auth.password',
    'invalid',
  ),
  ...['constructor', 'toString', '__proto__'].map((name) =>
    bad(
      `a variable that is not set and is named ${name}`,
      edit('AIRFLOW_PASSWORD', name),
      '5 airflows[0].auth.password',
      'unreadable',
    ),
  ),
  bad(
    'a variable that is not set',
    edit('AIRFLOW_PASSWORD', 'NOT_SET'),
    '5 airflows[0].auth.password',
    'unreadable',
  ),
  bad(
    'a variable that is empty',
    edit('AIRFLOW_PASSWORD', 'EMPTY'),
    '5 airflows[0].auth.password',
    'unreadable',
  ),
  bad(
    'a file that is missing',
    edit('{env: AIRFLOW_PASSWORD}', '{file: gone}'),
    '5 airflows[0].auth.password',
    'not-found',
  ),
  bad(
    'a file in the home folder by ~',
    edit('{env: AIRFLOW_PASSWORD}', '{file: ~/password}'),
    '5 airflows[0].auth.password',
    'not-found',
  ),
  bad(
    'a file that is a device',
    edit('{env: AIRFLOW_PASSWORD}', '{file: /dev/zero}'),
    '5 airflows[0].auth.password',
    'wrong-content',
  ),
  bad(
    'a file with a NUL in its name',
    edit('{env: AIRFLOW_PASSWORD}', '{file: "a\\0b"}'),
    '5 airflows[0].auth.password',
    'invalid',
  ),
  bad(
    'a file that is a folder',
    edit('{env: AIRFLOW_PASSWORD}', '{file: .}'),
    '5 airflows[0].auth.password',
    'wrong-content',
  ),
];

describe('a configuration without a usable password', () => {
  refuseEach(SECRETS, { EMPTY: '' });
});

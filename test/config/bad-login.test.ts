import type { ProblemCode } from '../../src/config/config-error.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, edit, VALID } from './config-folder.js';

const AUTH = 'auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const MWAA = '{mwaa: {environment: my-environment, region: us-east-1}}';
const ROLE = 'arn:aws:iam::123456789012:role/airflow-ecr-refresh';
const URL_LINE = '    url: https://airflow.example.com\n';

function auth(title: string, value: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(title, edit(AUTH, `auth: ${value}`), `5 airflows[0].auth${key}`, code);
}

/** An MWAA environment, and a line instead of that of the URL. */
function mwaa(title: string, line: string, key: string, code: ProblemCode): InvalidConfig {
  const text = edit(URL_LINE, `    ${line}\n`).replace(AUTH, `auth: ${MWAA}`);
  return invalid(title, text, `4 airflows[0]${key}`, code);
}

function mwaaSetting(title: string, value: string, key: string, code: ProblemCode): InvalidConfig {
  const text = edit(URL_LINE, '').replace(AUTH, `auth: {mwaa: ${value}}`);
  return invalid(`MWAA ${title}`, text, `4 airflows[0].auth.mwaa${key}`, code);
}

const AUTH_ROWS: InvalidConfig[] = [
  auth('an empty auth', '{}', '', 'missing'),
  auth(
    'a password together with a token',
    '{username: u, password: {env: AIRFLOW_PASSWORD}, token: {env: TOKEN}}',
    '.token',
    'conflict',
  ),
  auth('a user name together with a token', '{username: u, token: {env: TOKEN}}', '.token', 'conflict'),
  auth(
    'a token together with MWAA',
    '{token: {env: TOKEN}, mwaa: {environment: e, region: us-east-1}}',
    '.mwaa',
    'conflict',
  ),
  auth('a user name without a password', '{username: u}', '.password', 'missing'),
  auth('a password without a user name', '{password: {env: TOKEN}}', '.username', 'missing'),
  auth('a token in plain text', `{token: ${CANARY}}`, '.token', 'plain-text-secret'),
  auth('a token in plain text under a mistyped key', `{tokne: ${CANARY}}`, '.tokne', 'unknown-setting'),
  auth('a token in a variable that is not set', '{token: {env: GONE}}', '.token', 'unreadable'),
  auth('a token with two lines', '{token: {env: LINES}}', '.token', 'invalid'),
  auth('a token with non-ASCII characters', '{token: {env: UMLAUT}}', '.token', 'invalid'),
  auth('a token that begins with Bearer', '{token: {env: BEARER}}', '.token', 'invalid'),
  auth('auth that is text', CANARY, '', 'wrong-type'),
];

const MWAA_ROWS: InvalidConfig[] = [
  mwaa('a URL together with MWAA', 'url: https://a', '.url', 'conflict'),
  mwaa('headers together with MWAA', 'headers: {X-Team: a}', '.headers', 'conflict'),
  mwaa('allowInsecureHttp together with MWAA', 'allowInsecureHttp: true', '.allowInsecureHttp', 'conflict'),
  mwaaSetting('without a region', '{environment: e}', '.region', 'missing'),
  mwaaSetting('without an environment', '{region: us-east-1}', '.environment', 'missing'),
  mwaaSetting('with an invalid region', '{environment: e, region: virginia}', '.region', 'invalid'),
  mwaaSetting(
    'with an ARN instead of a name',
    '{environment: "arn:aws:airflow:e", region: us-east-1}',
    '.environment',
    'invalid',
  ),
  mwaaSetting(
    'with a role and a profile',
    `{environment: e, region: us-east-1, roleArn: "${ROLE}", profile: p}`,
    '.roleArn',
    'conflict',
  ),
  mwaaSetting(
    'with an external id and no role',
    '{environment: e, region: us-east-1, externalId: data}',
    '.roleArn',
    'missing',
  ),
  mwaaSetting(
    'with an invalid role',
    '{environment: e, region: us-east-1, roleArn: "arn:aws:iam::1:role/a"}',
    '.roleArn',
    'invalid',
  ),
  mwaaSetting(
    'with a role of another partition',
    `{environment: e, region: cn-north-1, roleArn: "${ROLE}"}`,
    '.roleArn',
    'mismatch',
  ),
  mwaaSetting(
    'with the duration of a session',
    `{environment: e, region: us-east-1, roleArn: "${ROLE}", sessionDuration: 12h}`,
    '.sessionDuration',
    'unknown-setting',
  ),
  invalid(
    'an Airflow version that is text',
    `${VALID}    version: "3"\n`,
    '7 airflows[0].version',
    'invalid',
  ),
  invalid(
    'an Airflow version with a minor version',
    `${VALID}    version: 2.10\n`,
    '7 airflows[0].version',
    'invalid',
  ),
];

describe('loadConfig: authentication', () => {
  rejectEach([...AUTH_ROWS, ...MWAA_ROWS], {
    TOKEN: CANARY,
    LINES: `${CANARY}\nmore`,
    BEARER: `Bearer ${CANARY}`,
    UMLAUT: `${CANARY}ü`,
  });
});

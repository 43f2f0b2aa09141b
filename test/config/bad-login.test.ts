import type { ProblemCode } from '../../src/config/config-error.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD } from './config-folder.js';

const AUTH = 'auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const MWAA = '{mwaa: {environment: my-environment, region: us-east-1}}';
const URL_LINE = '    url: https://airflow.example.com\n';

function auth(title: string, value: string, key: string, code: ProblemCode): BadConfig {
  return bad(title, edit(AUTH, `auth: ${value}`), `5 airflows[0].auth${key}`, code);
}

/** An MWAA environment in place of the URL; one line of text is added. */
function mwaa(title: string, line: string, key: string, code: ProblemCode): BadConfig {
  const text = edit(URL_LINE, `    ${line}\n`).replace(AUTH, `auth: ${MWAA}`);
  return bad(title, text, `4 airflows[0]${key}`, code);
}

function ofMwaa(title: string, value: string, key: string, code: ProblemCode): BadConfig {
  const text = edit(URL_LINE, '').replace(AUTH, `auth: {mwaa: ${value}}`);
  return bad(`MWAA ${title}`, text, `4 airflows[0].auth.mwaa${key}`, code);
}

const SIGN_INS: BadConfig[] = [
  auth('no way to sign in', '{}', '', 'missing'),
  auth(
    'two ways to sign in, a password and a token',
    '{username: u, password: {env: AIRFLOW_PASSWORD}, token: {env: TOKEN}}',
    '.token',
    'conflict',
  ),
  auth(
    'two ways to sign in, a user name and a token',
    '{username: u, token: {env: TOKEN}}',
    '.token',
    'conflict',
  ),
  auth(
    'two ways to sign in, a token and MWAA',
    '{token: {env: TOKEN}, mwaa: {environment: e, region: us-east-1}}',
    '.mwaa',
    'conflict',
  ),
  auth('a user without password', '{username: u}', '.password', 'missing'),
  auth('a password without user', '{password: {env: TOKEN}}', '.username', 'missing'),
  auth('a token in clear', `{token: ${CANARY}}`, '.token', 'plain-text-secret'),
  auth('a token in clear under a mistyped key', `{tokne: ${CANARY}}`, '.tokne', 'unknown-setting'),
  auth('a token that is not set', '{token: {env: GONE}}', '.token', 'unreadable'),
  auth('a token of two lines', '{token: {env: LINES}}', '.token', 'invalid'),
  auth('a token beyond ASCII', '{token: {env: UMLAUT}}', '.token', 'invalid'),
  auth('a token with its scheme', '{token: {env: BEARER}}', '.token', 'invalid'),
  auth('a sign-in that is text', CANARY, '', 'wrong-type'),
];

const OF_MWAA: BadConfig[] = [
  mwaa('a URL beside MWAA', 'url: https://a', '.url', 'conflict'),
  mwaa('headers beside MWAA', 'headers: {X-Team: a}', '.headers', 'conflict'),
  mwaa('plain HTTP beside MWAA', 'allowInsecureHttp: true', '.allowInsecureHttp', 'conflict'),
  ofMwaa('without region', '{environment: e}', '.region', 'missing'),
  ofMwaa('without environment', '{region: us-east-1}', '.environment', 'missing'),
  ofMwaa('of no region', '{environment: e, region: virginia}', '.region', 'invalid'),
  ofMwaa('by its ARN', '{environment: "arn:aws:airflow:e", region: us-east-1}', '.environment', 'invalid'),
  ofMwaa('with a profile', '{environment: e, region: us-east-1, profile: p}', '.profile', 'unknown-setting'),
  bad('an Airflow version that is text', `${GOOD}    version: "3"\n`, '7 airflows[0].version', 'invalid'),
  bad(
    'an Airflow version with its minor version',
    `${GOOD}    version: 2.10\n`,
    '7 airflows[0].version',
    'invalid',
  ),
];

describe('a configuration with a way to sign in that cannot be used', () => {
  refuseEach([...SIGN_INS, ...OF_MWAA], {
    TOKEN: CANARY,
    LINES: `${CANARY}\nmore`,
    BEARER: `Bearer ${CANARY}`,
    UMLAUT: `${CANARY}ü`,
  });
});

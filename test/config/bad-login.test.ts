import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, edit, GOOD } from './config-folder.js';

const AUTH = 'auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const MWAA = '{mwaa: {environment: my-environment, region: us-east-1}}';
const URL_LINE = '    url: https://airflow.example.com\n';

function auth(title: string, value: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(title, edit(AUTH, `auth: ${value}`), `5 airflows[0].auth${key}`, message, remedy);
}

/** An MWAA environment in place of the URL; one line of text is added. */
function mwaa(title: string, line: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  const text = edit(URL_LINE, `    ${line}\n`).replace(AUTH, `auth: ${MWAA}`);
  return bad(title, text, `4 airflows[0]${key}`, message, remedy);
}

const SIGN_INS: BadConfig[] = [
  auth('no way to sign in', '{}', '', /names no way to sign in/, /\{token: \{file: PATH\}\}/),
  auth(
    'two ways to sign in, a password and a token',
    '{username: u, password: {env: AIRFLOW_PASSWORD}, token: {env: TOKEN}}',
    '.token',
    /stands beside password/,
    /Keep one way/,
  ),
  auth(
    'two ways to sign in, a user name and a token',
    '{username: u, token: {env: TOKEN}}',
    '.token',
    /stands beside username/,
    /Keep one way/,
  ),
  auth(
    'two ways to sign in, a token and MWAA',
    '{token: {env: TOKEN}, mwaa: {environment: e, region: us-east-1}}',
    '.mwaa',
    /stands beside token/,
    /Keep one way/,
  ),
  auth('a user without password', '{username: u}', '.password', /missing/, /password: \{env:/),
  auth('a password without user', '{password: {env: TOKEN}}', '.username', /missing/, /username: ecr/),
  auth('a token in clear', `{token: ${CANARY}}`, '.token', /in clear/, /token: \{file:/),
  auth('a token in clear under a mistyped key', `{tokne: ${CANARY}}`, '.tokne', /no setting/, /`token`/),
  auth('a token that is not set', '{token: {env: GONE}}', '.token', /GONE is not set/, /Set GONE/),
  auth('a token of two lines', '{token: {env: LINES}}', '.token', /line break/, /second line/),
  auth('a token beyond ASCII', '{token: {env: UMLAUT}}', '.token', /beyond ASCII/, /Check it/),
  auth('a token with its scheme', '{token: {env: BEARER}}', '.token', /the word Bearer/, /token alone/),
  auth('a sign-in that is text', CANARY, '', /not a mapping/, /auth: \{username/),
];

const OF_MWAA: BadConfig[] = [
  mwaa('a URL beside MWAA', 'url: https://a', '.url', /beside auth\.mwaa/, /Remove one/),
  mwaa('headers beside MWAA', 'headers: {X-Team: a}', '.headers', /beside auth\.mwaa/, /Remove one/),
  mwaa(
    'plain HTTP beside MWAA',
    'allowInsecureHttp: true',
    '.allowInsecureHttp',
    /beside auth\.mwaa/,
    /Remove one/,
  ),
  ...(
    [
      {
        title: 'without region',
        value: '{environment: e}',
        key: '.region',
        message: /missing/,
        remedy: /region: us-east-1/,
      },
      {
        title: 'without environment',
        value: '{region: us-east-1}',
        key: '.environment',
        message: /missing/,
        remedy: /environment: my-/,
      },
      {
        title: 'of no region',
        value: '{environment: e, region: virginia}',
        key: '.region',
        message: /no AWS region/,
        remedy: /us-east-1/,
      },
      {
        title: 'by its ARN',
        value: '{environment: "arn:aws:airflow:e", region: us-east-1}',
        key: '.environment',
        message: /no name of an MWAA environment/,
        remedy: /not the ARN/,
      },
      {
        title: 'with a profile',
        value: '{environment: e, region: us-east-1, profile: p}',
        key: '.profile',
        message: /no setting/,
        remedy: /region/,
      },
    ] as const
  ).map(({ title, value, key, message, remedy }) =>
    bad(
      `MWAA ${title}`,
      edit(URL_LINE, '').replace(AUTH, `auth: {mwaa: ${value}}`),
      `4 airflows[0].auth.mwaa${key}`,
      message,
      remedy,
    ),
  ),
  bad(
    'an Airflow version that is text',
    `${GOOD}    version: "3"\n`,
    '7 airflows[0].version',
    /none of auto, 2 and 3/,
    /version: 3/,
  ),
  bad(
    'an Airflow version with its minor version',
    `${GOOD}    version: 2.10\n`,
    '7 airflows[0].version',
    /none of auto, 2 and 3/,
    /version: 3/,
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

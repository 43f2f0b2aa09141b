import type { ProblemCode } from '../../src/config/config-error.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import { CANARY, edit } from './config-folder.js';

const AUTH = 'auth: {username: ecr-refresh, password: {env: AIRFLOW_PASSWORD}}';
const SECRET = 'client_secret: {env: CLIENT_SECRET}';

function request(title: string, value: string, key: string, code: ProblemCode): InvalidConfig {
  const text = edit(AUTH, `auth: {tokenRequest: ${value}}`);
  return invalid(`a token request ${title}`, text, `5 airflows[0].auth.tokenRequest${key}`, code);
}

const ROWS: InvalidConfig[] = [
  ...['client_secret', 'password', 'assertion', 'client_assertion', 'api_key', 'jwt'].map((name) =>
    request(
      `with ${name} in plain text`,
      `{body: {${name}: ${CANARY}}}`,
      `.body.${name}`,
      'plain-text-secret',
    ),
  ),
  request('without a reference', '{body: {user: u, pin: "1234"}}', '', 'plain-text-secret'),
  request('that is empty', '{}', '', 'plain-text-secret'),
  request('with an unknown setting', `{body: {${SECRET}}, json: {a: b}}`, '.json', 'unknown-setting'),
  request('with a nested field', `{body: {${SECRET}, scope: {a: b}}}`, '.body.scope', 'wrong-type'),
  request('with a number', `{body: {${SECRET}, version: 1}}`, '.body.version', 'wrong-type'),
  request('with an empty field', `{body: {${SECRET}, scope: ""}}`, '.body.scope', 'empty'),
  request('with a field name with a space', `{body: {${SECRET}, "a b": c}}`, '.body."a b"', 'invalid'),
  request('with the field name __proto__', `{body: {${SECRET}, __proto__: c}}`, '.body.__proto__', 'invalid'),
  request('with a body that is text', `{body: ${CANARY}}`, '.body', 'wrong-type'),
  request(
    'with a variable that is not set',
    '{body: {assertion: {env: GONE}}}',
    '.body.assertion',
    'unreadable',
  ),
  request(
    'with a file that does not exist',
    '{body: {assertion: {file: gone}}}',
    '.body.assertion',
    'not-found',
  ),
  request(
    'with 21 fields',
    `{body: {${SECRET}, ${Array.from({ length: 20 }, (_, index) => `f${index}: a`).join(', ')}}}`,
    '.body',
    'too-many',
  ),
  request(
    'with an Authorization header in plain text',
    `{body: {${SECRET}}, headers: {Authorization: ${CANARY}}}`,
    '.headers.Authorization',
    'plain-text-secret',
  ),
  request(
    'with a Content-Type header',
    `{body: {${SECRET}}, headers: {Content-Type: a}}`,
    '.headers.Content-Type',
    'conflict',
  ),
  invalid(
    'a token request together with a user name and password',
    edit(AUTH, `auth: {username: u, password: {env: CLIENT_SECRET}, tokenRequest: {body: {${SECRET}}}}`),
    '5 airflows[0].auth.tokenRequest',
    'conflict',
  ),
  invalid(
    'a token request for Airflow 2',
    edit(AUTH, `auth: {tokenRequest: {body: {${SECRET}}}}\n    version: 2`),
    '6 airflows[0].version',
    'conflict',
  ),
];

describe('loadConfig: token request', () => {
  rejectEach(ROWS, { CLIENT_SECRET: CANARY });
});

import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { airflowSettings } from '../fakes/fake-config.js';
import { loadConfig } from '../../src/config/load.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { invalid, rejectEach, type InvalidConfig } from './bad-config.js';
import {
  CANARY,
  ENV,
  VALID,
  expectProblems,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

function header(title: string, value: string, key: string, code: ProblemCode): InvalidConfig {
  return invalid(title, `${VALID}    headers: ${value}\n`, `7 airflows[0].headers${key}`, code);
}

const HEADERS: InvalidConfig[] = [
  header('an Authorization header', `{authorization: ${CANARY}}`, '.authorization', 'conflict'),
  header(
    'an Authorization header with a reference',
    '{Authorization: {env: AIRFLOW_PASSWORD}}',
    '.Authorization',
    'conflict',
  ),
  header('a Host header', '{Host: a}', '.Host', 'conflict'),
  ...['Content-Length', 'content-type', 'Transfer-Encoding', 'Connection'].map((name) =>
    header(`a ${name} header`, `{${name}: a}`, `.${name}`, 'conflict'),
  ),
  ...['X-Api-Key', 'Cookie', 'Proxy-Authorization', 'CF-Access-Client-Secret', 'x-goog-iap-token'].map(
    (name) =>
      header(`a secret in plain text in ${name}`, `{${name}: ${CANARY}}`, `.${name}`, 'plain-text-secret'),
  ),
  header('a name with a colon', '{"X:": a}', '."X:"', 'invalid'),
  header('a name with a line break', '{"a\\nb": a}', '."a\\nb"', 'invalid'),
  header('a duplicate header', '{X-A: a, x-a: b}', '.x-a', 'duplicate'),
  header('the name __proto__', '{X-A: a, __proto__: b}', '.__proto__', 'invalid'),
  header('a header that is a number', '{X-A: 1}', '.X-A', 'wrong-type'),
  header('a line break in a header', '{X-A: "a\\r\\nb"}', '.X-A', 'invalid'),
  header('a line break in a reference', '{X-A: {env: LINES}}', '.X-A', 'invalid'),
  header('a variable that is not set', '{X-A: {env: GONE}}', '.X-A', 'unreadable'),
  header('headers that are a list', '[X-A]', '', 'wrong-type'),
  header(
    '21 headers',
    `{${Array.from({ length: 21 }, (_, index) => `X-${index}: a`).join(', ')}}`,
    '',
    'too-many',
  ),
];

describe('loadConfig: invalid headers', () => {
  rejectEach(HEADERS, { LINES: `${CANARY}\nX-Evil: 1` });
});

describe('loadConfig: headers', () => {
  const write = useConfigFolder();

  it('are all checked even if one of them is not text', () => {
    const text = `${VALID}    headers: {Host: a, X-A: 1, x-a: b, X-Api-Key: ${CANARY}}\n`;
    assert.deepEqual(showPlaces(expectProblems(write(text))), [
      '7 airflows[0].headers.X-A wrong-type',
      '7 airflows[0].headers.Host conflict',
      '7 airflows[0].headers.X-Api-Key plain-text-secret',
      '7 airflows[0].headers.x-a duplicate',
    ]);
  });

  it('can have the name of a property of every object', () => {
    const config = loadConfig(write(`${VALID}    headers: {constructor: a}\n`), ENV);
    assert.equal(airflowSettings(config.stores[0])?.headers[0]?.name, 'constructor');
  });

  it('are text or references, and are read again for each request', () => {
    write('one', 'team');
    const text = `${VALID}    headers: {X-Team: {file: team}, X-Api-Key: {env: KEY}, Accept-Language: en}\n`;
    const env: NodeJS.ProcessEnv = { ...ENV, KEY: 'a' };
    const headers = airflowSettings(loadConfig(write(text), env).stores[0])?.headers ?? [];
    const readAll = () => headers.map(({ name, read }) => `${name}: ${read().reveal()}`);
    assert.deepEqual(readAll(), ['Accept-Language: en', 'X-Api-Key: a', 'X-Team: one']);
    write('two', 'team');
    env['KEY'] = 'b';
    assert.deepEqual(readAll(), ['Accept-Language: en', 'X-Api-Key: b', 'X-Team: two']);
  });

  it('can have the name of a reference key', () => {
    for (const name of ['env', 'file']) {
      const [airflow] = loadConfig(write(`${VALID}    headers: {${name}: a}\n`), ENV).stores;
      const headers = airflowSettings(airflow)?.headers ?? [];
      assert.deepEqual(
        headers.map(({ name: key, read }) => `${key}: ${read().reveal()}`),
        [`${name}: a`],
      );
    }
  });

  it('fail with ConfigInvalid when the value of their reference gets a line break, without showing it', () => {
    const env: NodeJS.ProcessEnv = { ...ENV, KEY: 'a' };
    const [airflow] = loadConfig(write(`${VALID}    headers: {X-A: {env: KEY}}\n`), env).stores;
    env['KEY'] = `${CANARY}\nX-Evil: 1`;
    assert.throws(
      () => airflowSettings(airflow)?.headers[0]?.read(),
      (error) =>
        error instanceof RefreshFailure &&
        error.type === 'ConfigInvalid' &&
        /^airflows\[0\]\.headers\.X-A: .*line break/.test(error.message) &&
        !error.message.includes(CANARY),
    );
  });
});

describe('loadConfig: caFile', () => {
  const write = useConfigFolder();
  const text = `${VALID}    caFile: ca/company.pem\n`;

  function expectRejected(content: string | undefined, code: ProblemCode): void {
    if (content !== undefined) write(content, 'ca/company.pem');
    assert.deepEqual(showPlaces(expectProblems(write(text))), [`7 airflows[0].caFile ${code}`]);
  }

  it('is rejected when the file is missing', () => expectRejected(undefined, 'not-found'));

  it('is rejected when the file has no PEM certificate', () => {
    expectRejected('', 'wrong-content');
    expectRejected('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'wrong-content');
  });

  it('is rejected when one of several certificates is corrupt', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    expectRejected(`${SELF_SIGNED.cert}${broken}`, 'wrong-content');
  });

  it('is rejected when the file is larger than 1 MiB', () =>
    expectRejected('x'.repeat(1024 * 1024 + 1), 'too-long'));

  it('becomes an absolute path, and the content does not change the hash', () => {
    const path = write(SELF_SIGNED.cert, 'ca/company.pem');
    const config = loadConfig(write(text), ENV);
    assert.equal(airflowSettings(config.stores[0])?.caFile, path);
    write(`# renewed\n${SELF_SIGNED.cert}`, 'ca/company.pem');
    assert.equal(loadConfig(write(text), ENV).hash, config.hash);
    assert.notEqual(loadConfig(write(VALID), ENV).hash, config.hash);
  });

  it('raises a warning together with http://', () => {
    write(SELF_SIGNED.cert, 'ca/company.pem');
    const local = text.replace('https://airflow.example.com', 'http://127.0.0.1:8080');
    assert.deepEqual(showPlaces(expectWarnings(write(local))), ['7 airflows[0].caFile unused']);
  });
});

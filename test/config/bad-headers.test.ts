import assert from 'node:assert/strict';

import type { ProblemCode } from '../../src/config/config-error.js';
import { airflowSettings } from '../fakes/fake-config.js';
import { loadConfig } from '../../src/config/load.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, ENV, GOOD, problemsOf, showPlaces, useConfigFolder, warningsOf } from './config-folder.js';

function header(title: string, value: string, key: string, code: ProblemCode): BadConfig {
  return bad(title, `${GOOD}    headers: ${value}\n`, `7 airflows[0].headers${key}`, code);
}

const HEADERS: BadConfig[] = [
  header('the header of the sign-in', `{authorization: ${CANARY}}`, '.authorization', 'conflict'),
  header(
    'the header of the sign-in by reference',
    '{Authorization: {env: AIRFLOW_PASSWORD}}',
    '.Authorization',
    'conflict',
  ),
  header('another host', '{Host: a}', '.Host', 'conflict'),
  ...['Content-Length', 'content-type', 'Transfer-Encoding', 'Connection'].map((name) =>
    header(`a ${name} header`, `{${name}: a}`, `.${name}`, 'conflict'),
  ),
  ...['X-Api-Key', 'Cookie', 'Proxy-Authorization', 'CF-Access-Client-Secret', 'x-goog-iap-token'].map(
    (name) => header(`a secret in clear in ${name}`, `{${name}: ${CANARY}}`, `.${name}`, 'plain-text-secret'),
  ),
  header('a name with a colon', '{"X:": a}', '."X:"', 'invalid'),
  header('a name with a line break', '{"a\\nb": a}', '."a\\nb"', 'invalid'),
  header('a header twice', '{X-A: a, x-a: b}', '.x-a', 'duplicate'),
  header('the name __proto__', '{X-A: a, __proto__: b}', '.__proto__', 'invalid'),
  header('a number', '{X-A: 1}', '.X-A', 'wrong-type'),
  header('a line break in a header', '{X-A: "a\\r\\nb"}', '.X-A', 'invalid'),
  header('a line break behind a reference', '{X-A: {env: LINES}}', '.X-A', 'invalid'),
  header('a variable that is not set', '{X-A: {env: GONE}}', '.X-A', 'unreadable'),
  header('headers that are a list', '[X-A]', '', 'wrong-type'),
  header(
    '21 headers',
    `{${Array.from({ length: 21 }, (_, index) => `X-${index}: a`).join(', ')}}`,
    '',
    'too-many',
  ),
];

describe('a configuration with headers that cannot be sent', () => {
  refuseEach(HEADERS, { LINES: `${CANARY}\nX-Evil: 1` });
});

describe('the headers of an airflow', () => {
  const write = useConfigFolder();

  it('are all checked, although one of them is not text', () => {
    const text = `${GOOD}    headers: {Host: a, X-A: 1, x-a: b, X-Api-Key: ${CANARY}}\n`;
    assert.deepEqual(showPlaces(problemsOf(write(text))), [
      '7 airflows[0].headers.X-A wrong-type',
      '7 airflows[0].headers.Host conflict',
      '7 airflows[0].headers.X-Api-Key plain-text-secret',
      '7 airflows[0].headers.x-a duplicate',
    ]);
  });

  it('may have a name that every object has as a property', () => {
    const config = loadConfig(write(`${GOOD}    headers: {constructor: a}\n`), ENV);
    assert.equal(airflowSettings(config.stores[0])?.headers[0]?.name, 'constructor');
  });

  it('are text or references, and are read anew for each request', () => {
    write('one', 'team');
    const text = `${GOOD}    headers: {X-Team: {file: team}, X-Api-Key: {env: KEY}, Accept-Language: en}\n`;
    const env: NodeJS.ProcessEnv = { ...ENV, KEY: 'a' };
    const headers = airflowSettings(loadConfig(write(text), env).stores[0])?.headers ?? [];
    const readAll = () => headers.map(({ name, read }) => `${name}: ${read().reveal()}`);
    assert.deepEqual(readAll(), ['Accept-Language: en', 'X-Api-Key: a', 'X-Team: one']);
    write('two', 'team');
    env['KEY'] = 'b';
    assert.deepEqual(readAll(), ['Accept-Language: en', 'X-Api-Key: b', 'X-Team: two']);
  });

  it('may be one of the name of a reference', () => {
    for (const name of ['env', 'file']) {
      const [airflow] = loadConfig(write(`${GOOD}    headers: {${name}: a}\n`), ENV).stores;
      const headers = airflowSettings(airflow)?.headers ?? [];
      assert.deepEqual(
        headers.map(({ name: key, read }) => `${key}: ${read().reveal()}`),
        [`${name}: a`],
      );
    }
  });

  it('fail as ConfigInvalid when their reference has come to hold a line break, without showing it', () => {
    const env: NodeJS.ProcessEnv = { ...ENV, KEY: 'a' };
    const [airflow] = loadConfig(write(`${GOOD}    headers: {X-A: {env: KEY}}\n`), env).stores;
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

describe('the authorities of an airflow', () => {
  const write = useConfigFolder();
  const text = `${GOOD}    caFile: ca/company.pem\n`;

  function refuses(content: string | undefined, code: ProblemCode): void {
    if (content !== undefined) write(content, 'ca/company.pem');
    assert.deepEqual(showPlaces(problemsOf(write(text))), [`7 airflows[0].caFile ${code}`]);
  }

  it('are refused when the file is missing', () => refuses(undefined, 'not-found'));

  it('are refused when the file holds no certificate in PEM', () => {
    refuses('', 'wrong-content');
    refuses('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', 'wrong-content');
  });

  it('are refused when one of several certificates is broken', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    refuses(`${SELF_SIGNED.cert}${broken}`, 'wrong-content');
  });

  it('are refused when the file is larger than 1 MiB', () =>
    refuses('x'.repeat(1024 * 1024 + 1), 'too-long'));

  it('are given by an absolute path, and another content is no other configuration', () => {
    const path = write(SELF_SIGNED.cert, 'ca/company.pem');
    const config = loadConfig(write(text), ENV);
    assert.equal(airflowSettings(config.stores[0])?.caFile, path);
    write(`# renewed\n${SELF_SIGNED.cert}`, 'ca/company.pem');
    assert.equal(loadConfig(write(text), ENV).hash, config.hash);
    assert.notEqual(loadConfig(write(GOOD), ENV).hash, config.hash);
  });

  it('raise a warning beside http://, which asks for none', () => {
    write(SELF_SIGNED.cert, 'ca/company.pem');
    const local = text.replace('https://airflow.example.com', 'http://127.0.0.1:8080');
    assert.deepEqual(showPlaces(warningsOf(write(local))), ['7 airflows[0].caFile unused']);
  });
});

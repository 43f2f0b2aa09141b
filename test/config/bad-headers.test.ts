import assert from 'node:assert/strict';

import { airflowSettings } from '../fakes/fake-config.js';
import { loadConfig } from '../../src/config/load.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { bad, refuseEach, type BadConfig } from './bad-config.js';
import { CANARY, ENV, GOOD, problemsOf, useConfigFolder } from './config-folder.js';

function header(title: string, value: string, key: string, message: RegExp, remedy: RegExp): BadConfig {
  return bad(title, `${GOOD}    headers: ${value}\n`, `7 airflows[0].headers${key}`, message, remedy);
}

const HEADERS: BadConfig[] = [
  header(
    'the header of the sign-in',
    `{authorization: ${CANARY}}`,
    '.authorization',
    /signs? in by/,
    /token:/,
  ),
  header(
    'the header of the sign-in by reference',
    '{Authorization: {env: AIRFLOW_PASSWORD}}',
    '.Authorization',
    /signs? in by/,
    /auth: \{token/,
  ),
  header('another host', '{Host: a}', '.Host', /follows from `url`/, /right host/),
  ...['Content-Length', 'content-type', 'Transfer-Encoding', 'Connection'].map((name) =>
    header(`a ${name} header`, `{${name}: a}`, `.${name}`, /decided by each request/, /Remove it/),
  ),
  ...['X-Api-Key', 'Cookie', 'Proxy-Authorization', 'CF-Access-Client-Secret', 'x-goog-iap-token'].map(
    (name) =>
      header(`a secret in clear in ${name}`, `{${name}: ${CANARY}}`, `.${name}`, /in clear/, /\{env:/),
  ),
  header('a name with a colon', '{"X:": a}', '."X:"', /no name of a header/, /X-Team/),
  header('a name with a line break', '{"a\\nb": a}', '."a\\nb"', /no name of a header/, /X-Team/),
  header('a header twice', '{X-A: a, x-a: b}', '.x-a', /repeats the header of .*X-A/, /capitals/),
  header('a number', '{X-A: 1}', '.X-A', /not text/, /X-Team: data/),
  header('a line break in a header', '{X-A: "a\\r\\nb"}', '.X-A', /line break/, /second line/),
  header('a line break behind a reference', '{X-A: {env: LINES}}', '.X-A', /line break/, /second line/),
  header('a variable that is not set', '{X-A: {env: GONE}}', '.X-A', /GONE is not set/, /Set GONE/),
  header('headers that are a list', '[X-A]', '', /not a mapping of names/, /X-Team: data/),
  header(
    '21 headers',
    `{${Array.from({ length: 21 }, (_, index) => `X-${index}: a`).join(', ')}}`,
    '',
    /more than 20/,
    /Remove/,
  ),
];

describe('a configuration with headers that cannot be sent', () => {
  refuseEach(HEADERS, { LINES: `${CANARY}\nX-Evil: 1` });
});

describe('the headers of an airflow', () => {
  const write = useConfigFolder();

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

  function problemFor(content: string | undefined): string {
    if (content !== undefined) write(content, 'ca/company.pem');
    const [problem, ...more] = problemsOf(write(text));
    assert.deepEqual(more, []);
    assert.equal(`${problem?.line} ${problem?.path}`, '7 airflows[0].caFile');
    return `${problem?.message}. ${problem?.remedy}`;
  }

  it('are refused when the file is missing', () => {
    assert.match(problemFor(undefined), /no file "ca\/company.pem".*relative to the folder/);
  });

  it('are refused when the file holds no certificate in PEM', () => {
    assert.match(problemFor(''), /holds no PEM certificate.*BEGIN CERTIFICATE/);
    assert.match(problemFor('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'), /no PEM cert/);
  });

  it('are refused when one of several certificates is broken', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    assert.match(problemFor(`${SELF_SIGNED.cert}${broken}`), /broken certificate, number 2/);
  });

  it('are refused when the file is larger than 1 MiB', () => {
    assert.match(problemFor('x'.repeat(1024 * 1024 + 1)), /larger than 1024 KiB/);
  });

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
    assert.deepEqual(
      loadConfig(write(local), ENV).warnings.map(({ line, path, message }) => `${line} ${path} ${message}`),
      ['7 airflows[0].caFile has no effect: `url` is http://'],
    );
  });
});

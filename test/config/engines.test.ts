import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { invalid, rejectEach } from './bad-config.js';
import {
  CANARY,
  edit,
  ENV,
  VALID,
  expectProblems,
  showPlaces,
  useConfigFolder,
  expectWarnings,
} from './config-folder.js';

/** VALID without the example URL, which raises a warning. */
const NO_WARNINGS = edit('airflow.example.com', 'a');
const REMOTE = 'tcp://docker.internal:2376';

function withEngines(...engines: readonly string[]): string {
  return `${NO_WARNINGS}docker:\n  engines:\n${engines.map((engine) => `    - ${engine}\n`).join('')}`;
}

/** A key that does not belong to the certificate. */
function anotherKey(passphrase?: string): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const lock = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  return privateKey.export({ type: 'pkcs8', format: 'pem', ...lock }).toString();
}

function useCertificates(): { write: ReturnType<typeof useConfigFolder>; engine: string } {
  const write = useConfigFolder();
  beforeEach(() => {
    write(SELF_SIGNED.cert, 'tls/ca.pem');
    write(SELF_SIGNED.cert, 'tls/cert.pem');
    write(SELF_SIGNED.key, 'tls/key.pem');
  });
  const files = 'caFile: tls/ca.pem, certFile: tls/cert.pem, keyFile: tls/key.pem';
  return { write, engine: `{url: ${REMOTE}, ${files}}` };
}

describe('docker.engines', () => {
  const { write, engine } = useCertificates();

  it('use TLS with files relative to the configuration', () => {
    const path = write(withEngines(engine));
    const folder = join(dirname(path), 'tls');
    const tls = {
      caFile: join(folder, 'ca.pem'),
      certFile: join(folder, 'cert.pem'),
      keyFile: join(folder, 'key.pem'),
    };
    const { engines, warnings } = loadConfig(path, ENV);
    assert.deepEqual(engines, [{ url: REMOTE, required: true, tls }]);
    assert.deepEqual(warnings, []);
  });

  it('can have only a CA, or only a client certificate', () => {
    const { engines } = loadConfig(
      write(
        withEngines(
          '{url: "tcp://a:2376", caFile: tls/ca.pem}',
          '{url: "tcp://b:2376", certFile: tls/cert.pem, keyFile: tls/key.pem}',
        ),
      ),
      ENV,
    );
    assert.deepEqual(
      engines.map(({ tls }) => Object.keys(tls ?? {})),
      [['caFile'], ['certFile', 'keyFile']],
    );
  });

  it('can be mappings without TLS: sockets, and TCP on loopback', () => {
    const engines = ['unix:///run/a.sock', 'tcp://127.0.0.1:2375', 'tcp://[::1]:2375', 'tcp://localhost:1'];
    const asText = loadConfig(write(withEngines(...engines.map((url) => `"${url}"`))), ENV);
    const asMapping = loadConfig(write(withEngines(...engines.map((url) => `{url: "${url}"}`))), ENV);
    assert.deepEqual(
      asText.engines,
      engines.map((url) => ({ url, required: true })),
    );
    assert.deepEqual(asMapping.engines, asText.engines);
    assert.equal(asMapping.hash, asText.hash);
  });

  it('have a canonical URL for every spelling of their host', () => {
    const text = withEngines('"TCP://LocalHost:2375/"', '{url: "tcp://A.internal:1", caFile: tls/ca.pem}');
    assert.deepEqual(
      loadConfig(write(text), ENV).engines.map(({ url }) => url),
      ['tcp://localhost:2375', 'tcp://a.internal:1'],
    );
  });

  it('raise a warning for a world-readable key', () => {
    const path = write(withEngines(engine));
    chmodSync(join(dirname(path), 'tls/key.pem'), 0o644);
    assert.deepEqual(showPlaces(expectWarnings(path)), ['9 docker.engines[0].keyFile unsafe-file']);
  });

  it('are part of the hash with the paths of their TLS files as written', () => {
    const hash = loadConfig(write(withEngines(engine)), ENV).hash;
    assert.equal(loadConfig(write(withEngines(engine), 'elsewhere/../refresh.yaml'), ENV).hash, hash);
    write(SELF_SIGNED.cert, 'tls/other.pem');
    const edits = [
      engine.replace('tls/ca.pem', 'tls/other.pem'),
      engine.replace('tls/cert.pem', 'tls/other.pem'),
      engine.replace('caFile: tls/ca.pem, ', ''),
    ];
    const hashes = edits.map((other) => loadConfig(write(withEngines(other)), ENV).hash);
    assert.equal(new Set([hash, ...hashes]).size, edits.length + 1);
  });

  for (const { title, docker, expected } of [
    { title: 'required, unless', docker: '{engines: [unix:///a]}', expected: [true, false] },
    {
      title: 'not required with',
      docker: '{required: false, engines: [unix:///a]}',
      expected: [false, false],
    },
    { title: 'required with', docker: '{required: true, engines: [unix:///a]}', expected: [true, true] },
    { title: 'required, by default the local one, with', docker: '{required: true}', expected: [true, true] },
    { title: 'not required, by default the local one, with', docker: '{}', expected: [false, false] },
  ] as const) {
    it(`are ${title} docker: ${docker}`, () => {
      const { engines: found, requiresDocker } = loadConfig(write(`${NO_WARNINGS}docker: ${docker}\n`), ENV);
      assert.deepEqual([found[0]?.required, requiresDocker], expected);
    });
  }

  it('report all problems of their files at once', () => {
    write('no certificate', 'tls/ca.pem');
    chmodSync(write(SELF_SIGNED.cert, 'tls/cert.pem'), 0o606);
    const text = withEngines(
      engine.replace('tls/key.pem', 'tls/none.pem'),
      '{url: "unix:///a.sock", caFile: tls/ca.pem, keyFile: tls/key.pem}',
      '{url: "tcp://b:1", keyFile: tls/key.pem}',
      '{url: "tcp://c:1", certFile: tls/ca.pem}',
    );
    assert.deepEqual(
      showPlaces(expectProblems(write(text))).map((place) => place.replace(/^\d+ docker\./, '')),
      [
        'engines[0].caFile wrong-content',
        'engines[0].certFile unsafe-file',
        'engines[0].keyFile not-found',
        'engines[1].caFile wrong-content',
        'engines[1].caFile conflict',
        'engines[1].keyFile conflict',
        'engines[2].keyFile requires',
        'engines[3].certFile wrong-content',
        'engines[3].certFile requires',
      ],
    );
  });

  for (const { title, key, code } of [
    { title: 'does not belong to the certificate', key: anotherKey(), code: 'mismatch' },
    { title: 'is encrypted', key: anotherKey(CANARY), code: 'wrong-content' },
    { title: 'is not PEM', key: CANARY, code: 'wrong-content' },
    { title: 'is corrupt', key: SELF_SIGNED.key.replace('MIG', 'AAA'), code: 'wrong-content' },
  ] as const) {
    it(`are rejected when a key ${title}`, () => {
      write(key, 'tls/key.pem');
      assert.deepEqual(showPlaces(expectProblems(write(withEngines(engine)))), [
        `9 docker.engines[0].keyFile ${code}`,
      ]);
    });
  }
});

describe('loadConfig: URLs of engines', () => {
  const row = (url: string, code: ProblemCode) =>
    invalid(
      `the engine "${url.replace(CANARY, '…').slice(0, 50)}"`,
      `${VALID}docker: {engines: ["${url}"]}\n`,
      '7 docker.engines[0]',
      code,
    );
  rejectEach([
    row('tcp://docker.internal:2375', 'unencrypted'),
    row('tcp://127.0.0.1.example.com:2375', 'unencrypted'),
    row(`tcp://u:${CANARY}@127.0.0.1:2375`, 'plain-text-secret'),
    row('tcp://docker.internal', 'unencrypted'),
    row('tcp://127.0.0.1:2375 ', 'invalid'),
    row('tcp://127.0.0.1:2375\u200b', 'invalid'),
    row('127.0.0.1:2375', 'invalid'),
    row('http+unix:///var/run/docker.sock', 'invalid'),
    row('tcp://127.0.0.1:65536', 'invalid'),
    row('tcp://127.0.0.1:0', 'invalid'),
    row(`tcp://127.0.0.1:2375/${CANARY}`, 'invalid'),
    row('http://127.0.0.1:2375', 'invalid'),
    row('https://docker.internal:2376', 'invalid'),
    row('ssh://docker.internal', 'invalid'),
    row('npipe:////./pipe/docker_engine', 'invalid'),
    row('fd://', 'invalid'),
    row('/var/run/docker.sock', 'invalid'),
    row('unix://x.sock', 'invalid'),
    row('', 'empty'),
    row('x'.repeat(1025), 'too-long'),
    invalid(
      'a duplicate engine in another spelling',
      `${VALID}docker: {engines: ["tcp://localhost:1", {url: "tcp://LOCALHOST:1/"}]}\n`,
      '7 docker.engines[1]',
      'duplicate',
    ),
    invalid(
      'a required Docker test without an engine',
      `${VALID}docker: {required: true, engines: []}\n`,
      '7 docker.required',
      'conflict',
    ),
    invalid(
      'docker.required that is text',
      `${VALID}docker: {required: "yes"}\n`,
      '7 docker.required',
      'wrong-type',
    ),
    invalid(
      'an engine that is a number',
      `${VALID}docker: {engines: [2375]}\n`,
      '7 docker.engines[0]',
      'wrong-type',
    ),
    invalid(
      'an engine without a URL',
      `${VALID}docker: {engines: [{caFile: missing.pem}]}\n`.replace('{caFile: missing.pem}', '{}'),
      '7 docker.engines[0].url',
      'missing',
    ),
    invalid(
      'an unknown setting of an engine',
      `${VALID}docker: {engines: [{url: "unix:///a", cafile: x}]}\n`,
      '7 docker.engines[0].cafile',
      'unknown-setting',
    ),
  ]);
});

describe('docker.engines over plain TCP', () => {
  const write = useConfigFolder();
  const load = (engine: string) => loadConfig(write(withEngines(engine)), ENV).engines;

  it('are allowed beyond loopback with allowInsecureTcp', () => {
    assert.deepEqual(load('{url: "tcp://docker-proxy:2375", allowInsecureTcp: true}'), [
      { url: 'tcp://docker-proxy:2375', allowInsecureTcp: true, required: true },
    ]);
  });

  it('have the port 2375 by default', () => {
    assert.deepEqual(load('tcp://127.0.0.1'), [{ url: 'tcp://127.0.0.1:2375', required: true }]);
  });
});

describe('a context of the Docker CLI', () => {
  const write = useConfigFolder();
  const ENDPOINT = 'unix:///run/user/1000/docker.sock';
  const ROOTLESS_ID = createHash('sha256').update('rootless').digest('hex');

  /** @param meta the text of its file; the folder is named after the SHA-256 of `rootless` */
  function warn(env: NodeJS.ProcessEnv, meta?: string): readonly string[] {
    const path = write(NO_WARNINGS);
    const folder = join(dirname(path), '.docker');
    if (meta !== undefined) {
      write(meta, `.docker/contexts/meta/${ROOTLESS_ID}/meta.json`);
    }
    const { warnings, engines } = loadConfig(path, { ...ENV, DOCKER_CONFIG: folder, ...env });
    assert.ok(engines.length === 1);
    return warnings.map(({ code, path: setting, message }) => `${setting} ${code}: ${message}`);
  }
  const meta = (host: string) => JSON.stringify({ Name: 'rootless', Endpoints: { docker: { Host: host } } });
  const IN_USE = /^docker\.engines docker-context: is not set, .* context rootless/;

  it('is named with its endpoint, from DOCKER_CONTEXT or config.json', () => {
    const [ofVariable = ''] = warn({ DOCKER_CONTEXT: 'rootless' }, meta(ENDPOINT));
    assert.match(ofVariable, IN_USE);
    assert.ok(ofVariable.includes(`(${ENDPOINT}), which Airflow's DockerOperator ignores`), ofVariable);
    write('{"currentContext": "rootless"}', '.docker/config.json');
    assert.deepEqual(warn({}, meta(ENDPOINT)), [ofVariable]);
  });

  it('is named without an endpoint that cannot be read or shown', () => {
    for (const text of [undefined, '{', '{}', meta(`ssh://user:${CANARY}@host`), meta('unix:///a\u202eb')]) {
      const [warning = ''] = warn({ DOCKER_CONTEXT: 'rootless' }, text);
      assert.match(warning, IN_USE);
      assert.ok(!warning.includes('rootless ('), warning);
      assert.ok(!warning.includes(CANARY));
    }
  });

  it('is not proposed with an endpoint that `docker.engines` does not accept', () => {
    for (const endpoint of ['ssh://host', 'tcp://docker.internal:2375', 'npipe:////./pipe/docker_engine']) {
      write(meta(endpoint), `.docker/contexts/meta/${ROOTLESS_ID}/meta.json`);
      const path = write(NO_WARNINGS);
      const env = { ...ENV, DOCKER_CONFIG: join(dirname(path), '.docker'), DOCKER_CONTEXT: 'rootless' };
      const [warning] = loadConfig(path, env).warnings;
      assert.ok(warning?.message.includes(`(${endpoint})`), warning?.message);
      assert.match(
        warning?.remedy ?? '',
        /^The worker cannot use this endpoint\. To keep the default engine/,
      );
    }
  });

  it('does not matter if it is the default, if DOCKER_HOST is set, or if config.json is broken', () => {
    assert.deepEqual(warn({}), []);
    assert.deepEqual(warn({ DOCKER_CONTEXT: 'default' }), []);
    assert.match(warn({ DOCKER_CONTEXT: 'rootless', DOCKER_HOST: '""' })[0] ?? '', IN_USE);
    assert.deepEqual(warn({ DOCKER_CONTEXT: 'rootless', DOCKER_HOST: 'unix:///x.sock' }), []);
    assert.deepEqual(warn({ DOCKER_CONTEXT: 'rootless' }, meta('unix:///var/run/docker.sock')), []);
    for (const text of ['', '{', '[]', '{"currentContext": 1}', '{"currentContext": "../x"}']) {
      write(text, '.docker/config.json');
      assert.deepEqual(warn({}), []);
    }
  });
});

describe('the default engine', () => {
  const { write } = useCertificates();
  const REMOTE_TLS = { DOCKER_HOST: REMOTE, DOCKER_TLS_VERIFY: '1' };

  function defaultFor(more: NodeJS.ProcessEnv) {
    const path = write(NO_WARNINGS);
    const env = { ...ENV, ...more };
    const { engines, hash } = loadConfig(path, env);
    return {
      engines,
      warnings: showPlaces(expectWarnings(path, env)),
      hash,
      folder: join(dirname(path), 'tls'),
    };
  }

  for (const DOCKER_HOST of ['unix:///run/user/1000/docker.sock', 'tcp://127.0.0.1:2375']) {
    it(`is ${DOCKER_HOST} from DOCKER_HOST, and is not required`, () => {
      const { engines, warnings } = defaultFor({ DOCKER_HOST });
      assert.deepEqual([engines, warnings], [[{ url: DOCKER_HOST, required: false }], []]);
    });
  }

  for (const { value, url } of [
    { value: 'tcp://localhost', url: 'tcp://localhost:2375' },
    { value: 'tcp://127.0.0.1:2375 ', url: 'tcp://127.0.0.1:2375' },
    { value: '\t"unix:///run/docker.sock"\n', url: 'unix:///run/docker.sock' },
    { value: "'tcp://127.0.0.1'", url: 'tcp://127.0.0.1:2375' },
  ]) {
    it(`is ${url} for DOCKER_HOST=${JSON.stringify(value)}`, () => {
      const { engines, warnings } = defaultFor({ DOCKER_HOST: value });
      assert.deepEqual([engines, warnings], [[{ url, required: false }], []]);
    });
  }

  it('is on port 2376 with TLS', () => {
    const { folder } = defaultFor({});
    const host = { DOCKER_HOST: 'tcp://docker.internal', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: folder };
    assert.equal(defaultFor(host).engines[0]?.url, REMOTE);
    assert.deepEqual(defaultFor({ ...host, DOCKER_HOST: 'TCP://docker.internal' }), defaultFor(host));
  });

  it('is the local socket without DOCKER_HOST, even if other variables are set', () => {
    const { engines } = defaultFor({ DOCKER_HOST: '', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/none' });
    assert.deepEqual(engines, [{ url: 'unix:///var/run/docker.sock', required: false, isDefault: true }]);
  });

  it('uses TLS with the files in DOCKER_CERT_PATH', () => {
    const { folder } = defaultFor({});
    const { engines, warnings, hash } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    const [caFile, certFile, keyFile] = ['ca', 'cert', 'key'].map((name) => join(folder, `${name}.pem`));
    assert.deepEqual(engines, [{ url: REMOTE, required: false, tls: { caFile, certFile, keyFile } }]);
    assert.deepEqual(warnings, []);
    // On another worker, the files are elsewhere.
    const elsewhere = dirname(write(SELF_SIGNED.cert, 'other/.docker/ca.pem'));
    write(SELF_SIGNED.cert, 'other/.docker/cert.pem');
    write(SELF_SIGNED.key, 'other/.docker/key.pem');
    const other = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: '', HOME: dirname(elsewhere) });
    assert.equal(other.engines[0]?.tls?.caFile, join(elsewhere, 'ca.pem'));
    assert.equal(other.hash, hash);
  });

  it('is used with a warning when its key is world-readable', () => {
    const { folder } = defaultFor({});
    chmodSync(join(folder, 'key.pem'), 0o644);
    const { engines, warnings } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    assert.equal(engines.length, 1);
    assert.deepEqual(warnings, ['docker.engines unsafe-file']);
  });

  for (const { title, env } of [
    { title: 'ssh://', env: { DOCKER_HOST: `ssh://${CANARY}@host` } },
    { title: 'an invalid URL', env: { DOCKER_HOST: CANARY } },
    { title: 'unix:// alone', env: { DOCKER_HOST: 'unix://' } },
    { title: 'unencrypted TCP', env: { DOCKER_HOST: REMOTE } },
    { title: 'a path after the port', env: { DOCKER_HOST: 'tcp://127.0.0.1:2375/v1.43' } },
    { title: 'no scheme', env: { DOCKER_HOST: '127.0.0.1:2375' } },
    { title: 'an invisible character', env: { DOCKER_HOST: 'tcp://127.0.0.1:2375\u200b' } },
  ] as const) {
    it(`does not exist for ${title} in DOCKER_HOST, with a warning`, () => {
      const { engines, warnings } = defaultFor(env);
      assert.deepEqual([engines, warnings], [[], ['docker.engines no-engine']]);
    });
  }

  it('does not exist when certificate files are missing, with a warning for each', () => {
    for (const env of [{ DOCKER_CERT_PATH: '/nonexistent' }, {}]) {
      const { engines, warnings } = defaultFor({ ...REMOTE_TLS, ...env });
      assert.deepEqual([engines, warnings], [[], Array(3).fill('docker.engines no-engine')]);
    }
  });

  it('does not exist when certificate files are world-writable, with a warning', () => {
    const { folder } = defaultFor({});
    chmodSync(join(folder, 'ca.pem'), 0o606);
    const { engines, warnings } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    assert.deepEqual([engines, warnings], [[], ['docker.engines no-engine']]);
  });

  it('is not searched when docker.engines is set, even to an empty list', () => {
    const path = write(`${NO_WARNINGS}docker: {engines: []}\n`);
    const { engines, warnings } = loadConfig(path, { ...ENV, DOCKER_HOST: 'ssh://host' });
    assert.deepEqual([engines, warnings], [[], []]);
  });
});

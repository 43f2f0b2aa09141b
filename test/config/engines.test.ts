import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { ProblemCode } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { bad, refuseEach } from './bad-config.js';
import {
  CANARY,
  edit,
  ENV,
  GOOD,
  problemsOf,
  showPlaces,
  useConfigFolder,
  warningsOf,
} from './config-folder.js';

/** GOOD without the address of the documentation, of which it would be warned. */
const QUIET = edit('airflow.example.com', 'a');
const REMOTE = 'tcp://docker.internal:2376';

function withEngines(...engines: readonly string[]): string {
  return `${QUIET}docker:\n  engines:\n${engines.map((engine) => `    - ${engine}\n`).join('')}`;
}

/** A key of no certificate here. */
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

describe('engines of a configuration', () => {
  const { write, engine } = useCertificates();

  it('are reached by TLS with files beside the configuration', () => {
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

  it('may have an authority alone, or a client certificate alone', () => {
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

  it('may be mappings without TLS: sockets, and TCP on loopback', () => {
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

  it('are named in one way, however their host is written', () => {
    const text = withEngines('"TCP://LocalHost:2375/"', '{url: "tcp://A.internal:1", caFile: tls/ca.pem}');
    assert.deepEqual(
      loadConfig(write(text), ENV).engines.map(({ url }) => url),
      ['tcp://localhost:2375', 'tcp://a.internal:1'],
    );
  });

  it('raise a warning for a key that every user may read', () => {
    const path = write(withEngines(engine));
    chmodSync(join(dirname(path), 'tls/key.pem'), 0o644);
    assert.deepEqual(showPlaces(warningsOf(path)), ['9 docker.engines[0].keyFile unsafe-file']);
  });

  it('count in the hash with their TLS files as they are written', () => {
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

  it('are refused for all faults of their files at once', () => {
    write('no certificate', 'tls/ca.pem');
    chmodSync(write(SELF_SIGNED.cert, 'tls/cert.pem'), 0o606);
    const text = withEngines(
      engine.replace('tls/key.pem', 'tls/none.pem'),
      '{url: "unix:///a.sock", caFile: tls/ca.pem, keyFile: tls/key.pem}',
      '{url: "tcp://b:1", keyFile: tls/key.pem}',
      '{url: "tcp://c:1", certFile: tls/ca.pem}',
    );
    assert.deepEqual(
      showPlaces(problemsOf(write(text))).map((place) => place.replace(/^\d+ docker\./, '')),
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
    { title: 'of another certificate', key: anotherKey(), code: 'mismatch' },
    { title: 'locked by a passphrase', key: anotherKey(CANARY), code: 'wrong-content' },
    { title: 'that is none', key: CANARY, code: 'wrong-content' },
    { title: 'that is damaged', key: SELF_SIGNED.key.replace('MIG', 'AAA'), code: 'wrong-content' },
  ] as const) {
    it(`are refused for a key ${title}`, () => {
      write(key, 'tls/key.pem');
      assert.deepEqual(showPlaces(problemsOf(write(withEngines(engine)))), [
        `9 docker.engines[0].keyFile ${code}`,
      ]);
    });
  }
});

describe('a configuration with an engine that this release does not reach', () => {
  const row = (url: string, code: ProblemCode) =>
    bad(
      `the engine ${url.replace(CANARY, '…').slice(0, 50)}`,
      `${GOOD}docker: {engines: ["${url}"]}\n`,
      '7 docker.engines[0]',
      code,
    );
  refuseEach([
    row('tcp://docker.internal:2375', 'unencrypted'),
    row('tcp://127.0.0.1.example.com:2375', 'unencrypted'),
    row(`tcp://u:${CANARY}@127.0.0.1:2375`, 'plain-text-secret'),
    row('tcp://127.0.0.1', 'invalid'),
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
    bad(
      'one engine in two spellings',
      `${GOOD}docker: {engines: ["tcp://localhost:1", {url: "tcp://LOCALHOST:1/"}]}\n`,
      '7 docker.engines[1]',
      'duplicate',
    ),
    bad(
      'an engine that is a number',
      `${GOOD}docker: {engines: [2375]}\n`,
      '7 docker.engines[0]',
      'wrong-type',
    ),
    bad(
      'an engine without an address',
      `${GOOD}docker: {engines: [{caFile: missing.pem}]}\n`.replace('{caFile: missing.pem}', '{}'),
      '7 docker.engines[0].url',
      'missing',
    ),
    bad(
      'a setting of an engine that there is not',
      `${GOOD}docker: {engines: [{url: "unix:///a", cafile: x}]}\n`,
      '7 docker.engines[0].cafile',
      'unknown-setting',
    ),
  ]);
});

describe('the default engine', () => {
  const { write } = useCertificates();
  const REMOTE_TLS = { DOCKER_HOST: REMOTE, DOCKER_TLS_VERIFY: '1' };

  function defaultFor(more: NodeJS.ProcessEnv) {
    const path = write(QUIET);
    const env = { ...ENV, ...more };
    const { engines, hash } = loadConfig(path, env);
    return { engines, warnings: showPlaces(warningsOf(path, env)), hash, folder: join(dirname(path), 'tls') };
  }

  for (const DOCKER_HOST of ['unix:///run/user/1000/docker.sock', 'tcp://127.0.0.1:2375']) {
    it(`is ${DOCKER_HOST} where DOCKER_HOST says so, and need not be there`, () => {
      const { engines, warnings } = defaultFor({ DOCKER_HOST });
      assert.deepEqual([engines, warnings], [[{ url: DOCKER_HOST, required: false }], []]);
    });
  }

  it('is the local socket without DOCKER_HOST, whatever else is set', () => {
    const { engines } = defaultFor({ DOCKER_HOST: '', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/none' });
    assert.deepEqual(engines, [{ url: 'unix:///var/run/docker.sock', required: false }]);
  });

  it('is reached by TLS with the files of DOCKER_CERT_PATH', () => {
    const { folder } = defaultFor({});
    const { engines, warnings, hash } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    const [caFile, certFile, keyFile] = ['ca', 'cert', 'key'].map((name) => join(folder, `${name}.pem`));
    assert.deepEqual(engines, [{ url: REMOTE, required: false, tls: { caFile, certFile, keyFile } }]);
    assert.deepEqual(warnings, []);
    // On another worker they lie elsewhere.
    const elsewhere = dirname(write(SELF_SIGNED.cert, 'other/.docker/ca.pem'));
    write(SELF_SIGNED.cert, 'other/.docker/cert.pem');
    write(SELF_SIGNED.key, 'other/.docker/key.pem');
    const other = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: '', HOME: dirname(elsewhere) });
    assert.equal(other.engines[0]?.tls?.caFile, join(elsewhere, 'ca.pem'));
    assert.equal(other.hash, hash);
  });

  it('is used with a warning for a key that every user may read', () => {
    const { folder } = defaultFor({});
    chmodSync(join(folder, 'key.pem'), 0o644);
    const { engines, warnings } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    assert.equal(engines.length, 1);
    assert.deepEqual(warnings, ['docker.engines unsafe-file']);
  });

  for (const { title, env } of [
    { title: 'ssh://', env: { DOCKER_HOST: `ssh://${CANARY}@host` } },
    { title: 'nonsense', env: { DOCKER_HOST: CANARY } },
    { title: 'unix:// alone', env: { DOCKER_HOST: 'unix://' } },
    { title: 'TCP in clear', env: { DOCKER_HOST: REMOTE } },
  ] as const) {
    it(`is none for ${title} in DOCKER_HOST, with a warning`, () => {
      const { engines, warnings } = defaultFor(env);
      assert.deepEqual([engines, warnings], [[], ['docker.engines no-engine']]);
    });
  }

  it('is none without its certificate files, with a warning for each', () => {
    for (const env of [{ DOCKER_CERT_PATH: '/nonexistent' }, {}]) {
      const { engines, warnings } = defaultFor({ ...REMOTE_TLS, ...env });
      assert.deepEqual([engines, warnings], [[], Array(3).fill('docker.engines no-engine')]);
    }
  });

  it('is none with certificate files that everybody may write, with a warning', () => {
    const { folder } = defaultFor({});
    chmodSync(join(folder, 'ca.pem'), 0o606);
    const { engines, warnings } = defaultFor({ ...REMOTE_TLS, DOCKER_CERT_PATH: folder });
    assert.deepEqual([engines, warnings], [[], ['docker.engines no-engine']]);
  });

  it('is not looked for where the configuration names engines, or none', () => {
    const path = write(`${QUIET}docker: {engines: []}\n`);
    const { engines, warnings } = loadConfig(path, { ...ENV, DOCKER_HOST: 'ssh://host' });
    assert.deepEqual([engines, warnings], [[], []]);
  });
});

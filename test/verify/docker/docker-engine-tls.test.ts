import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { createCertificateAuthority, type Certificate } from '../../support/certificate-authority.js';
import { createDockerEngine } from '../../../src/verify/docker/docker-engine.js';
import { toEngineFailure } from '../../../src/verify/docker/engine-failure.js';
import type { TlsFiles } from '../../../src/net/tls-files.js';
import { Secret } from '../../../src/log/secret.js';
import {
  anySignal,
  answerJson,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
} from '../../support/local-server.js';
import { EXPIRED, SELF_SIGNED } from '../../support/self-signed.js';

const PASSWORD = 'ecr-password-that-must-not-show';

describe('createDockerEngine over TLS', () => {
  let folder: string;
  const servers: net.Server[] = [];
  let caFile: string;
  let client: Certificate;
  let stranger: Certificate;
  let server: Certificate;
  let restore = (): void => {};

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'engine-tls-'));
    const authority = await createCertificateAuthority(path.join(folder, 'ours'));
    const other = await createCertificateAuthority(path.join(folder, 'other'));
    caFile = authority.caFile;
    [server, client, stranger] = await Promise.all([
      authority.issueServer(['127.0.0.1']),
      authority.issueClient('worker'),
      other.issueClient('worker'),
    ]);
  });
  after(() => fs.rmSync(folder, { recursive: true }));
  beforeEach(() => {
    // The environment must neither weaken nor redirect the connection.
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      DOCKER_HOST: 'tcp://192.0.2.1:2376',
      DOCKER_CERT_PATH: '/nonexistent',
    });
  });
  afterEach(() => {
    restore();
    for (const started of servers.splice(0)) started.close();
  });

  /** By default an engine that requires a client certificate of our CA. */
  async function startEngine(options: https.ServerOptions = {}): Promise<number> {
    const mutual = { requestCert: true, rejectUnauthorized: true, ca: fs.readFileSync(caFile) };
    const started = https.createServer({ ...server, ...mutual, ...options }, (request, response) => {
      request.resume();
      const isVersion = request.url === '/version';
      answerJson(response, 200, isVersion ? { Version: '28.0.0' } : { Status: 'Login Succeeded' });
    });
    return listen(started);
  }

  async function listen(started: net.Server): Promise<number> {
    servers.push(started);
    started.listen(0, '127.0.0.1');
    await once(started, 'listening');
    return (started.address() as net.AddressInfo).port;
  }

  const ours = (): TlsFiles => ({ caFile, certFile: client.certFile, keyFile: client.keyFile });

  async function assertFails(
    port: number,
    files: TlsFiles,
    words: string,
    remedyWords: RegExp,
    host = '127.0.0.1',
  ): Promise<void> {
    const url = `tcp://${host}:${port}`;
    const engine = createDockerEngine({ url, tls: files });
    const login = engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    for (const call of [engine.readVersion(anySignal()), login]) {
      const { message, remedy } = await expectFailure(call, 'DockerEngineUnreachable', [PASSWORD]);
      assert.equal(message, `${url}: ${words}`);
      assert.match(remedy, remedyWords);
    }
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`sends its client certificate and logs in over ${version}`, async () => {
      const port = await startEngine({ minVersion: version, maxVersion: version });
      const engine = createDockerEngine({ url: `tcp://127.0.0.1:${port}`, tls: ours() });
      assert.equal(await engine.readVersion(anySignal()), '28.0.0');
      await engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    });
  }

  it('trusts only the CA in caFile', async () => {
    const port = await startEngine({ requestCert: false });
    const engine = createDockerEngine({ url: `tcp://127.0.0.1:${port}`, tls: { caFile } });
    assert.equal(await engine.readVersion(anySignal()), '28.0.0');
    const words = 'TLS: the certificate of the engine is signed by an unknown CA';
    const { caFile: _caFile, ...withoutCa } = ours();
    await assertFails(port, withoutCa, words, /Set `caFile`/);
    await assertFails(port, { caFile: path.join(folder, 'other/ca.pem') }, words, /Set `caFile`/);
  });

  it('rejects TLS 1.1', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const port = await startEngine(old);
    const { DEFAULT_CIPHERS } = tls;
    // Without this, the connection would fail because of the ciphers and not because of the version.
    tls.DEFAULT_CIPHERS = old.ciphers;
    try {
      await assertFails(port, ours(), 'TLS: handshake failed', /TLS 1\.2 or later/);
    } finally {
      tls.DEFAULT_CIPHERS = DEFAULT_CIPHERS;
    }
  });

  it('rejects an expired certificate of the engine', async () => {
    fs.writeFileSync(path.join(folder, 'expired.pem'), EXPIRED.cert);
    const port = await startEngine({ ...EXPIRED, requestCert: false });
    const words = 'TLS: the certificate of the engine has expired';
    await assertFails(port, { caFile: path.join(folder, 'expired.pem') }, words, /Renew the certificate of/);
  });

  it('rejects a certificate of the engine for another host', async () => {
    const words = 'TLS: the certificate of the engine is for another host';
    await assertFails(await startEngine(), ours(), words, /Use a host of the certificate/, 'localhost');
  });

  it('reports that the engine requires a client certificate', async () => {
    const words = 'TLS: the engine requires a client certificate';
    await assertFails(await startEngine(), { caFile }, words, /Set `certFile`/);
  });

  it('reports that the engine rejected the client certificate', async () => {
    const files = { caFile, certFile: stranger.certFile, keyFile: stranger.keyFile };
    const words = 'TLS: the engine rejected the client certificate';
    const url = 'tcp://127.0.0.1:1';
    // Uses error codes, because Node's own server returns other errors than Docker's.
    for (const code of [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
    ]) {
      const failure = toEngineFailure({ url, tls: files }, Object.assign(new Error(PASSWORD), { code }));
      assert.deepEqual([failure.type, failure.message], ['DockerEngineUnreachable', `${url}: ${words}`]);
    }
    const code = 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED';
    const { message } = toEngineFailure({ url, tls: files }, Object.assign(new Error(''), { code }));
    assert.equal(message, `${url}: TLS: the client certificate has expired`);
  });

  it('reports that the service on the port does not use TLS', async () => {
    const plain = await startServer((_request, response) => answerJson(response, 200, {}));
    await assertFails(plain.port, ours(), 'TLS: the service on this port does not use TLS', /--tlsverify/);
    await plain.close();
  });

  it('reports a connection reset', async () => {
    const port = await listen(net.createServer((connection) => connection.destroy()));
    await assertFails(port, ours(), 'TLS: connection reset', /log of the Docker Engine/);
  });

  it('reports a closed port and an unknown host', async () => {
    const stopped = await startServer(() => {});
    await stopped.close();
    await assertFails(stopped.port, ours(), 'nothing listens there', /`--host`/);
    await assertFails(2376, ours(), 'DNS lookup failed', /DNS/, 'engine.invalid');
  });

  it('reads rotated files at the next request, and reports a missing file', async () => {
    const files = { caFile, certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') };
    const write = ({ cert, key }: Pick<Certificate, 'cert' | 'key'>): void => {
      fs.writeFileSync(files.certFile, cert);
      fs.writeFileSync(files.keyFile, key);
    };
    const seen: string[] = [];
    const port = await startEngine({ rejectUnauthorized: false });
    servers.at(-1)?.on('secureConnection', (socket: tls.TLSSocket) => {
      seen.push(String(socket.getPeerX509Certificate()?.fingerprint256));
    });
    const engine = createDockerEngine({ url: `tcp://127.0.0.1:${port}`, tls: files });
    for (const certificate of [client, stranger]) {
      write(certificate);
      await engine.readVersion(anySignal());
    }
    assert.equal(new Set(seen).size, 2);

    write({ cert: client.cert, key: SELF_SIGNED.key });
    const mismatched = await expectFailure(engine.readVersion(anySignal()), 'ConfigInvalid', []);
    assert.match(mismatched.message, /cert\.pem and keyFile .*key\.pem cannot be used together$/);
    fs.rmSync(files.keyFile);
    const login = engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    const missing = await expectFailure(login, 'ConfigInvalid', [PASSWORD]);
    assert.equal(missing.message, `keyFile ${files.keyFile} cannot be read`);
    assert.match(missing.remedy, /doctor --offline/);
    const missingCa = createDockerEngine({
      url: `tcp://127.0.0.1:${port}`,
      tls: { caFile: files.keyFile },
    });
    await expectFailure(missingCa.readVersion(anySignal()), 'ConfigInvalid', []);
  });

  it('rejects TLS for a Unix socket', () =>
    expectFailure(
      Promise.resolve().then(() => createDockerEngine({ url: 'unix:///x', tls: ours() })),
      'ConfigInvalid',
      [],
    ));
});

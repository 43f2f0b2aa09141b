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

describe('createDockerEngine by TLS', () => {
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
    // Nothing of the surroundings may weaken or redirect it.
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

  /** An engine that asks for a certificate of our authority, unless told otherwise. */
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

  async function assertRefused(
    port: number,
    files: TlsFiles,
    words: string,
    remedyWords: RegExp,
    host = '127.0.0.1',
  ): Promise<void> {
    const url = `tcp://${host}:${port}`;
    const engine = createDockerEngine({ url, tls: files });
    const signIn = engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    for (const asked of [engine.readVersion(anySignal()), signIn]) {
      const { message, remedy } = await expectFailure(asked, 'DockerEngineUnreachable', [PASSWORD]);
      assert.equal(message, `${url}: ${words}`);
      assert.match(remedy, remedyWords);
    }
  }

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`shows its certificate and signs in by ${version}`, async () => {
      const port = await startEngine({ minVersion: version, maxVersion: version });
      const engine = createDockerEngine({ url: `tcp://127.0.0.1:${port}`, tls: ours() });
      assert.equal(await engine.readVersion(anySignal()), '28.0.0');
      await engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    });
  }

  it('trusts the authority of caFile alone', async () => {
    const port = await startEngine({ requestCert: false });
    const engine = createDockerEngine({ url: `tcp://127.0.0.1:${port}`, tls: { caFile } });
    assert.equal(await engine.readVersion(anySignal()), '28.0.0');
    const words = 'TLS: the certificate of the engine is of an unknown authority';
    const { caFile: _caFile, ...withoutAuthority } = ours();
    await assertRefused(port, withoutAuthority, words, /Name by `caFile`/);
    await assertRefused(port, { caFile: path.join(folder, 'other/ca.pem') }, words, /Name by `caFile`/);
  });

  it('does not speak TLS 1.1', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const port = await startEngine(old);
    const { DEFAULT_CIPHERS } = tls;
    // Without this the ciphers alone would refuse it, and the version would not matter.
    tls.DEFAULT_CIPHERS = old.ciphers;
    try {
      await assertRefused(port, ours(), 'TLS: no agreement on the protocol', /TLS 1\.2 or later/);
    } finally {
      tls.DEFAULT_CIPHERS = DEFAULT_CIPHERS;
    }
  });

  it('refuses an engine whose certificate has expired', async () => {
    fs.writeFileSync(path.join(folder, 'expired.pem'), EXPIRED.cert);
    const port = await startEngine({ ...EXPIRED, requestCert: false });
    const words = 'TLS: the certificate of the engine has expired';
    await assertRefused(
      port,
      { caFile: path.join(folder, 'expired.pem') },
      words,
      /Renew the certificate of/,
    );
  });

  it('refuses an engine whose certificate is for another host', async () => {
    const words = 'TLS: the certificate of the engine is for another host';
    await assertRefused(await startEngine(), ours(), words, /Name in `url` a host/, 'localhost');
  });

  it('says that the engine asks for a client certificate', async () => {
    const words = 'TLS: the engine asks for a client certificate';
    await assertRefused(await startEngine(), { caFile }, words, /Name one by `certFile`/);
  });

  it('says that the engine refuses the client certificate', async () => {
    const strange = { caFile, certFile: stranger.certFile, keyFile: stranger.keyFile };
    const words = 'TLS: the engine rejected the client certificate';
    const url = 'tcp://127.0.0.1:1';
    // By their codes: Node's own server asks for a certificate where others refuse it.
    for (const code of [
      'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE',
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN',
    ]) {
      const failure = toEngineFailure({ url, tls: strange }, Object.assign(new Error(PASSWORD), { code }));
      assert.deepEqual([failure.type, failure.message], ['DockerEngineUnreachable', `${url}: ${words}`]);
    }
    const code = 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED';
    const { message } = toEngineFailure({ url, tls: strange }, Object.assign(new Error(''), { code }));
    assert.equal(message, `${url}: TLS: the client certificate has expired`);
  });

  it('says that what listens there does not speak TLS', async () => {
    const plain = await startServer((_request, response) => answerJson(response, 200, {}));
    await assertRefused(plain.port, ours(), 'TLS: what listens there does not speak it', /--tlsverify/);
    await plain.close();
  });

  it('says that the connection was broken off', async () => {
    const port = await listen(net.createServer((connection) => connection.destroy()));
    await assertRefused(port, ours(), 'TLS: the connection was broken off', /log of the Docker Engine/);
  });

  it('says that nothing listens, or that there is no such host', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    await assertRefused(gone.port, ours(), 'nothing listens there', /`--host`/);
    await assertRefused(2376, ours(), 'its host name cannot be resolved', /DNS/, 'engine.invalid');
  });

  it('picks up rotated files at the next request, and names one that is gone', async () => {
    const files = { caFile, certFile: path.join(folder, 'cert.pem'), keyFile: path.join(folder, 'key.pem') };
    const put = ({ cert, key }: Pick<Certificate, 'cert' | 'key'>): void => {
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
      put(certificate);
      await engine.readVersion(anySignal());
    }
    assert.equal(new Set(seen).size, 2);

    put({ cert: client.cert, key: SELF_SIGNED.key });
    const strangers = await expectFailure(engine.readVersion(anySignal()), 'ConfigInvalid', []);
    assert.match(strangers.message, /cert\.pem and keyFile .*key\.pem cannot be used together$/);
    fs.rmSync(files.keyFile);
    const signIn = engine.login('registry.example.com', new Secret(PASSWORD), anySignal());
    const gone = await expectFailure(signIn, 'ConfigInvalid', [PASSWORD]);
    assert.equal(gone.message, `keyFile ${files.keyFile} cannot be read`);
    assert.match(gone.remedy, /doctor --offline/);
    const noAuthority = createDockerEngine({
      url: `tcp://127.0.0.1:${port}`,
      tls: { caFile: files.keyFile },
    });
    await expectFailure(noAuthority.readVersion(anySignal()), 'ConfigInvalid', []);
  });

  it('refuses a socket with TLS', () =>
    expectFailure(
      Promise.resolve().then(() => createDockerEngine({ url: 'unix:///x', tls: ours() })),
      'ConfigInvalid',
      [],
    ));
});

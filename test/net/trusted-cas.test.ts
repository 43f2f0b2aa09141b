import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createHttpClient } from '../../src/net/http.js';
import { NetworkError } from '../../src/net/network-error.js';
import { findNetworkWarnings } from '../../src/net/network-warnings.js';
import { createCertificateAuthority } from '../support/certificate-authority.js';
import { anySignal, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import { SELF_SIGNED } from '../support/self-signed.js';

describe('the CAs that are trusted', () => {
  let folder: string;
  let server: https.Server;
  let url: string;
  let caFile: string;
  let otherFile: string;
  let restore = (): void => {};

  before(async () => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trusted-cas-'));
    const ca = await createCertificateAuthority(path.join(folder, 'ca'));
    const identity = await ca.issueServer(['127.0.0.1']);
    caFile = ca.caFile;
    otherFile = path.join(folder, 'other.pem');
    fs.writeFileSync(otherFile, SELF_SIGNED.cert);
    server = https.createServer(identity, (_request, response) => response.end('{}'));
    server.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
    fs.rmSync(folder, { recursive: true });
  });
  afterEach(() => restore());

  async function isTrusted(env: NodeJS.ProcessEnv, ofAirflow?: string): Promise<boolean> {
    restore();
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      SSL_CERT_FILE: undefined,
      NODE_EXTRA_CA_CERTS: undefined,
      ...env,
    });
    const client = createHttpClient({
      version: '0',
      ...(ofAirflow === undefined ? {} : { caFile: ofAirflow }),
    });
    try {
      await client.send({ method: 'GET', url, timeoutMs: 10_000, signal: anySignal() });
      return true;
    } catch (error) {
      assert.ok(error instanceof NetworkError && error.isTlsTrustProblem, String(error));
      return false;
    }
  }

  it('do not include that of a company', async () => {
    assert.equal(await isTrusted({}), false);
    assert.equal(await isTrusted({ SSL_CERT_FILE: otherFile }), false);
  });

  for (const variable of ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS']) {
    it(`include those in ${variable}, also with a caFile of other CAs`, async () => {
      assert.equal(await isTrusted({ [variable]: caFile }), true);
      assert.equal(await isTrusted({ [variable]: caFile }, otherFile), true);
    });
  }

  it('include those of a caFile, whatever the variables name', async () => {
    const missing = path.join(folder, 'missing.pem');
    assert.equal(await isTrusted({ SSL_CERT_FILE: missing, NODE_EXTRA_CA_CERTS: otherFile }, caFile), true);
  });

  for (const { env, expected } of [
    { env: {}, expected: [] },
    { env: { SSL_CERT_FILE: '' }, expected: [] },
    {
      env: { SSL_CERT_FILE: '/nowhere.pem' },
      expected: [['SSL_CERT_FILE', /\/nowhere\.pem cannot be read/]],
    },
    {
      env: { NODE_EXTRA_CA_CERTS: '/dev/null' },
      expected: [['NODE_EXTRA_CA_CERTS', /\/dev\/null contains no PEM certificate/]],
    },
    {
      env: { NODE_OPTIONS: '--use-openssl-ca' },
      expected: [['NODE_OPTIONS', /has no effect with --use-openssl-ca/]],
    },
    {
      env: { NODE_OPTIONS: '--use-openssl-ca', SSL_CERT_FILE: '/dev/null' },
      expected: [['SSL_CERT_FILE', /no PEM/]],
    },
    {
      env: { ALL_PROXY: 'socks5://proxy:1080' },
      expected: [['ALL_PROXY', /is a SOCKS proxy, which is not supported; connections that need it fail/]],
    },
  ] as const) {
    it(`warn about ${JSON.stringify(env)}`, () => {
      const warnings = findNetworkWarnings(env);
      assert.equal(warnings.length, expected.length);
      for (const [index, [setting, message]] of expected.entries()) {
        assert.equal(warnings[index]?.setting, setting);
        assert.match(warnings[index]?.message ?? '', message);
        assert.match(warnings[index]?.remedy ?? '', /\.$/);
      }
    });
  }

  it('warn about an option that this Node does not have', () => {
    const hasSystemStore = 'getCACertificates' in (process.getBuiltinModule?.('tls') ?? {});
    const settings = findNetworkWarnings({ NODE_USE_SYSTEM_CA: '1' }).map(({ setting }) => setting);
    assert.deepEqual(settings, hasSystemStore ? [] : ['NODE_USE_SYSTEM_CA']);
  });
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { createHttpsAgent } from '../../src/net/agents.js';
import { createHttpClient, type HttpResponse, type HttpClient } from '../../src/net/http.js';
import { NetworkError } from '../../src/net/network-error.js';
import { readTrustedCas } from '../../src/net/trusted-cas.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { withFastTimers } from '../aws/fast-timers.js';
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.js';
import { anySignal, assertHides, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import { SELF_SIGNED } from '../support/self-signed.js';

describe('createHttpsAgent', () => {
  let server: https.Server;
  let url: string;
  let requests = 0;

  before(async () => {
    server = https.createServer(SELF_SIGNED, (_, response) => {
      requests += 1;
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  after(() => server.close());

  for (const { title, proxy } of [
    { title: 'without a proxy', proxy: undefined },
    { title: 'with a proxy for other hosts', proxy: 'http://127.0.0.1:1' },
  ] as const) {
    it(`rejects an untrusted certificate ${title}, even with NODE_TLS_REJECT_UNAUTHORIZED=0`, async () => {
      const restore = setEnvironment({
        ...NO_PROXY_VARIABLES,
        HTTPS_PROXY: proxy,
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      });
      const http = createHttpClient({ version: '1.2.3' });
      const request = { method: 'GET', url, timeoutMs: 5000, signal: anySignal() } as const;
      try {
        await assert.rejects(http.send(request), (error) => {
          assert.ok(error instanceof NetworkError);
          assert.equal(error.code, 'tls-self-signed');
          assert.equal(error.message, `TLS: self-signed certificate (${new URL(url).host})`);
          return true;
        });
        assert.equal(requests, 0);
      } finally {
        restore();
      }
    });
  }

  it('closes the connection to a proxy that never responds', async () => {
    const open = new Set<net.Socket>();
    const silent = net.createServer((socket) => {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
      socket.resume();
    });
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: `http://127.0.0.1:${port}` });
    const http = createHttpClient({ version: '0' });
    const request = { method: 'GET', url: 'https://example.invalid/', signal: anySignal() } as const;
    try {
      await withFastTimers(async () => {
        await assert.rejects(http.send({ ...request, timeoutMs: 5000 }), /timed out after 5 s/);
        assert.equal(open.size, 1);
        await once([...open][0] as net.Socket, 'close');
      });
    } finally {
      restore();
      silent.close();
    }
  });

  it('sends SNI for a host name without a proxy, but not for an IP address', async () => {
    const restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: 'http://127.0.0.1:1' });
    const serverNames: unknown[] = [];
    const sniServer = https.createServer({
      ...SELF_SIGNED,
      SNICallback: (name, done) => (serverNames.push(name), done(null)),
    });
    sniServer.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(sniServer, 'listening');
    const { port } = sniServer.address() as AddressInfo;
    const http = createHttpClient({ version: '0' });
    for (const host of ['localhost', '127.0.0.1']) {
      const sent = http.send({
        method: 'GET',
        url: `https://${host}:${port}/`,
        timeoutMs: 5000,
        signal: anySignal(),
      });
      await assert.rejects(sent, NetworkError);
    }
    sniServer.close();
    restore();
    assert.deepEqual(serverNames, ['localhost']);
  });

  describe('with a proxy that demands a login', () => {
    const HOST = 'airflow.corp.invalid';
    const SECRET = 'p@ss:/w0rd';
    const LOGIN = { username: 'CORP\\user', password: SECRET };
    let proxy: ConnectProxy;
    let restore = (): void => {};

    beforeEach(async () => {
      requests = 0;
      proxy = await startConnectProxy({
        targets: { [`${HOST}:443`]: new URL(url).host },
        login: LOGIN,
      });
    });
    afterEach(async () => {
      restore();
      await proxy.stop();
    });

    /** Connects through the proxy as far as the certificate of the server, which is not trusted. */
    async function reachServer(environment: NodeJS.ProcessEnv): Promise<void> {
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, ...environment });
      const request = {
        method: 'GET',
        url: `https://${HOST}/`,
        timeoutMs: 5000,
        signal: anySignal(),
      } as const;
      await assert.rejects(createHttpClient({ version: '0' }).send(request), (error) => {
        assert.ok(error instanceof NetworkError);
        assert.equal(error.code, 'tls-self-signed');
        return true;
      });
      assert.deepEqual(proxy.requests, [{ target: `${HOST}:443`, hasRightLogin: true }]);
    }

    for (const variable of ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY']) {
      it(`sends the decoded user name and password in ${variable}`, () =>
        reachServer({ [variable]: proxy.url }));
    }

    it('takes a value without a scheme for an HTTP proxy', () =>
      reachServer({ HTTPS_PROXY: proxy.url.replace('http://', '') }));

    it('connects directly only to the port in NO_PROXY', async () => {
      const noProxy = `${HOST}:8443`;
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: proxy.url, NO_PROXY: noProxy });
      for (const port of [8443, 8444]) {
        const target = `https://${HOST}:${port}/`;
        const request = { method: 'GET', url: target, timeoutMs: 5000, signal: anySignal() } as const;
        await assert.rejects(createHttpClient({ version: '0' }).send(request), NetworkError);
      }
      assert.deepEqual(proxy.requests, [{ target: `${HOST}:8444`, hasRightLogin: true }]);
    });

    it('does not contain the password where it would be printed', () => {
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: proxy.url });
      // The login as a whole is in the header, in base64.
      assertHides(createHttpsAgent(), [SECRET, `${LOGIN.username}:${SECRET}`]);
    });
  });

  it('sends no login to an https proxy with an untrusted certificate', async () => {
    const logins: unknown[] = [];
    const proxy = https.createServer(SELF_SIGNED);
    proxy.on('connect', ({ headers }, socket) => {
      logins.push(headers['proxy-authorization']);
      socket.destroy();
    });
    proxy.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      HTTPS_PROXY: `https://user:secret@127.0.0.1:${port}`,
      NODE_TLS_REJECT_UNAUTHORIZED: '0',
    });
    const request = {
      method: 'GET',
      url: 'https://a.invalid/',
      timeoutMs: 5000,
      signal: anySignal(),
    } as const;
    try {
      await assert.rejects(createHttpClient({ version: '0' }).send(request), /TLS: self-signed certificate/);
      assert.deepEqual(logins, []);
    } finally {
      restore();
      proxy.close();
    }
  });

  it('accepts any proxy that NO_PROXY=* makes unnecessary', async () => {
    const restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: 'socks5://proxy', NO_PROXY: '*' });
    try {
      assert.ok(createHttpsAgent());
      process.env['NO_PROXY'] = 'other.invalid';
      const agent = createHttpsAgent();
      const error = await new Promise((resolve) => {
        agent.createConnection({ host: 'example.com', port: 443 }, resolve);
      });
      assert.ok(error instanceof NetworkError && /SOCKS proxy/.test(error.message), String(error));
    } finally {
      restore();
    }
  });

  describe('with a CA file', () => {
    let folder: string;
    let restore = (): void => {};

    beforeEach(async () => {
      folder = await fs.mkdtemp(path.join(os.tmpdir(), 'ca-file-'));
      restore = setEnvironment(NO_PROXY_VARIABLES);
    });
    afterEach(async () => {
      restore();
      await fs.rm(folder, { recursive: true });
    });

    async function fileWith(text: string): Promise<string> {
      const file = path.join(folder, 'ca.pem');
      await fs.writeFile(file, text);
      return file;
    }

    function get(client: HttpClient): Promise<HttpResponse> {
      return client.send({ method: 'GET', url, timeoutMs: 5000, signal: anySignal() });
    }

    for (const { title, proxy } of [
      { title: 'without a proxy', proxy: undefined },
      { title: 'with a proxy for other hosts', proxy: 'http://127.0.0.1:1' },
    ] as const) {
      it(`trusts the CAs in the file, ${title}`, async () => {
        const undo = setEnvironment({ HTTPS_PROXY: proxy });
        const caFile = await fileWith(`# comment\n${SELF_SIGNED.cert}`);
        const response = await get(createHttpClient({ version: '0', caFile }));
        undo();
        assert.equal(response.status, 200);
      });
    }

    it("also trusts Node's default CAs and those in NODE_EXTRA_CA_CERTS", async () => {
      const caFile = await fileWith(tls.rootCertificates[0] ?? '');
      await assert.rejects(get(createHttpClient({ version: '0', caFile })), NetworkError);
      const extra = path.join(folder, 'extra.pem');
      await fs.writeFile(extra, SELF_SIGNED.cert);
      const undo = setEnvironment({ NODE_EXTRA_CA_CERTS: extra });
      const trusted = readTrustedCas();
      const client = createHttpClient({ version: '0', caFile });
      const response = await get(client);
      undo();
      assert.equal(response.status, 200);
      assert.ok(tls.rootCertificates.every((certificate) => trusted.includes(certificate)));
    });

    it('does not change which CAs other clients trust', async () => {
      const caFile = await fileWith(SELF_SIGNED.cert);
      await get(createHttpClient({ version: '0', caFile }));
      await assert.rejects(get(createHttpClient({ version: '0' })), NetworkError);
    });

    const damaged = SELF_SIGNED.cert.replace('MIIBk', 'AAAAA');
    const faults: readonly {
      title: string;
      text: string | undefined;
      pattern: RegExp;
    }[] = [
      { title: 'no file', text: undefined, pattern: /ca\.pem cannot be read/ },
      { title: 'an empty file', text: '', pattern: /ca\.pem contains no PEM certificate/ },
      {
        title: 'a private key',
        text: SELF_SIGNED.key,
        pattern: /ca\.pem contains no PEM certificate/,
      },
      {
        title: 'a damaged certificate',
        text: `${SELF_SIGNED.cert}${damaged}`,
        pattern: /ca\.pem contains an invalid certificate \(number 2 in the file\)/,
      },
    ];
    for (const { title, text, pattern } of faults) {
      it(`fails each request with the file name for ${title}, until the file is fixed`, async () => {
        const caFile = text === undefined ? path.join(folder, 'ca.pem') : await fileWith(text);
        const client = createHttpClient({ version: '0', caFile });
        for (let times = 0; times < 2; times += 1) {
          await assert.rejects(get(client), (error) => {
            assert.ok(error instanceof RefreshFailure);
            assert.equal(error.type, 'ConfigInvalid');
            assert.match(error.message, pattern);
            assert.equal(error.remedy, 'Set `caFile` to a PEM file with CA certificates.');
            return true;
          });
        }
        await fileWith(SELF_SIGNED.cert);
        assert.equal((await get(client)).status, 200);
      });
    }
  });
});

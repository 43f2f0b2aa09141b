import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { createHttpClient, type HttpResponse, type HttpClient } from '../../src/net/http.js';
import { NetworkError } from '../../src/net/network-error.js';
import { parseCaFile } from '../../src/net/tls-files.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { anySignal, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
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
    { title: 'with a proxy for others', proxy: 'http://127.0.0.1:1' },
  ] as const) {
    it(`refuses a certificate that nobody vouches for, ${title}, though Node is told not to care`, async () => {
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
          assert.equal(error.message, 'TLS: self-signed certificate');
          return true;
        });
        assert.equal(requests, 0);
      } finally {
        restore();
      }
    });
  }

  it('sends SNI for a host that it connects to without the proxy, but not for an address', async () => {
    const restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: 'http://127.0.0.1:1' });
    const names: unknown[] = [];
    const named = https.createServer({
      ...SELF_SIGNED,
      SNICallback: (name, done) => (names.push(name), done(null)),
    });
    named.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(named, 'listening');
    const { port } = named.address() as AddressInfo;
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
    named.close();
    restore();
    assert.deepEqual(names, ['localhost']);
  });

  describe('with a file of authorities', () => {
    let folder: string;
    let restore = (): void => {};

    beforeEach(async () => {
      folder = await fs.mkdtemp(path.join(os.tmpdir(), 'authorities-'));
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
      { title: 'with a proxy for others', proxy: 'http://127.0.0.1:1' },
    ] as const) {
      it(`trusts whom the file names, ${title}`, async () => {
        const undo = setEnvironment({ HTTPS_PROXY: proxy });
        const caFile = await fileWith(`# our own\n${SELF_SIGNED.cert}`);
        const answer = await get(createHttpClient({ version: '0', caFile }));
        undo();
        assert.equal(answer.status, 200);
      });
    }

    it("trusts Node's own and those of NODE_EXTRA_CA_CERTS as well", async () => {
      const caFile = await fileWith(tls.rootCertificates[0] ?? '');
      await assert.rejects(get(createHttpClient({ version: '0', caFile })), NetworkError);
      const extra = path.join(folder, 'extra.pem');
      await fs.writeFile(extra, SELF_SIGNED.cert);
      const undo = setEnvironment({ NODE_EXTRA_CA_CERTS: extra });
      const authorities = parseCaFile(caFile, await fs.readFile(caFile));
      const client = createHttpClient({ version: '0', caFile });
      const answer = await get(client);
      undo();
      assert.equal(answer.status, 200);
      assert.ok(tls.rootCertificates.every((certificate) => authorities.includes(certificate)));
    });

    it('leaves every other client as it was', async () => {
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
      { title: 'an empty file', text: '', pattern: /ca\.pem holds no PEM certificate/ },
      {
        title: 'a private key',
        text: SELF_SIGNED.key,
        pattern: /ca\.pem holds no PEM certificate/,
      },
      {
        title: 'a damaged certificate',
        text: `${SELF_SIGNED.cert}${damaged}`,
        pattern: /ca\.pem holds a broken certificate, number 2/,
      },
    ];
    for (const { title, text, pattern } of faults) {
      it(`names the file for ${title}, at each request, until it is mended`, async () => {
        const caFile = text === undefined ? path.join(folder, 'ca.pem') : await fileWith(text);
        const client = createHttpClient({ version: '0', caFile });
        for (let times = 0; times < 2; times += 1) {
          await assert.rejects(get(client), (error) => {
            assert.ok(error instanceof RefreshFailure);
            assert.equal(error.type, 'ConfigInvalid');
            assert.match(error.message, pattern);
            assert.equal(error.remedy, 'Name a PEM file with the certificates of the authorities.');
            return true;
          });
        }
        await fileWith(SELF_SIGNED.cert);
        assert.equal((await get(client)).status, 200);
      });
    }
  });
});

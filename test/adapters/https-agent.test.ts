import assert from 'node:assert/strict';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { createHttpClient, TransportFailure } from '../../src/adapters/http.js';
import { anySignal, NO_PROXY_VARIABLES, setEnvironment } from './local-server.js';
import { SELF_SIGNED } from './self-signed.js';

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

  for (const [title, proxy] of [
    ['without a proxy', undefined],
    ['with a proxy for others', 'http://127.0.0.1:1'],
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
          assert.ok(error instanceof TransportFailure);
          assert.equal(error.message, 'TLS: self-signed certificate');
          return true;
        });
        assert.equal(requests, 0);
      } finally {
        restore();
      }
    });
  }
});

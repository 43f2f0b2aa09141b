import assert from 'node:assert/strict';
import net from 'node:net';
import zlib from 'node:zlib';
import { createHttpClient, type HttpClient, type HttpRequest } from '../../src/net/http.js';
import { NetworkError, type NetworkReason } from '../../src/net/network-error.js';
import {
  answerHtml,
  anySignal,
  assertHides,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../support/local-server.js';
import { NETWORK_REMEDIES } from '../../src/refresh/remedies/network.js';

const SECRET = 'a-token-that-must-not-show';

describe('createHttpClient', () => {
  let server: LocalServer | undefined;
  let restore = (): void => {};
  let http: HttpClient;

  beforeEach(() => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    http = createHttpClient({ version: '1.2.3' });
  });
  afterEach(async () => {
    restore();
    await server?.close();
    server = undefined;
  });

  async function serve(answer: Answer): Promise<LocalServer> {
    server = await startServer(answer);
    return server;
  }

  function request(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
    return {
      method: 'POST',
      url,
      headers: { Authorization: `Bearer ${SECRET}` },
      json: { password: SECRET },
      timeoutMs: 5_000,
      signal: anySignal(),
      ...more,
    };
  }

  async function expectFailure(sent: Promise<unknown>, ...codes: NetworkReason[]): Promise<NetworkError> {
    const error: unknown = await sent.then(
      () => assert.fail('it did not fail'),
      (reason: unknown) => reason,
    );
    assertHides(error, [SECRET]);
    assert.ok(error instanceof NetworkError, String(error));
    assert.equal(error.cause, undefined);
    assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`);
    return error;
  }

  it('sends JSON with its user agent and returns status, headers and parsed body', async () => {
    const { url, requests } = await serve((_request, response) =>
      response.writeHead(418, { 'x-kind': 'teapot' }).end('{"a":1}'),
    );
    const response = await http.send(request(`${url}/path?x=1`));
    assert.equal(response.status, 418);
    assert.deepEqual(response.json, { a: 1 });
    assert.equal(response.header('X-Kind'), 'teapot');
    assert.equal(requests[0]?.path, '/path?x=1');
    assert.equal(requests[0].headers['user-agent'], 'airflow-ecr-refresh/1.2.3');
    assert.equal(requests[0].headers['content-type'], 'application/json');
    assert.equal(requests[0].headers.authorization, `Bearer ${SECRET}`);
    assert.equal(requests[0].body, JSON.stringify({ password: SECRET }));
  });

  it('returns a body that is not JSON as text', async () => {
    const { url } = await serve((_request, response) => response.writeHead(500).end('Internal Server Error'));
    const response = await http.send(request(url));
    assert.equal(response.json, undefined);
    assert.equal(response.text, 'Internal Server Error');
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`does not follow a redirect with ${status}`, async () => {
      const target = await startServer((_request, response) => response.end('{}'));
      const { url } = await serve((_request, response) =>
        response.writeHead(status, { location: `${target.url}/elsewhere` }).end(),
      );
      const failure = await expectFailure(http.send(request(url)), 'redirect');
      assert.equal(failure.message, `a redirect (HTTP ${status}) was not followed`);
      assert.deepEqual(target.requests, []);
      await target.close();
    });
  }

  for (const { location, code } of [
    { location: 'https://login.invalid/?next=1', code: 'redirect-elsewhere' },
    { location: '/with/a/slash/', code: 'redirect' },
    { location: 'https://127.0.0.1/', code: 'redirect' },
    { location: 'https://[', code: 'redirect' },
  ] as const) {
    it(`reports a redirect to ${location} as ${code}`, async () => {
      const { url } = await serve((_request, response) => response.writeHead(302, { location }).end());
      await expectFailure(http.send(request(url)), code);
    });
  }

  it('rejects a response of more than 1 MiB', async () => {
    let size = 1024 * 1024 + 1;
    const { url } = await serve((_request, response) => response.end('x'.repeat(size)));
    await expectFailure(http.send(request(url)), 'too-large');
    size -= 1;
    assert.equal((await http.send(request(url))).text.length, size);
  });

  it('limits the size of a response after decompression', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(4 * 1024 * 1024));
    const { url } = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    await expectFailure(http.send(request(url)), 'too-large');
  });

  it('ends a slow response at the deadline', async () => {
    let closed = false;
    const { url } = await serve((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('x'), 10);
      response.on('close', () => {
        closed = true;
        clearInterval(drip);
      });
    });
    const failure = await expectFailure(http.send(request(url, { timeoutMs: 150 })), 'timed-out');
    assert.equal(failure.message, `timed out after 0.2 s (${new URL(url).host})`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.ok(closed, 'the connection is still open');
  });

  it('ends a request without a response when the caller aborts', async () => {
    const { url } = await serve(() => {});
    const caller = new AbortController();
    const sent = http.send(request(url, { signal: caller.signal }));
    setTimeout(() => caller.abort(new Error(SECRET)), 20);
    const failure = await expectFailure(sent, 'cancelled');
    assert.equal(failure.message, 'the attempt was canceled');
  });

  it("sends nothing if the caller's signal has already fired", async () => {
    const { url, requests } = await serve((_request, response) => response.end());
    await expectFailure(http.send(request(url, { signal: AbortSignal.abort() })), 'cancelled');
    assert.deepEqual(requests, []);
  });

  it('reports a refused connection', async () => {
    const gone = await startServer(() => {});
    await gone.close();
    assert.equal(
      (await expectFailure(http.send(request(gone.url)), 'connection-refused')).message,
      `connection refused (${gone.host})`,
    );
  });

  it('reports an unknown host', async () => {
    const { message } = await expectFailure(
      http.send(request('http://airflow.invalid/')),
      'unknown-host',
      'dns-failure',
    );
    // Without a name server, the lookup fails instead.
    assert.match(message, /^(?:no such host|DNS lookup failed) \(airflow\.invalid:80\)$/);
  });

  it('reports a connection reset before and during the response', async () => {
    let isPartial = false;
    const { url } = await serve((_request, response) => {
      if (isPartial) response.writeHead(200, { 'content-length': '100' }).write('x');
      setImmediate(() => response.destroy());
    });
    assert.equal(
      (await expectFailure(http.send(request(url)), 'connection-reset')).message,
      `connection reset (${new URL(url).host})`,
    );
    isPartial = true;
    assert.equal(
      (await expectFailure(http.send(request(url)), 'connection-reset')).message,
      `connection reset (${new URL(url).host})`,
    );
  });

  it('reports a server that does not use TLS', async () => {
    const { port } = await serve((_request, response) => response.end());
    const { message } = await expectFailure(
      http.send(request(`https://127.0.0.1:${port}/`)),
      'tls-handshake',
    );
    assert.equal(
      message,
      `TLS: handshake failed (127.0.0.1:${port}; the server may not use TLS on this port)`,
    );
  });

  it('reports a server that does not use HTTP', async () => {
    const raw = net.createServer((socket) => socket.end('SSH-2.0-OpenSSH\r\n'));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    const { port } = raw.address() as net.AddressInfo;
    const { message } = await expectFailure(http.send(request(`http://127.0.0.1:${port}/`)), 'not-http');
    raw.close();
    assert.equal(
      message,
      `the response is not HTTP (127.0.0.1:${port}; the server may require TLS on this port)`,
    );
  });

  describe('with HTTPS_PROXY', () => {
    let proxy: LocalServer;
    let connects: string[];
    let status: string;

    beforeEach(async () => {
      connects = [];
      status = '403 Forbidden';
      proxy = await startServer((_request, response) => response.end());
      proxy.server.on('connect', (incoming, socket) => {
        connects.push(incoming.url ?? '');
        socket.end(status && `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
      });
    });
    afterEach(() => proxy.close());

    function useProxy(noProxy?: string): void {
      restore();
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTPS_PROXY: proxy.url, NO_PROXY: noProxy });
      http = createHttpClient({ version: '1.2.3' });
    }

    it('sends CONNECT to the proxy, and reports its 403 and 407 as responses of the proxy', async () => {
      useProxy();
      const rejected = await expectFailure(http.send(request('https://airflow.invalid/')), 'proxy-refused');
      const through = `airflow.invalid:443, through the proxy ${proxy.url} of HTTPS_PROXY`;
      assert.equal(rejected.message, `the proxy rejected the CONNECT request (HTTP 403) (${through})`);
      assert.equal(rejected.remedy, NETWORK_REMEDIES.fixProxy);
      status = '407 Proxy Authentication Required';
      const unauthenticated = await expectFailure(
        http.send(request('https://airflow.invalid/')),
        'proxy-auth-required',
      );
      assert.equal(
        unauthenticated.message,
        `the proxy requires authentication (407) (proxy ${proxy.url} of HTTPS_PROXY, for airflow.invalid:443)`,
      );
      assert.deepEqual(connects, ['airflow.invalid:443', 'airflow.invalid:443']);
    });

    it('reports a connection reset if the proxy closes the connection', async () => {
      useProxy();
      status = '';
      const broken = await expectFailure(http.send(request('https://airflow.invalid/')), 'connection-reset');
      assert.equal(
        broken.message,
        `connection reset (airflow.invalid:443, through the proxy ${proxy.url} of HTTPS_PROXY)`,
      );
    });

    for (const { value, problem } of [
      { value: `http://user:${SECRET}@`, problem: 'is not the URL of an HTTP proxy' },
      {
        value: `socks5://user:${SECRET}@localhost:1080`,
        problem: 'is a SOCKS proxy, which is not supported',
      },
    ]) {
      it(`fails only a request that needs the proxy ${value.slice(0, 6)}…, without showing the value`, async () => {
        restore();
        restore = setEnvironment({ ...NO_PROXY_VARIABLES, ALL_PROXY: value });
        const client = createHttpClient({ version: '1.2.3' });
        for (const scheme of ['http', 'https']) {
          const sent = client.send(request(`${scheme}://airflow.invalid/`));
          const failure = await expectFailure(sent, 'proxy-invalid');
          assertHides(failure, [SECRET]);
          assert.equal(failure.message, `ALL_PROXY ${problem}`);
          assert.match(failure.remedy ?? '', /HTTP proxy|http:\/\/host:port/);
        }
        const { url } = await serve((_request, response) => response.end('{}'));
        assert.equal((await client.send(request(url))).status, 200);
      });
    }

    it('honors NO_PROXY', async () => {
      useProxy('airflow.invalid');
      await expectFailure(http.send(request('https://airflow.invalid/')), 'unknown-host', 'dns-failure');
      assert.deepEqual(connects, []);
    });

    it('sends plain HTTP to the proxy of HTTP_PROXY, which forwards it', async () => {
      restore();
      const forward = await startServer((_request, response) => response.end('{"by":"proxy"}'));
      const address = forward.url.replace('http://', `http://user:${SECRET}@`);
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, HTTP_PROXY: address, NO_PROXY: 'direct.invalid' });
      const client = createHttpClient({ version: '1.2.3' });
      const sent = { ...request('http://airflow.invalid/api?x=1'), method: 'POST', json: { a: 1 } } as const;
      for (let count = 0; count < 2; count += 1) {
        assert.deepEqual((await client.send(sent)).json, { by: 'proxy' });
      }
      assert.equal(forward.requests.length, 2);
      for (const { path, headers, body } of forward.requests) {
        assert.equal(path, 'http://airflow.invalid/api?x=1');
        assert.equal(body, '{"a":1}');
        const login = Buffer.from(`user:${SECRET}`).toString('base64');
        assert.deepEqual(
          [headers.host, headers['proxy-authorization']],
          ['airflow.invalid', `Basic ${login}`],
        );
      }
      await expectFailure(client.send(request('http://direct.invalid/')), 'unknown-host', 'dns-failure');
      await forward.close();
      const { message } = await expectFailure(client.send(sent), 'connection-refused');
      assert.equal(
        message,
        `connection refused (proxy ${forward.url} of HTTP_PROXY, for airflow.invalid:80)`,
      );
    });

    it('reports a proxy for plain HTTP that requires authentication', async () => {
      restore();
      const forward = await startServer((_request, response) => answerHtml(response, 407));
      restore = setEnvironment({ ...NO_PROXY_VARIABLES, http_proxy: forward.url });
      const sent = createHttpClient({ version: '1.2.3' }).send(request('http://airflow.invalid/'));
      const { message } = await expectFailure(sent, 'proxy-auth-required');
      assert.equal(
        message,
        `the proxy requires authentication (407) (proxy ${forward.url} of http_proxy, for airflow.invalid:80)`,
      );
      await forward.close();
    });

    it('never uses the proxy for loopback', async () => {
      useProxy();
      const { port, url } = await serve((_request, response) => response.end('{}'));
      await expectFailure(http.send(request(`https://127.0.0.1:${port}/`)), 'tls-handshake');
      await expectFailure(http.send(request(`https://localhost:${port}/`)), 'tls-handshake');
      assert.equal((await http.send(request(url))).status, 200);
      assert.deepEqual(connects, []);
      assert.deepEqual(proxy.requests, []);
    });
  });

  describe('on a keep-alive connection that the server closes', () => {
    function closingOnReuse(): Answer {
      const used = new WeakSet<object>();
      return (_request, response) => {
        const { socket } = response;
        if (!socket || used.has(socket)) return void response.destroy();
        used.add(socket);
        return void response.writeHead(500).end();
      };
    }

    it('sends the request again on a new connection', async () => {
      const { url, requests } = await serve(closingOnReuse());
      assert.equal((await http.send(request(url))).status, 500);
      assert.equal((await http.send(request(url))).status, 500);
      assert.equal(requests.length, 3);
    });

    it('does not send a request again that failed on a new connection', async () => {
      const { url, requests } = await serve((_request, response) => response.destroy());
      await expectFailure(http.send(request(url)), 'connection-reset');
      assert.equal(requests.length, 1);
    });
  });

  it('accepts a larger response only if the request allows it', async () => {
    const { url } = await serve((_request, response) => response.end('x'.repeat(2 * 1024 * 1024)));
    const response = await http.send(request(url, { maxResponseBytes: 3 * 1024 * 1024 }));
    assert.equal(response.text.length, 2 * 1024 * 1024);
    await expectFailure(http.send(request(url)), 'too-large');
  });
});

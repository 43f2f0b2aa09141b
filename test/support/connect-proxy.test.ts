import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { startConnectProxy, type ConnectProxy } from './connect-proxy.js';
import { startServer, type LocalServer } from './local-server.js';

const LOGIN = { username: 'us@er', password: 'p:w/1' };
const TARGET = 'temporal.corp.invalid:7233';

describe('CONNECT proxy', () => {
  let upstream: LocalServer;
  let proxy: ConnectProxy;
  const clients: net.Socket[] = [];

  beforeEach(async () => {
    upstream = await startServer((_request, response) => response.end('behind the proxy'));
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.stop();
    await upstream.close();
  });

  async function start(login?: typeof LOGIN): Promise<void> {
    const targets = { [TARGET]: upstream.host, 'closed.invalid:1': '127.0.0.1:1' };
    proxy = await startConnectProxy(login === undefined ? { targets } : { targets, login });
  }

  /** Sends text to the proxy. */
  async function send(text: string): Promise<net.Socket> {
    const client = net.connect(Number(new URL(`http://${proxy.address}`).port), '127.0.0.1');
    clients.push(client.on('error', () => {}).setEncoding('utf8'));
    await once(client, 'connect');
    client.write(text);
    return client;
  }

  async function connect(target: string, headers = ''): Promise<{ status: string; client: net.Socket }> {
    const client = await send(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${headers}\r\n`);
    const [head] = (await once(client, 'data')) as [string];
    return { status: head.split(' ')[1] ?? '', client };
  }

  const authorize = (login: string): string =>
    `Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}\r\n`;

  it('tunnels to the address of the target, in both directions', async () => {
    await start();
    const { status, client } = await connect('Temporal.corp.invalid:7233');
    assert.equal(status, '200');
    client.write('GET /path HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const [response] = (await once(client, 'data')) as [string];
    assert.match(response, /behind the proxy/);
    await once(client, 'close');
    assert.equal(upstream.requests[0]?.path, '/path');
    assert.deepEqual(proxy.requests, [{ target: TARGET, hasRightLogin: true }]);
  });

  it('forwards what the client sent without waiting for the response', async () => {
    await start();
    const client = await send(
      `CONNECT ${TARGET} HTTP/1.1\r\nHost: x\r\n\r\nGET /early HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    client.resume();
    await once(client, 'close');
    assert.equal(upstream.requests[0]?.path, '/early');
  });

  it('responds 502 if the target has no address, or nothing listens there', async () => {
    await start();
    assert.equal((await connect('other.invalid:7233')).status, '502');
    assert.equal((await connect('temporal.corp.invalid:443')).status, '502');
    assert.equal((await connect('closed.invalid:1')).status, '502');
    assert.equal(proxy.requests.length, 3);
  });

  it('responds 501 to requests other than CONNECT', async () => {
    await start();
    assert.equal((await fetch(`http://${proxy.address}/`)).status, 501);
    assert.deepEqual(proxy.requests, []);
  });

  it('demands its login, which its URL contains', async () => {
    await start(LOGIN);
    assert.equal((await connect(TARGET)).status, '407');
    assert.equal((await connect(TARGET, authorize('us@er:other'))).status, '407');
    const { username, password, host } = new URL(proxy.url);
    assert.equal(host, proxy.address);
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    assert.equal((await connect(TARGET, authorize(login))).status, '200');
    assert.deepEqual(
      proxy.requests.map(({ hasRightLogin }) => hasRightLogin),
      [false, false, true],
    );
  });

  it('records a login that it does not demand, but tunnels', async () => {
    await start();
    assert.equal((await connect(TARGET, authorize('a:b'))).status, '200');
    assert.deepEqual(proxy.requests, [{ target: TARGET, hasRightLogin: false }]);
  });

  it('refuses, and tunnels again', async () => {
    await start();
    proxy.setAnswer('refuse');
    assert.equal((await connect(TARGET)).status, '403');
    proxy.setAnswer('tunnel');
    assert.equal((await connect(TARGET)).status, '200');
    assert.equal(proxy.requests.length, 2);
  });

  it('stays silent until it stops', async () => {
    await start();
    proxy.setAnswer('silence');
    const client = await send(`CONNECT ${TARGET} HTTP/1.1\r\nHost: x\r\n\r\n`);
    while (proxy.requests.length === 0) await new Promise(setImmediate);
    client.resume();
    await Promise.all([once(client, 'close'), proxy.stop()]);
    assert.equal(client.bytesRead, 0);
  });

  it('cuts open tunnels', async () => {
    await start();
    const { client } = await connect(TARGET);
    proxy.cut();
    await once(client, 'close');
    assert.equal((await connect(TARGET)).status, '200');
  });
});

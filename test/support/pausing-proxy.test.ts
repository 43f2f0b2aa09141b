import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPausingProxy, type PausingProxy, type PassingRequest } from './pausing-proxy.js';
import { readText, sendJson, startLocalServer, type LocalServer } from '../../sandbox/local-server.js';

describe('pausing proxy', () => {
  let upstream: LocalServer;
  /** `METHOD path body` of every request that reached the upstream server. */
  let reached: string[];
  let proxy: PausingProxy;

  beforeEach(async () => {
    reached = [];
    upstream = await startLocalServer(async (request, response) => {
      reached.push(`${request.method} ${request.url} ${await readText(request)}`.trimEnd());
      if (request.url === '/broken') response.destroy();
      else sendJson(response, 201, { seen: request.headers['x-note'] }, { 'X-Answer': 'yes' });
    });
    proxy = await startPausingProxy({ upstream: upstream.url });
  });

  afterEach(async () => {
    await proxy.stop();
    await upstream.stop();
  });

  const isPatch = ({ method }: PassingRequest) => method === 'PATCH';

  it('forwards request and response, and records them', async () => {
    const headers = { Authorization: 'Bearer x', 'X-Note': 'hello' };
    const answer = await fetch(`${proxy.url}/a?b=c`, { method: 'POST', headers, body: 'text' });
    assert.deepEqual([answer.status, answer.headers.get('x-answer')], [201, 'yes']);
    assert.deepEqual(await answer.json(), { seen: 'hello' });
    assert.deepEqual(reached, ['POST /a?b=c text']);
    assert.deepEqual(proxy.requests, [
      { method: 'POST', path: '/a?b=c', authorization: 'Bearer x', body: 'text', status: 201 },
    ]);
  });

  it('pauses one call before it reaches the upstream server', async () => {
    const holding = proxy.pause('before', isPatch);
    const first = fetch(proxy.url, { method: 'PATCH' });
    const held = await holding;
    await fetch(proxy.url, { method: 'PATCH', body: 'second' });
    assert.deepEqual(reached, ['PATCH / second']);
    held.release();
    assert.equal((await first).status, 201);
    assert.deepEqual(reached, ['PATCH / second', 'PATCH /']);
  });

  it('pauses a call after the upstream server has responded', async () => {
    const holding = proxy.pause('after', isPatch);
    let isAnswered = false;
    const answer = fetch(proxy.url, { method: 'PATCH' }).finally(() => (isAnswered = true));
    const held = await holding;
    assert.deepEqual([reached, held.request.status], [['PATCH /'], 201]);
    await fetch(proxy.url); // enough time for a response
    assert.equal(isAnswered, false);
    held.release();
    assert.equal((await answer).status, 201);
  });

  it('does not forward a paused call whose client has disconnected', async () => {
    const holding = proxy.pause('before', isPatch);
    const client = new AbortController();
    const lost = assert.rejects(fetch(proxy.url, { method: 'PATCH', signal: client.signal }));
    const held = await holding;
    client.abort();
    await lost;
    await held.gone;
    held.release();
    await fetch(proxy.url);
    assert.deepEqual(reached, ['GET /']);
    assert.equal(held.request.status, undefined);
  });

  it('closes the client connection when the upstream server closes its connection', async () => {
    await assert.rejects(fetch(`${proxy.url}/broken`));
    assert.equal(proxy.requests[0]?.status, undefined);
  });

  it('proxies between unix sockets', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ecr-proxy-'));
    const engine = createServer((request, response) => response.end(`engine ${request.url}`));
    await new Promise<void>((resolve) => engine.listen(join(folder, 'engine.sock'), resolve));
    const socketPath = join(folder, 'proxy.sock');
    const socketProxy = await startPausingProxy({
      upstream: `unix://${join(folder, 'engine.sock')}`,
      socketPath,
    });
    try {
      assert.equal(socketProxy.url, `unix://${socketPath}`);
      const text = await new Promise((resolve, reject) => {
        const request = httpRequest({ socketPath, path: '/version' }, (answer) => resolve(readText(answer)));
        request.once('error', reject);
        request.end();
      });
      assert.equal(text, 'engine /version');
    } finally {
      await socketProxy.stop();
      engine.close();
      assert.equal(existsSync(socketPath), false);
      rmSync(folder, { recursive: true });
    }
  });
});

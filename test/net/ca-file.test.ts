import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createHttpClient, type HttpClient, type HttpResponse } from '../../src/net/http.js';
import { NetworkError } from '../../src/net/network-error.js';
import { createCertificateAuthority } from '../support/certificate-authority.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';
import { putFiles, REPLACEMENTS, type Replacement } from '../support/replace-files.js';

/** A host name that is not loopback, since loopback never uses the proxy. */
const HOST = 'airflow.invalid';

interface Identity {
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
}

describe('an HTTP client whose CA file changes', () => {
  let root: string;
  let folder: string;
  let first: Identity;
  let second: Identity;
  let server: https.Server;
  let proxy: http.Server;
  let connections: TLSSocket[];
  let respond: (response: http.ServerResponse) => void;
  let restore = (): void => {};

  before(async () => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'ca-file-'));
    [first, second] = await Promise.all([createIdentity('first'), createIdentity('second')]);
  });
  after(() => fs.rmSync(root, { recursive: true }));

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    folder = fs.mkdtempSync(path.join(root, 'mount-'));
    connections = [];
    respond = (response) => response.end('{}');
    server = https.createServer(first.server, (_, response) => respond(response));
    server.on('secureConnection', (socket) => connections.push(socket));
    server.on('tlsClientError', () => undefined);
    // Only the client closes connections.
    server.keepAliveTimeout = 0;
    proxy = http.createServer();
    proxy.on('connect', (_, client: net.Socket) => {
      const onward = net.connect(portOf(server), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.pipe(onward).pipe(client);
      });
      client.on('error', () => onward.destroy());
      onward.on('error', () => client.destroy());
    });
    for (const started of [server, proxy]) {
      started.listen(0, '127.0.0.1');
      await once(started, 'listening');
    }
  });
  afterEach(() => {
    restore();
    for (const started of [server, proxy]) {
      started.close();
      started.closeAllConnections();
    }
    for (const socket of connections) socket.destroy();
  });

  async function createIdentity(name: string): Promise<Identity> {
    const authority = await createCertificateAuthority(path.join(root, name));
    return {
      ca: fs.readFileSync(authority.caFile, 'utf8'),
      server: await authority.issueServer(['127.0.0.1', HOST]),
    };
  }

  function put(content: string, replacement: Replacement = 'rewritten in place'): void {
    putFiles(folder, { 'ca.pem': content }, replacement);
  }

  function open(): HttpClient {
    return createHttpClient({ version: '0', caFile: path.join(folder, 'ca.pem') });
  }

  function get(client: HttpClient, host = '127.0.0.1'): Promise<HttpResponse> {
    const url = `https://${host}:${portOf(server)}/`;
    return client.send({ method: 'GET', url, timeoutMs: 5000, signal: anySignal() });
  }

  async function assertUntrusted(sent: Promise<HttpResponse>): Promise<void> {
    await assert.rejects(sent, (error) => error instanceof NetworkError && error.isTlsTrustProblem);
  }

  for (const { way, host } of [
    { way: 'a direct connection', host: '127.0.0.1' },
    { way: 'a tunnel through a proxy', host: HOST },
  ] as const) {
    describe(`over ${way}`, () => {
      beforeEach(() => {
        if (host === HOST) process.env['HTTPS_PROXY'] = `http://127.0.0.1:${portOf(proxy)}`;
      });

      for (const replacement of REPLACEMENTS) {
        it(`trusts the CA in a file that is ${replacement}, and no longer the previous CA`, async () => {
          put(first.ca, replacement);
          const client = open();
          assert.equal((await get(client, host)).status, 200);
          const isClosed = once(connections[0] ?? assert.fail(), 'close');
          put(second.ca, replacement);
          // There is an open connection, and a TLS session that could be resumed without verifying a certificate.
          await assertUntrusted(get(client, host));
          server.setSecureContext(second.server);
          assert.equal((await get(client, host)).status, 200);
          await isClosed;
          assert.equal(connections.length, 2);
        });
      }

      it('keeps its connection while the content of the file is the same', async () => {
        const client = open();
        for (const replacement of [
          'rewritten in place',
          'replaced by rename',
          'rewritten in place',
        ] as const) {
          put(first.ca, replacement);
          assert.equal((await get(client, host)).status, 200);
        }
        assert.equal(connections.length, 1);
      });

      it('fails with ConfigInvalid while the file is invalid, even with an open connection', async () => {
        put(first.ca);
        const client = open();
        await get(client, host);
        put('');
        const empty = await expectFailure(get(client, host), 'ConfigInvalid', []);
        assert.match(empty.message, /^caFile .*ca\.pem contains no PEM certificate$/);
        fs.rmSync(path.join(folder, 'ca.pem'));
        const gone = await expectFailure(get(client, host), 'ConfigInvalid', []);
        assert.match(gone.message, /^caFile .*ca\.pem cannot be read$/);
        put(first.ca);
        assert.equal((await get(client, host)).status, 200);
        assert.equal(connections.length, 1);
      });

      it('finishes a request in progress, and then closes its connection', async () => {
        put(first.ca);
        const client = open();
        let finish = (): void => {};
        const isReceived = new Promise<void>((resolve) => {
          respond = (response) => {
            finish = () => response.end('{"slow": true}');
            resolve();
          };
        });
        const slow = get(client, host);
        await isReceived;
        respond = (response) => response.end('{}');
        put(`${first.ca}${second.ca}`);
        assert.equal((await get(client, host)).status, 200);
        const isClosed = once(connections[0] ?? assert.fail(), 'close');
        finish();
        assert.deepEqual((await slow).json, { slow: true });
        await isClosed;
      });
    });
  }
});

function portOf(server: net.Server): number {
  return (server.address() as net.AddressInfo).port;
}

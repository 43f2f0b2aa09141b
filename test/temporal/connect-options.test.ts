import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import net, { type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { Connection } from '@temporalio/client';
import { toClientOptions, toNativeOptions } from '../../src/temporal/connect-options.js';
import { plainSettings, readTemporalSettings } from '../../src/temporal/settings/settings.js';
import { createCertificateAuthority, type CertificateAuthority } from '../support/certificate-authority.js';
import { SELF_SIGNED } from '../support/self-signed.js';
import { startTemporalFront, type TemporalFront } from '../support/temporal-front.js';
import { read } from './settings/settings-folder.js';

const REMOTE = {
  TEMPORAL_ADDRESS: 'temporal.example.com:7233',
  TEMPORAL_API_KEY: 'key',
  TEMPORAL_GRPC_META_X_TEAM: 'data',
};

/** Of every connection of a command. */
const CHANNEL = { 'grpc.enable_http_proxy': 0, 'grpc.max_receive_message_length': 16 * 1024 * 1024 };

describe('the options of the connection to Temporal', () => {
  it('are the same for both libraries', () => {
    const settings = read({
      ...REMOTE,
      TEMPORAL_TLS_CLIENT_CERT_DATA: SELF_SIGNED.cert,
      TEMPORAL_TLS_CLIENT_KEY_DATA: SELF_SIGNED.key,
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: SELF_SIGNED.cert,
      TEMPORAL_TLS_SERVER_NAME: 'frontend.example.com',
    });
    const common = {
      address: 'temporal.example.com:7233',
      apiKey: 'key',
      metadata: { 'x-team': 'data' },
      tls: {
        serverNameOverride: 'frontend.example.com',
        serverRootCACertificate: Buffer.from(SELF_SIGNED.cert),
        clientCertPair: { crt: Buffer.from(SELF_SIGNED.cert), key: Buffer.from(SELF_SIGNED.key) },
      },
    };
    assert.deepEqual(toNativeOptions(settings), common);
    assert.deepEqual(toClientOptions(settings), { ...common, channelArgs: CHANNEL });
  });

  it('contain no TLS if it is off, even with an API key', () => {
    const settings = read({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'false' });
    assert.equal(toNativeOptions(settings).tls, false);
    assert.equal(toClientOptions(settings).tls, false);
  });

  it("contain Node's default CAs if none is set", () => {
    const settings = read(REMOTE);
    for (const options of [toNativeOptions(settings), toClientOptions(settings)]) {
      assert.ok(options.tls && typeof options.tls === 'object');
      const { serverRootCACertificate = '' } = options.tls;
      const count =
        Buffer.from(serverRootCACertificate).toString().split('-----BEGIN CERTIFICATE-----').length - 1;
      assert.ok(count >= tls.rootCertificates.length);
    }
  });

  it('contain the proxy', () => {
    const settings = read({ ...REMOTE, HTTPS_PROXY: 'http://user:p%20w@[2001:db8::1]:3128' });
    assert.deepEqual(toNativeOptions(settings).proxy, {
      type: 'http-connect',
      targetHost: '[2001:db8::1]:3128',
      basicAuth: { username: 'user', password: 'p w' },
    });
    const { address, channelArgs } = toClientOptions(settings);
    assert.equal(address, '[2001:db8::1]:3128');
    assert.deepEqual(channelArgs, {
      ...CHANNEL,
      'grpc.http_connect_target': 'dns:temporal.example.com:7233',
      'grpc.http_connect_creds': 'user:p w',
      'grpc.default_authority': 'temporal.example.com:7233',
    });
  });
});

describe('a command behind a proxy', () => {
  let folder: string;
  let authority: CertificateAuthority;
  let front: TemporalFront;
  let proxy: Server;
  let previous: string | undefined;
  const sockets = new Set<Socket>();
  const targets: (string | undefined)[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'temporal-proxy-'));
    authority = await createCertificateAuthority(folder);
    front = await startTemporalFront({ tls: await authority.issueServer(['temporal.example.com']) });
    const port = Number(front.address.split(':')[1]);
    proxy = createServer().on('connect', (request, socket: Socket) => {
      targets.push(request.url);
      const upstream = net.connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const each of [socket, upstream]) sockets.add(each.on('error', () => {}));
    });
    await new Promise<void>((resolve) => void proxy.listen(0, '127.0.0.1', resolve));
    previous = process.env['https_proxy'];
  });
  after(async () => {
    if (previous === undefined) delete process.env['https_proxy'];
    else process.env['https_proxy'] = previous;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => void proxy.close(resolve));
    await front.stop();
    rmSync(folder, { recursive: true });
  });

  async function call(options: ReturnType<typeof toClientOptions>): Promise<void> {
    const connection = Connection.lazy(options);
    try {
      const promise = connection.withDeadline(Date.now() + 10_000, () =>
        connection.workflowService.getSystemInfo({}),
      );
      await assert.rejects(promise, { code: 12 });
    } finally {
      await connection.close();
    }
  }

  it('reaches Temporal through it, with the address and the name of the server', async () => {
    const { port } = proxy.address() as AddressInfo;
    const settings = readTemporalSettings({
      ...REMOTE,
      HTTPS_PROXY: `http://127.0.0.1:${port}`,
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: authority.caFile,
    });
    await call(toClientOptions(settings));
    assert.deepEqual(targets, ['temporal.example.com:7233']);
    const headers = front.calls.at(-1)?.headers;
    assert.equal(headers?.[':authority'], 'temporal.example.com:7233');
    assert.equal(headers?.authorization, 'Bearer key');
    assert.equal(headers?.['x-team'], 'data');
  });

  it('never reaches loopback through it', async () => {
    const plain = await startTemporalFront({});
    process.env['https_proxy'] = 'http://127.0.0.1:9';
    try {
      await call(toClientOptions(plainSettings(plain.address, 'default')));
      assert.equal(plain.calls.length, 1);
    } finally {
      await plain.stop();
    }
  });
});

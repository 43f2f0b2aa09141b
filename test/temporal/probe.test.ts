// Against real servers on 127.0.0.1, so that the codes are those of Node, OpenSSL and the operating system.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOnPath } from '../../sandbox/executables.js';
import { Cleanup } from '../../sandbox/cleanup.js';
import { findConnectionFault } from '../../src/temporal/probe.js';
import {
  plainSettings,
  type TemporalSettings,
  type TemporalTls,
} from '../../src/temporal/settings/settings.js';
import {
  createCertificateAuthority,
  type Certificate,
  type CertificateAuthority,
} from '../support/certificate-authority.js';
import { startConnectProxy } from '../support/connect-proxy.js';
import { EXPIRED, SELF_SIGNED } from '../support/self-signed.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { startTemporalFront } from '../support/temporal-front.js';
import { startTlsFront } from '../support/tls-front.js';

const LIMIT_MS = 1000;

describe('findConnectionFault', function () {
  this.timeout(20_000);
  const stops = new Cleanup();
  let folder: string;
  let ca: CertificateAuthority;
  let otherCa: CertificateAuthority;
  let server: Certificate;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ecr-probe-'));
    ca = await createCertificateAuthority(join(folder, 'ca'));
    otherCa = await createCertificateAuthority(join(folder, 'other-ca'));
    server = await ca.issueServer(['127.0.0.1', 'temporal.test']);
  });

  afterEach(() => stops.stopAll());
  after(() => rmSync(folder, { recursive: true }));

  async function probe(
    address: string,
    tls?: Partial<TemporalTls>,
    other: Partial<TemporalSettings> = {},
  ): Promise<[string, string] | undefined> {
    const settings: TemporalSettings = {
      ...plainSettings(address, 'default'),
      ...(tls && {
        tls: { serverName: undefined, ca: readFileSync(ca.caFile, 'utf8'), client: undefined, ...tls },
      }),
      ...other,
    };
    const fault = await findConnectionFault(settings, LIMIT_MS);
    return fault && [fault.code, fault.text];
  }

  /** A server whose behavior is up to `handle`. */
  async function startServer(handle: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const listening: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      handle(socket);
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    stops.add({
      stop: async () => {
        sockets.forEach((socket) => socket.destroy());
        listening.close();
      },
    });
    return `127.0.0.1:${(listening.address() as AddressInfo).port}`;
  }

  async function startPlain(): Promise<string> {
    return stops.add(await startTemporalFront({})).address;
  }

  async function startTls({ cert, key }: { cert: string; key: string } = server): Promise<string> {
    return stops.add(await startTemporalFront({ tls: { cert, key } })).address;
  }

  async function startWithClientCertificates(): Promise<string> {
    if (findOnPath(['python3']) === undefined) throw new Error('python3 is required');
    const files = { cert: server.certFile, key: server.keyFile, clientCa: ca.caFile };
    return stops.add(await startTlsFront({ upstream: await startPlain(), ...files })).address;
  }

  it('finds nothing wrong with a gRPC server, in plain text and over TLS', async () => {
    assert.equal(await probe(await startPlain()), undefined);
    assert.equal(await probe(await startTls(), {}), undefined);
  });

  it('reports a refused connection', async () => {
    assert.deepEqual(await probe('127.0.0.1:1'), ['connection-refused', 'connection refused']);
    assert.deepEqual(await probe('127.0.0.1:1', {}), ['connection-refused', 'connection refused']);
  });

  it('reports a host that does not resolve', async () => {
    const [code] = (await probe('temporal.invalid:7233')) ?? [];
    // Without a name server the lookup fails otherwise.
    assert.match(code ?? '', /^(unknown-host|dns-failure)$/);
  });

  it('reports TLS to a plain port, and plain text to a TLS port', async () => {
    assert.deepEqual(await probe(await startPlain(), {}), ['not-tls', 'the server does not use TLS']);
    assert.deepEqual(await probe(await startTls()), ['tls-required', 'the server requires TLS']);
  });

  it('reports plain text to a port that requires client certificates', async function () {
    if (findOnPath(['python3']) === undefined) skipOrFail(this, 'python3');
    assert.deepEqual(await probe(await startWithClientCertificates()), [
      'tls-required',
      'the server requires TLS',
    ]);
  });

  it('reports what is wrong with the certificate of the server', async () => {
    const address = await startTls();
    const unknown = ['tls-unknown-authority', 'TLS: certificate signed by an unknown CA'];
    assert.deepEqual(await probe(address, { ca: readFileSync(otherCa.caFile, 'utf8') }), unknown);
    assert.deepEqual(await probe(address, { ca: undefined }), unknown);
    assert.deepEqual(await probe(address, { serverName: 'temporal.example.com' }), [
      'tls-wrong-host',
      'TLS: the certificate is for another host',
    ]);
    assert.equal(await probe(address, { serverName: 'temporal.test' }), undefined);
    assert.deepEqual(await probe(await startTls(SELF_SIGNED), {}), [
      'tls-self-signed',
      'TLS: self-signed certificate',
    ]);
    const expired = await startTls(EXPIRED);
    assert.deepEqual(await probe(expired, { ca: EXPIRED.cert }), [
      'tls-expired',
      'TLS: the certificate has expired',
    ]);
  });

  it('reports a missing and a rejected client certificate', async function () {
    if (findOnPath(['python3']) === undefined) skipOrFail(this, 'python3');
    const address = await startWithClientCertificates();
    assert.equal(await probe(address, { client: await ca.issueClient('worker') }), undefined);
    assert.deepEqual(await probe(address, {}), [
      'client-certificate-required',
      'TLS: the server requires a client certificate',
    ]);
    assert.deepEqual(await probe(address, { client: await otherCa.issueClient('worker') }), [
      'client-certificate-rejected',
      'TLS: the server rejected the client certificate',
    ]);
  });

  it('reports a server that closes the connection', async () => {
    const address = await startServer((socket) => socket.destroy());
    const [code] = (await probe(address)) ?? [];
    assert.match(code ?? '', /^connection-(closed|reset)$/);
    const withClientCa = { ...server, clientCa: readFileSync(ca.caFile, 'utf8') };
    const front = stops.add(await startTemporalFront({ tls: withClientCa }));
    assert.deepEqual(await probe(front.address, { client: await otherCa.issueClient('worker') }), [
      'closed-after-handshake',
      'the server closed the connection after the TLS handshake',
    ]);
  });

  it('reports a server that is silent, within the limit', async () => {
    const address = await startServer(() => {});
    const startedMs = performance.now();
    assert.deepEqual(await probe(address), ['timed-out', 'timed out after 1 s without a response']);
    assert.deepEqual(await probe(address, {}), ['timed-out', 'TLS: the handshake timed out after 1 s']);
    assert.ok(performance.now() - startedMs < 10 * LIMIT_MS);
  });

  it('reports a web server', async () => {
    const web = createHttpServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
    stops.add({ stop: async () => web.close().closeAllConnections() });
    const address = `127.0.0.1:${(web.address() as AddressInfo).port}`;
    assert.deepEqual(await probe(address), ['not-grpc', 'the response is not gRPC (HTTP/2)']);
  });

  describe('through a proxy', () => {
    const TARGET = 'temporal.corp.invalid:7233';

    async function probeThrough(
      address: string,
      target: string,
      credentials?: { username: string; password: string },
    ): Promise<[string, string] | undefined> {
      const [host = '', port] = address.split(':');
      const proxy = {
        scheme: 'http',
        host,
        port: Number(port),
        credentials,
        variable: 'HTTPS_PROXY',
      } as const;
      return probe(target, undefined, { proxy });
    }

    it('finds nothing wrong with a server behind it', async () => {
      const login = { username: 'user', password: 'p w' };
      const proxy = stops.add(await startConnectProxy({ targets: { [TARGET]: await startPlain() }, login }));
      assert.equal(await probeThrough(proxy.address, TARGET, login), undefined);
      assert.deepEqual(proxy.requests, [{ target: TARGET, hasRightLogin: true }]);
    });

    it('reports a proxy that refuses, demands a login, is silent, or is not there', async () => {
      const login = { username: 'user', password: 'p' };
      const proxy = stops.add(await startConnectProxy({ targets: {}, login }));
      assert.deepEqual(await probeThrough(proxy.address, TARGET), [
        'proxy-auth-required',
        'the proxy requires authentication (407)',
      ]);
      const refused = ['proxy-refused', 'the proxy rejected the CONNECT request'];
      assert.deepEqual(await probeThrough(proxy.address, TARGET, login), refused);
      proxy.setAnswer('silence');
      assert.deepEqual(await probeThrough(proxy.address, TARGET), [
        'proxy-unreachable',
        'the proxy could not be reached: timed out after 1 s',
      ]);
      assert.deepEqual(await probeThrough('127.0.0.1:1', TARGET), [
        'proxy-unreachable',
        'the proxy could not be reached: connection refused',
      ]);
    });
  });
});

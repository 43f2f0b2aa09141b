import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeadlineExceeded } from '../../../src/net/deadline.js';
import { StatusError } from '../../../src/verify/docker/engine-client.js';
import { toEngineFailure } from '../../../src/verify/docker/engine-failure.js';

const USER = `the worker runs as user ${process.geteuid?.()}`;
const SOCKET = { url: 'unix:///nonexistent/docker.sock' };
const TCP = { url: 'tcp://127.0.0.1:2375' };
const TLS = { url: 'tcp://engine.example.com:2376', tls: {} };
const MUTUAL = { ...TLS, tls: { certFile: '/cert.pem', keyFile: '/key.pem' } };

describe('toEngineFailure', () => {
  for (const { where, target, nodeCode, words } of [
    { where: 'a socket', target: SOCKET, nodeCode: 'ENOENT', words: 'socket not found' },
    {
      where: 'a socket',
      target: SOCKET,
      nodeCode: 'EACCES',
      words: `permission denied on the socket; ${USER}`,
    },
    { where: 'a socket', target: SOCKET, nodeCode: 'ECONNREFUSED', words: 'nothing listens there' },
    {
      where: 'TCP',
      target: TCP,
      nodeCode: 'ECONNRESET',
      words: 'the engine closed the connection without a response',
    },
    { where: 'TCP', target: TCP, nodeCode: 'HPE_INVALID_CONSTANT', words: 'the response is not HTTP' },
    { where: 'TLS', target: TLS, nodeCode: 'ECONNRESET', words: 'TLS: connection reset' },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'CERT_HAS_EXPIRED',
      words: 'TLS: the certificate of the engine has expired',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'ERR_SSL_WRONG_VERSION_NUMBER',
      words: 'TLS: the service on this port does not use TLS',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      words: 'TLS: the engine requires a client certificate',
    },
    {
      where: 'mutual TLS',
      target: MUTUAL,
      nodeCode: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      words: 'TLS: the client certificate has expired',
    },
    { where: 'TCP', target: TCP, nodeCode: 'EODD', words: 'the connection failed' },
  ] as const) {
    it(`reports "${words}" for ${nodeCode} over ${where}`, () => {
      const failure = toEngineFailure(target, Object.assign(new Error('secret'), { code: nodeCode }));
      assert.deepEqual([failure.type, failure.reason], ['DockerEngineUnreachable', words]);
      assert.equal(failure.message, `${target.url}: ${words}`);
    });
  }

  it('names the group of a socket that the worker may not use', () => {
    // A file of this user: only its group matters here.
    const folder = mkdtempSync(join(tmpdir(), 'engine-failure-'));
    const path = join(folder, 'docker.sock');
    writeFileSync(path, '');
    const { gid } = statSync(path);
    const error = Object.assign(new Error('secret'), { code: 'EACCES' });
    const { message, remedy } = toEngineFailure({ url: `unix://${path}` }, error);
    assert.match(
      message,
      new RegExp(`: permission denied on the socket of group ([\\w.-]+ \\(${gid}\\)|${gid}); ${USER}$`),
    );
    assert.ok(remedy.includes(gid === 0 ? '`--group docker`' : 'with `group_add` (Compose)'), remedy);
    rmSync(folder, { recursive: true });
  });

  for (const { target, firewall } of [
    { target: SOCKET, firewall: '' },
    { target: TCP, firewall: ', or check for a firewall in between' },
  ]) {
    it(`reports a timeout for an engine at ${target.url} that hangs`, () => {
      const { reason, remedy } = toEngineFailure(target, new DeadlineExceeded('limit', 10_000));
      assert.equal(reason, 'timed out after 10 s');
      assert.equal(remedy, `Check whether the Docker Engine hangs, and restart it${firewall}.`);
    });
  }

  for (const { status, target, words, remedyPattern } of [
    {
      status: 400,
      target: TCP,
      words: 'HTTP 400, as an HTTPS server returns for plain HTTP',
      remedyPattern: /expects TLS/,
    },
    { status: 400, target: TLS, words: 'HTTP 400', remedyPattern: /proxy or plugin/ },
    { status: 400, target: SOCKET, words: 'HTTP 400', remedyPattern: /proxy or plugin/ },
    { status: 503, target: TCP, words: 'HTTP 503', remedyPattern: /returned a server error/ },
  ] as const) {
    it(`reports "${words}" for status ${status} of ${target.url}`, () => {
      const failure = toEngineFailure(target, new StatusError(status, 'secret'));
      assert.equal(failure.reason, words);
      assert.match(failure.remedy, remedyPattern);
    });
  }
});

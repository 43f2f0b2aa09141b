import assert from 'node:assert/strict';
import { DeadlineExceeded } from '../../../src/net/deadline.js';
import { describeConnectionError, describeStatus } from '../../../src/verify/docker/connection-errors.js';

const SOCKET = { url: 'unix:///nonexistent/docker.sock' };
const TCP = { url: 'tcp://127.0.0.1:2375' };
const TLS = { url: 'tcp://engine.example.com:2376', tls: {} };
const MUTUAL = { ...TLS, tls: { certFile: '/cert.pem', keyFile: '/key.pem' } };

describe('describeConnectionError', () => {
  for (const { where, target, nodeCode, code, words } of [
    {
      where: 'a socket',
      target: SOCKET,
      nodeCode: 'ENOENT',
      code: 'socket-missing',
      words: 'no socket there',
    },
    {
      where: 'a socket',
      target: SOCKET,
      nodeCode: 'EACCES',
      code: 'socket-not-permitted',
      words: 'no permission on the socket',
    },
    {
      where: 'a socket',
      target: SOCKET,
      nodeCode: 'ECONNREFUSED',
      code: 'not-listening',
      words: 'nothing listens there',
    },
    {
      where: 'TCP',
      target: TCP,
      nodeCode: 'ECONNRESET',
      code: 'connection-reset',
      words: 'the engine broke off without an answer',
    },
    {
      where: 'TCP',
      target: TCP,
      nodeCode: 'HPE_INVALID_CONSTANT',
      code: 'not-http',
      words: 'the answer is not HTTP',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'ECONNRESET',
      code: 'tls-connection-reset',
      words: 'TLS: the connection was broken off',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'CERT_HAS_EXPIRED',
      code: 'tls-expired',
      words: 'TLS: the certificate of the engine has expired',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'ERR_SSL_WRONG_VERSION_NUMBER',
      code: 'not-tls',
      words: 'TLS: what listens there does not speak it',
    },
    {
      where: 'TLS',
      target: TLS,
      nodeCode: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      code: 'client-certificate-required',
      words: 'TLS: the engine asks for a client certificate',
    },
    {
      where: 'mutual TLS',
      target: MUTUAL,
      nodeCode: 'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      code: 'client-certificate-expired',
      words: 'TLS: the client certificate has expired',
    },
    { where: 'TCP', target: TCP, nodeCode: 'EODD', code: 'failed', words: 'the connection failed' },
  ] as const) {
    it(`gives ${code} for ${nodeCode} by ${where}`, () => {
      const reason = describeConnectionError(target, Object.assign(new Error('secret'), { code: nodeCode }));
      assert.deepEqual([reason.code, reason.words], [code, words]);
    });
  }

  it('gives timed-out for an engine that hangs', () => {
    const { code, words } = describeConnectionError(TCP, new DeadlineExceeded('limit', 10_000));
    assert.deepEqual([code, words], ['timed-out', 'no answer within 10 s']);
  });
});

describe('describeStatus', () => {
  for (const { status, target, code } of [
    { status: 400, target: TCP, code: 'tls-expected' },
    { status: 400, target: SOCKET, code: 'unexpected-status' },
    { status: 503, target: TCP, code: 'server-error' },
  ] as const) {
    it(`gives ${code} for ${status} of ${target.url}`, () =>
      assert.equal(describeStatus(target, status).code, code));
  }
});

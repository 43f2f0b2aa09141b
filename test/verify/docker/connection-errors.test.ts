import assert from 'node:assert/strict';
import { DeadlineExceeded } from '../../../src/net/deadline.js';
import { describeConnectionError, describeStatus } from '../../../src/verify/docker/connection-errors.js';

const SOCKET = { url: 'unix:///nonexistent/docker.sock' };
const TCP = { url: 'tcp://127.0.0.1:2375' };
const TLS = { url: 'tcp://engine.example.com:2376', tls: {} };
const MUTUAL = { ...TLS, tls: { certFile: '/cert.pem', keyFile: '/key.pem' } };

describe('describeConnectionError', () => {
  for (const [where, target, nodeCode, code, words] of [
    ['a socket', SOCKET, 'ENOENT', 'socket-missing', 'no socket there'],
    ['a socket', SOCKET, 'EACCES', 'socket-not-permitted', 'no permission on the socket'],
    ['a socket', SOCKET, 'ECONNREFUSED', 'not-listening', 'nothing listens there'],
    ['TCP', TCP, 'ECONNRESET', 'connection-reset', 'the engine broke off without an answer'],
    ['TCP', TCP, 'HPE_INVALID_CONSTANT', 'not-http', 'the answer is not HTTP'],
    ['TLS', TLS, 'ECONNRESET', 'tls-connection-reset', 'TLS: the connection was broken off'],
    ['TLS', TLS, 'CERT_HAS_EXPIRED', 'tls-expired', 'TLS: the certificate of the engine has expired'],
    ['TLS', TLS, 'ERR_SSL_WRONG_VERSION_NUMBER', 'not-tls', 'TLS: what listens there does not speak it'],
    [
      'TLS',
      TLS,
      'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      'client-certificate-required',
      'TLS: the engine asks for a client certificate',
    ],
    [
      'mutual TLS',
      MUTUAL,
      'ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED',
      'client-certificate-expired',
      'TLS: the client certificate has expired',
    ],
    ['TCP', TCP, 'EODD', 'failed', 'the connection failed'],
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
  for (const [status, target, code] of [
    [400, TCP, 'tls-expected'],
    [400, SOCKET, 'unexpected-status'],
    [503, TCP, 'server-error'],
  ] as const) {
    it(`gives ${code} for ${status} of ${target.url}`, () =>
      assert.equal(describeStatus(target, status).code, code));
  }
});

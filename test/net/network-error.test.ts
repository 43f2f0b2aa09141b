import assert from 'node:assert/strict';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { NetworkError, toNetworkError, type NetworkReason } from '../../src/net/network-error.js';

describe('toNetworkError', () => {
  const cases: readonly { code: string; text: string; reason: NetworkReason }[] = [
    { code: 'ECONNREFUSED', text: 'connection refused', reason: 'connection-refused' },
    { code: 'ENOTFOUND', text: 'no such host', reason: 'unknown-host' },
    { code: 'ETIMEDOUT', text: 'timed out', reason: 'timed-out' },
    { code: 'ECONNABORTED', text: 'timed out', reason: 'timed-out' },
    { code: 'ECONNRESET', text: 'connection reset', reason: 'connection-reset' },
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', text: 'TLS: self-signed certificate', reason: 'tls-self-signed' },
    {
      code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      text: 'TLS: certificate signed by an unknown CA',
      reason: 'tls-unknown-authority',
    },
    { code: 'CERT_HAS_EXPIRED', text: 'TLS: the certificate has expired', reason: 'tls-expired' },
    {
      code: 'CERT_REVOKED',
      text: 'TLS: the certificate was rejected',
      reason: 'tls-certificate-rejected',
    },
    {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      text: 'TLS: the certificate is for another host',
      reason: 'tls-wrong-host',
    },
    { code: 'ERR_FR_TOO_MANY_REDIRECTS', text: 'too many redirects', reason: 'too-many-redirects' },
    {
      code: 'HPE_HEADER_OVERFLOW',
      text: 'the headers of the response are too large',
      reason: 'headers-too-large',
    },
    { code: 'HPE_INVALID_CONSTANT', text: 'the response is not HTTP', reason: 'not-http' },
  ];
  for (const { code, text, reason } of cases) {
    it(`maps ${code} to "${text}"`, () => {
      const error = toNetworkError(Object.assign(new Error('secret'), { code }));
      assert.deepEqual([error.message, error.code], [text, reason]);
    });
  }

  it('finds the code in the cause and in an AggregateError', () => {
    const inner = Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
    assert.equal(toNetworkError(new Error('x', { cause: inner })).message, 'connection refused');
    assert.equal(toNetworkError(new AggregateError([inner], 'x')).message, 'connection refused');
  });

  it('prefers a refusal over a timeout when the addresses of a host fail differently', () => {
    const errors = ['ETIMEDOUT', 'ECONNREFUSED'].map((code) => Object.assign(new Error('x'), { code }));
    const failed = Object.assign(new AggregateError(errors, 'x'), { code: 'ETIMEDOUT' });
    assert.equal(toNetworkError(failed).message, 'connection refused');
  });

  it('quotes neither an unknown code nor a message', () => {
    const unknown = Object.assign(new Error('password=secret'), { code: 'password=secret' });
    assert.equal(toNetworkError(unknown).message, 'the connection failed');
    assert.equal(toNetworkError('password=secret').message, 'the connection failed');
    assert.equal(toNetworkError(undefined).message, 'the connection failed');
  });

  it('shows the limit of a deadline in seconds', () => {
    assert.equal(toNetworkError(new DeadlineExceeded('limit', 30_000)).message, 'timed out after 30 s');
  });

  it('returns a NetworkError unchanged, and keeps its code if an HTTP client wraps it', () => {
    const refused = new NetworkError('proxy-refused');
    assert.equal(toNetworkError(refused), refused);
    const { code } = refused;
    const wrapped = Object.assign(new Error('x', { cause: refused }), { code });
    assert.equal(toNetworkError(wrapped).code, 'proxy-refused');
  });

  it('distinguishes the limit from an abort by the caller', () => {
    assert.equal(toNetworkError(new DeadlineExceeded('limit', 1_000)).code, 'timed-out');
    assert.equal(toNetworkError(new DeadlineExceeded('caller', 1_000)).code, 'cancelled');
  });
});

describe('TLS reason codes', () => {
  it('have messages that begin with "TLS: "', () => {
    const codes = ['tls-self-signed', 'tls-expired', 'tls-handshake', 'tls-failed'] as const;
    for (const code of codes) {
      const error = new NetworkError(code);
      assert.ok(error.isTlsProblem, code);
      assert.match(error.message, /^TLS: /);
    }
    assert.equal(new NetworkError('connection-reset').isTlsProblem, false);
  });

  it('are trust problems for an unknown CA, but not for an expired certificate', () => {
    for (const code of ['tls-self-signed', 'tls-self-signed-in-chain', 'tls-unknown-authority'] as const) {
      assert.ok(new NetworkError(code).isTlsTrustProblem, code);
    }
    assert.equal(new NetworkError('tls-expired').isTlsTrustProblem, false);
  });
});

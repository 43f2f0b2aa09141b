import assert from 'node:assert/strict';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { describeNetworkError } from '../../src/net/network-error.js';

describe('describeNetworkError', () => {
  const cases: readonly (readonly [code: string, reason: string])[] = [
    ['ECONNREFUSED', 'connection refused'],
    ['ENOTFOUND', 'no such host'],
    ['ETIMEDOUT', 'no answer (timed out)'],
    ['ECONNABORTED', 'no answer (timed out)'],
    ['ECONNRESET', 'the connection was broken off'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS: self-signed certificate'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'TLS: certificate of an unknown authority'],
    ['CERT_HAS_EXPIRED', 'TLS: the certificate has expired'],
    ['CERT_REVOKED', 'TLS: the certificate is not accepted'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'TLS: the certificate is for another host'],
    ['ERR_FR_TOO_MANY_REDIRECTS', 'too many redirects'],
    ['HPE_INVALID_CONSTANT', 'the answer is not HTTP'],
  ];
  for (const [code, reason] of cases) {
    it(`says "${reason}" for ${code}`, () => {
      assert.equal(describeNetworkError(Object.assign(new Error('secret'), { code })), reason);
    });
  }

  it('finds the code in a cause and in the errors of several addresses', () => {
    const inner = Object.assign(new Error('secret'), { code: 'ECONNREFUSED' });
    assert.equal(describeNetworkError(new Error('x', { cause: inner })), 'connection refused');
    assert.equal(describeNetworkError(new AggregateError([inner], 'x')), 'connection refused');
  });

  it('quotes neither an unknown code nor a message', () => {
    const odd = Object.assign(new Error('password=secret'), { code: 'password=secret' });
    assert.equal(describeNetworkError(odd), 'the connection failed');
    assert.equal(describeNetworkError('password=secret'), 'the connection failed');
    assert.equal(describeNetworkError(undefined), 'the connection failed');
  });

  it('gives the limit of a deadline in seconds', () => {
    assert.equal(describeNetworkError(new DeadlineExceeded('limit', 30_000)), 'no answer within 30 s');
  });
});

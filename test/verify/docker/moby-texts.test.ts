import assert from 'node:assert/strict';
import { parseMobyText } from '../../../src/verify/docker/moby-texts.js';

const LOGIN = 'login attempt to https://registry.example.com/v2/ failed with status:';

describe('parseMobyText', () => {
  for (const [text, reason] of [
    [`${LOGIN} 403 Forbidden`, { code: 'rejected', status: 403 }],
    ['denied: requested access is denied', { code: 'rejected' }],
    [`${LOGIN} 503 Service Unavailable`, { code: 'server-error' }],
    [`${LOGIN} 429 Too Many Requests`, { code: 'throttled' }],
    ['dial tcp: lookup registry.example.com: no such host', { code: 'unknown-host' }],
    ['dial tcp 10.0.0.1:443: i/o timeout', { code: 'timed-out' }],
    ['dial tcp 10.0.0.1:443: connect: permission denied', { code: 'engine-failed' }],
    ['http: server gave HTTP response to HTTPS client', { code: 'registry-without-tls' }],
    ['tls: failed to verify certificate: x509: unknown', { code: 'registry-certificate-rejected' }],
    ["parsing HTTP 403 response body: invalid character '<'", { code: 'not-a-registry', status: 403 }],
    ['', { code: 'engine-failed' }],
  ] as const) {
    it(`gives ${reason.code} for "${text}"`, () => assert.deepEqual(parseMobyText(text), reason));
  }
});

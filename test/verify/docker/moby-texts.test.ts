import assert from 'node:assert/strict';
import { parseMobyText } from '../../../src/verify/docker/moby-texts.js';

const LOGIN = 'login attempt to https://registry.example.com/v2/ failed with status:';

describe('parseMobyText', () => {
  for (const { text, reason } of [
    { text: `${LOGIN} 403 Forbidden`, reason: { code: 'rejected', status: 403 } },
    { text: 'denied: requested access is denied', reason: { code: 'rejected' } },
    { text: `${LOGIN} 503 Service Unavailable`, reason: { code: 'server-error' } },
    { text: `${LOGIN} 429 Too Many Requests`, reason: { code: 'throttled' } },
    { text: 'dial tcp: lookup registry.example.com: no such host', reason: { code: 'unknown-host' } },
    { text: 'dial tcp 10.0.0.1:443: i/o timeout', reason: { code: 'timed-out' } },
    { text: 'dial tcp 10.0.0.1:443: connect: permission denied', reason: { code: 'engine-failed' } },
    { text: 'http: server gave HTTP response to HTTPS client', reason: { code: 'registry-without-tls' } },
    {
      text: 'tls: failed to verify certificate: x509: unknown',
      reason: { code: 'registry-certificate-rejected' },
    },
    {
      text: "parsing HTTP 403 response body: invalid character '<'",
      reason: { code: 'not-a-registry', status: 403 },
    },
    { text: '', reason: { code: 'engine-failed' } },
  ] as const) {
    it(`gives ${reason.code} for "${text}"`, () => assert.deepEqual(parseMobyText(text), reason));
  }
});

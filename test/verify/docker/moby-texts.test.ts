import assert from 'node:assert/strict';
import { parseMobyText } from '../../../src/verify/docker/moby-texts.js';

const LOGIN = 'login attempt to https://registry.example.com/v2/ failed with status:';

describe('parseMobyText', () => {
  for (const { text, problem } of [
    { text: `${LOGIN} 403 Forbidden`, problem: { outcome: 'rejected', status: 403 } },
    { text: 'denied: requested access is denied', problem: { outcome: 'rejected' } },
    { text: `${LOGIN} 503 Service Unavailable`, problem: failed('the registry returned a server error') },
    { text: `${LOGIN} 429 Too Many Requests`, problem: failed('the registry throttled the request') },
    { text: 'dial tcp: lookup registry.example.com: no such host', problem: failed('DNS lookup failed') },
    { text: 'dial tcp 10.0.0.1:443: i/o timeout', problem: failed('the registry timed out') },
    { text: 'dial tcp 10.0.0.1:443: connect: permission denied', problem: undefined },
    {
      text: 'http: server gave HTTP response to HTTPS client',
      problem: failed('the registry uses HTTP and is not in insecure-registries'),
    },
    {
      text: 'tls: failed to verify certificate: x509: unknown',
      problem: failed('TLS: the certificate of the registry was rejected'),
    },
    {
      text: "parsing HTTP 403 response body: invalid character '<'",
      problem: failed('this 403 is not from the registry; check for a proxy in front of it'),
    },
    {
      text: 'error parsing HTTP 403 response body: invalid character \'F\': "Forbidden by proxy"',
      problem: failed('this 403 is not from the registry; check for a proxy in front of it'),
    },
    {
      text: 'error parsing HTTP 403 response body: unexpected end of JSON input: ""',
      problem: failed('this 403 is not from the registry; check for a proxy in front of it'),
    },
    {
      text: 'error parsing HTTP 403 response body: "Your Authorization Token has expired."',
      problem: { outcome: 'rejected', status: 403 },
    },
    {
      text: 'error parsing HTTP 403 response body: invalid character \'<\': "<title>Access Denied: by policy"',
      problem: failed('this 403 is not from the registry; check for a proxy in front of it'),
    },
    {
      text: 'error parsing HTTP 400 response body: unexpected end of JSON input: ""',
      problem: { outcome: 'rejected', status: 400 },
    },
    { text: 'authorization denied by plugin opa: not for you', problem: undefined },
    { text: 'open /run/user/1000/containers/auth.json: permission denied', problem: undefined },
    // Podman
    { text: `${LOGIN} 401 Unauthorized`, problem: { outcome: 'rejected', status: 401 } },
    {
      text: `${LOGIN} requesting bearer token: invalid status code from registry 403 (Forbidden)`,
      problem: { outcome: 'rejected', status: 403 },
    },
    {
      text: `${LOGIN} pinging container registry: StatusCode: 403, "Your authorization token has expired."`,
      problem: { outcome: 'rejected', status: 403 },
    },
    {
      text: `${LOGIN} unable to retrieve auth token: invalid username/password: see the log`,
      problem: { outcome: 'rejected' },
    },
    { text: '', problem: undefined },
  ]) {
    it(`returns ${JSON.stringify(problem)} for "${text}"`, () =>
      assert.deepEqual(parseMobyText(text), problem));
  }
});

function failed(words: string): object {
  return { outcome: 'failed', words };
}

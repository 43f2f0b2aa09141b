// Responses of registries and Docker Engines, or of what is in front of them.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Secret } from '../../src/log/secret.js';
import type { HttpClient, HttpRequest, HttpResponse } from '../../src/net/http.js';
import { parseDockerConfig } from '../../src/doctor/docker-config.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { StatusError } from '../../src/verify/docker/engine-client.js';
import { toLoginFailure } from '../../src/verify/docker/login-failure.js';
import { readChallenge } from '../../src/verify/registry/challenge.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import { createTokenVerifier } from '../../src/verify/registry/verify-token.js';
import {
  CANARY,
  TIMEOUT_MS,
  assertHidden,
  check,
  checkAsync,
  mutated,
  mutatedJson,
  toText,
} from './hostile.js';

const HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const CHALLENGES = [
  `Basic realm="https://${HOST}/",service="ecr.amazonaws.com"`,
  `Bearer realm="https://${HOST}/token",service="${HOST}",scope="aws"`,
  `Bearer realm="https://evil.example/token"`,
  `Basic realm="x", Bearer realm="https://${HOST}/token", Bearer realm="https://evil.example/token"`,
];
const ERROR = { errors: [{ code: 'DENIED', message: `not authorized to perform: ecr:GetImage ${CANARY}` }] };
const BODIES = [
  ERROR,
  { token: CANARY },
  { access_token: CANARY },
  { schemaVersion: 2 },
  {},
  { message: CANARY },
];

describe('fuzzed: responses of a registry', function () {
  this.timeout(TIMEOUT_MS);
  /** What Docker reads as the realm of one header; see `parseValueAndParams` in distribution's challenge package. */
  function readAsDocker(header: string): string | undefined {
    const [, scheme = '', rest = ''] = /^([^\s()<>@,;:\\"/[\]?={}]+)[ \t]*(.*)$/s.exec(header) ?? [];
    if (scheme.toLowerCase() !== 'bearer') return undefined;
    let realm: string | undefined;
    const pattern =
      /[ \t]*([^\s()<>@,;:\\"/[\]?={}]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s()<>@,;:\\"/[\]?={}]+))[ \t]*(,|)/sy;
    for (let found = pattern.exec(rest); found; found = pattern.exec(rest)) {
      if (found[1]?.toLowerCase() === 'realm') realm = found[2]?.replaceAll(/\\(.)/gs, '$1') ?? found[3];
      if (found[4] === '') break;
    }
    return realm;
  }

  it('have a realm only on the host of the registry, also as Docker reads each header', () => {
    check(
      fc.array(mutated(...CHALLENGES), { minLength: 1, maxLength: 3 }),
      (headers) => {
        const challenge = readChallenge(headers.join(', '), HOST);
        if (challenge.scheme === 'untrusted') return;
        if (challenge.scheme === 'bearer') assert.equal(challenge.realm.origin, `https://${HOST}`);
        for (const realm of headers.map(readAsDocker)) {
          if (realm !== undefined && URL.canParse(realm))
            assert.equal(new URL(realm).host, HOST, headers.join('\n'));
        }
      },
      [[`Bearer realm="https://${HOST}/",realm="https://evil.example/"`]],
    );
  });

  it('give a result without any part of them, and get the token only on the host of the registry', async () => {
    const response = fc.record({
      status: fc.constantFrom(200, 200, 400, 401, 401, 403, 404, 429, 500, 503),
      body: mutatedJson(...BODIES),
      challenge: fc.option(mutated(...CHALLENGES), { nil: undefined }),
      isMarked: fc.boolean(),
    });
    await checkAsync(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
      const requests: HttpRequest[] = [];
      const http: HttpClient = {
        send(request): Promise<HttpResponse> {
          const { status, body, challenge, isMarked } =
            responses[requests.length % responses.length] ?? assert.fail();
          requests.push(request);
          const headers: Record<string, string | undefined> = {
            'www-authenticate': challenge,
            'docker-distribution-api-version': isMarked ? 'registry/2.0' : undefined,
          };
          return Promise.resolve({
            status,
            json: body,
            text: toText(body),
            header: (name) => headers[name],
          });
        },
      };
      const verify = createTokenVerifier(http, new NegativeCheckCache(() => new Date()));
      const probe = await verify(HOST, new Secret(CANARY), ['team/app:1.0'], new AbortController().signal);
      assertHidden(probe);
      assert.notEqual(probe.message, 'an unexpected error occurred during the check');
      assert.ok(requests.every(({ url }) => new URL(url).origin === `https://${HOST}`));
    });
  });
});

describe('fuzzed: responses of a Docker Engine', function () {
  this.timeout(TIMEOUT_MS);
  const TEXTS = [
    `login attempt to https://${HOST}/v2/ failed with status: 403 Forbidden ${CANARY}`,
    `Get "https://${HOST}/v2/": dial tcp: lookup ${HOST} on 1.1.1.1:53: no such host ${CANARY}`,
    `error parsing HTTP 400 response body: invalid character 'N': ${CANARY}`,
    'unauthorized: incorrect username or password',
    'received unexpected HTTP status: 503 Service Unavailable',
  ];

  it('to a login are failures of the catalogue, without any part of them', () => {
    check(fc.tuple(fc.constantFrom(400, 401, 403, 404, 500, 503), mutated(...TEXTS)), ([status, given]) => {
      const target = { url: 'unix:///var/run/docker.sock' };
      const failure = toLoginFailure(target, HOST, new StatusError(status, given));
      assert.ok(failure instanceof RefreshFailure);
      assertHidden(failure.message + failure.remedy);
    });
  });
});

describe("fuzzed: a Docker user's config.json", function () {
  this.timeout(TIMEOUT_MS);
  const auth = Buffer.from(`AWS:${CANARY}`).toString('base64');
  const CONFIG = {
    auths: { [HOST]: { auth }, 'https://index.docker.io/v1/': {} },
    credsStore: 'desktop',
    credHelpers: { [HOST]: 'ecr-login' },
  };

  it('is read, or has a fault, without its passwords', () => {
    check(mutatedJson(CONFIG).map(toText), (given) => {
      const parsed = parseDockerConfig(given);
      if ('fault' in parsed) assertHidden(parsed);
    });
    check(mutated(JSON.stringify(CONFIG)), (given) => {
      const parsed = parseDockerConfig(given);
      if ('fault' in parsed) assertHidden(parsed);
    });
  });
});

import assert from 'node:assert/strict';
import { createHttpClient, type HttpClient } from '../../../src/net/http.js';
import { NegativeCheckCache } from '../../../src/verify/registry/negative-check-cache.js';
import { createTokenVerifier } from '../../../src/verify/registry/verify-token.js';
import type { RegistryProbe } from '../../../src/refresh/activity-types.js';
import { WRONG_PASSWORD } from '../../../src/refresh/token.js';
import { Secret } from '../../../src/log/secret.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  assertHides,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../support/local-server.js';

const PASSWORD = 'ecr-password-that-must-not-show';
const TOKEN = 'bearer-token-that-must-not-show';
const SIGNATURE = { 'docker-distribution-api-version': 'registry/2.0' };

describe('createTokenVerifier', () => {
  let server: LocalServer;
  let answer: Answer;
  let http: HttpClient;
  let restore = (): void => {};
  let checks: NegativeCheckCache;
  let nowMs: number;
  let images: readonly string[];

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    nowMs = 0;
    checks = new NegativeCheckCache(() => new Date(nowMs));
    images = [];
    http = createHttpClient({ version: '0' });
    answer = (_request, response) => answerJson(response, 200, {});
    server = await startServer((request, response) => answer(request, response));
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  async function probe(host = server.host, client = http): Promise<RegistryProbe> {
    const verify = createTokenVerifier(client, checks);
    const result = await verify(host, new Secret(PASSWORD), images, anySignal());
    assertHides(result, [PASSWORD]);
    assert.equal(result.registry, host);
    return result;
  }

  const hasRejectedWrongPassword = (): boolean => checks.has(server.host);

  async function assertOutcome(outcome: RegistryProbe['outcome'], message: string): Promise<void> {
    const result = await probe();
    assert.deepEqual([result.outcome, result.message], [outcome, message]);
  }

  it('requests the challenge, then sends the password to GET /v2/ with basic authentication', async () => {
    answer = requireBasic(PASSWORD);
    checks.add(server.host);
    const result = await probe();
    assert.deepEqual(result, { registry: server.host, outcome: 'accepted' });
    assert.deepEqual(
      server.requests.map(({ method, path, headers }) => [method, path, headers.authorization]),
      [
        ['GET', '/v2/', undefined],
        ['GET', '/v2/', basic(PASSWORD)],
      ],
    );
  });

  describe('checks that a wrong password is rejected', () => {
    it('accepts the token and remembers the check if the wrong password is rejected', async () => {
      answer = requireBasic(PASSWORD);
      assert.equal((await probe()).outcome, 'accepted');
      assert.ok(hasRejectedWrongPassword());
      assert.equal(server.requests.at(-1)?.headers.authorization, basic(WRONG_PASSWORD));
    });

    it('sends a wrong password once a day', async () => {
      answer = requireBasic(PASSWORD);
      const counts: number[] = [];
      for (const passedMs of [0, 24 * 3_600_000 - 1, 1, 1]) {
        nowMs += passedMs;
        await probe();
        counts.push(server.requests.splice(0).length);
      }
      assert.deepEqual(counts, [3, 2, 3, 2]);
    });

    it('checks again each time after a wrong password was accepted', async () => {
      answer = (request, response) =>
        request.headers.authorization === undefined
          ? challenge(response, 'Basic realm="x"')
          : answerJson(response, 200, {});
      for (let times = 0; times < 2; times += 1) {
        await assertOutcome('inconclusive', 'the registry also accepts a wrong password');
      }
      assert.equal(server.requests.length, 6);
    });

    it('is inconclusive if a wrong password is accepted', async () => {
      answer = (request, response) =>
        request.headers.authorization === undefined
          ? challenge(response, 'Basic realm="x"')
          : answerJson(response, 200, {});
      await assertOutcome('inconclusive', 'the registry also accepts a wrong password');
      assert.ok(!hasRejectedWrongPassword());
    });

    it('is inconclusive with anonymous access, without further requests, also if checked before', async () => {
      await assertOutcome('inconclusive', 'the registry allows anonymous access');
      assert.equal(server.requests.length, 2);
      checks.add(server.host);
      await assertOutcome('inconclusive', 'the registry allows anonymous access');
    });

    it('accepts the token if the check gets no response, and checks again the next time', async () => {
      answer = (request, response) => {
        if (request.headers.authorization === basic(WRONG_PASSWORD)) response.writeHead(429).end();
        else requireBasic(PASSWORD)(request, response);
      };
      assert.equal((await probe()).outcome, 'accepted');
      assert.ok(!hasRejectedWrongPassword());
      answer = (request, response) => {
        if (request.headers.authorization === basic(WRONG_PASSWORD)) response.destroy();
        else requireBasic(PASSWORD)(request, response);
      };
      assert.equal((await probe()).outcome, 'accepted');
      assert.ok(!hasRejectedWrongPassword());
    });

    it('is skipped if the token itself is rejected', async () => {
      answer = requireBasic('another');
      assert.equal((await probe()).outcome, 'rejected');
      assert.ok(!hasRejectedWrongPassword());
      assert.equal(server.requests.length, 2);
    });
  });

  describe('exchanges the password for a token if the registry requires it', () => {
    const bearer = (realm: string): string => `Bearer realm="${realm}",service="public",scope="aws"`;

    function withTokens(valid = PASSWORD): Answer {
      return ({ path, headers: { authorization } }, response) => {
        if (path.startsWith('/token')) {
          if (authorization === basic(valid))
            answerJson(response, 200, { token: `${TOKEN}-of-${path.length}` });
          else response.writeHead(400).end();
        } else if (authorization?.startsWith(`Bearer ${TOKEN}`)) answerJson(response, 200, {});
        else if (authorization === undefined) challenge(response, bearer(`${server.url}/token`));
        else response.writeHead(400, SIGNATURE).end();
      };
    }

    it('at the realm, with service and scope', async () => {
      answer = withTokens();
      assert.equal((await probe()).outcome, 'accepted');
      const [, exchange, login] = server.requests;
      assert.equal(exchange?.path, '/token?service=public&scope=aws');
      assert.equal(exchange.headers.authorization, basic(PASSWORD));
      assert.match(login?.headers.authorization ?? '', new RegExp(`^Bearer ${TOKEN}`));
    });

    it('but not if the password is wrong', async () => {
      answer = withTokens();
      assert.equal((await probe()).outcome, 'accepted');
      assert.ok(!hasRejectedWrongPassword());
      answer = (request, response) =>
        request.path.startsWith('/token') && request.headers.authorization === basic(WRONG_PASSWORD)
          ? answerJson(response, 401, { errors: [{ code: 'UNAUTHORIZED' }] })
          : withTokens()(request, response);
      assert.equal((await probe()).outcome, 'accepted');
      assert.ok(hasRejectedWrongPassword());
    });

    it('and reports a rejection, and a response without a token', async () => {
      answer = (request, response) =>
        request.path.startsWith('/token')
          ? answerJson(response, 403, { errors: [{ code: 'DENIED', message: PASSWORD }] })
          : withTokens()(request, response);
      await assertOutcome('rejected', '403 DENIED: the registry denied the AWS principal of the token');
      for (const body of [{}, { token: 1 }, { token: '' }, { token: 'a\r\nb' }, null]) {
        answer = (request, response) =>
          request.path.startsWith('/token')
            ? answerJson(response, 200, body)
            : withTokens()(request, response);
        await assertOutcome('unreachable', 'unexpected response: the login returned no token (200)');
      }
    });

    it('but sends nothing to a realm on another host', async () => {
      const evil = await startServer((_request, response) => answerJson(response, 200, { token: TOKEN }));
      for (const header of [bearer(`${evil.url}/token`), `Basic realm="x", ${bearer(`${evil.url}/token`)}`]) {
        answer = (_request, response) => challenge(response, header);
        const result = await probe();
        assert.deepEqual(
          [result.outcome, result.type, result.message],
          ['rejected', 'RegistryRealmForeign', 'its auth realm points to another host'],
        );
      }
      assert.deepEqual(evil.requests, []);
      assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
      await evil.close();
    });

    for (const { header, message } of [
      {
        header: 'Bearer realm="/token"',
        message: 'its auth realm is a relative URL, not one with https:// and a host',
      },
      { header: 'Bearer realm="https://"', message: 'its auth realm is not a valid URL' },
      { header: 'Bearer service="x"', message: 'its auth challenge has no realm' },
      { header: 'Bearer realm="', message: 'its auth challenge (WWW-Authenticate) cannot be parsed' },
    ]) {
      it(`but sends nothing for the challenge ${header}, and reports that it cannot be read`, async () => {
        answer = (_request, response) => challenge(response, header);
        const result = await probe();
        assert.deepEqual(
          [result.outcome, result.type, result.message],
          ['rejected', 'RegistryRealmForeign', message],
        );
        assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
      });
    }

    for (const header of ['', 'Negotiate', ']]{']) {
      it(`but sends nothing for the challenge ${JSON.stringify(header)}, with which Docker cannot log in`, async () => {
        answer = (_request, response) => challenge(response, header);
        const { outcome, message } = await probe();
        assert.deepEqual(
          [outcome, message],
          [
            'unreachable',
            'its auth challenge has neither Basic nor Bearer; check for a proxy in front of it',
          ],
        );
        assert.ok(server.requests.every(({ headers }) => headers.authorization === undefined));
      });
    }
  });

  describe('checks whether an image can be pulled', () => {
    const OCI = 'application/vnd.oci.image.manifest.v1+json';
    const denied =
      (message: string): Answer =>
      (_request, response) =>
        answerJson(response, 403, { errors: [{ code: 'DENIED', message }] });

    async function checkPull(manifest: Answer, image = 'team/app:1.0'): Promise<unknown> {
      images = [image];
      answer = (request, response) =>
        request.path.includes('/manifests/')
          ? manifest(request, response)
          : requireBasic(PASSWORD)(request, response);
      const { outcome, pulls } = await probe();
      assert.equal(outcome, 'accepted');
      return pulls;
    }

    it('by requesting its manifest in any format', async () => {
      const pulls = await checkPull((_request, response) => answerJson(response, 200, { schemaVersion: 2 }));
      assert.deepEqual(pulls, [{ image: 'team/app:1.0', outcome: 'allowed' }]);
      const request = server.requests.at(-1);
      assert.equal(request?.path, '/v2/team/app/manifests/1.0');
      assert.equal(request.headers.authorization, basic(PASSWORD));
      assert.ok(request.headers.accept?.includes(OCI));
    });

    it('by digest', async () => {
      await checkPull(
        (_request, response) => answerJson(response, 200, { schemaVersion: 2 }),
        `app@sha256:${'0'.repeat(64)}`,
      );
      assert.equal(server.requests.at(-1)?.path, `/v2/app/manifests/sha256:${'0'.repeat(64)}`);
    });

    const cases: readonly {
      readonly title: string;
      readonly manifest: Answer;
      readonly outcome: string;
      readonly message: string;
    }[] = [
      {
        title: 'a missing permission by name',
        manifest: denied(
          'User: arn:aws:sts::123456789012:x is not authorized to perform: ecr:BatchGetImage on resource: y',
        ),
        outcome: 'denied',
        message: '403 DENIED: the principal can log in but cannot pull: missing permission ecr:BatchGetImage',
      },
      {
        title: 'another denial without its text',
        manifest: denied(PASSWORD),
        outcome: 'denied',
        message: '403 DENIED: the principal can log in but cannot pull',
      },
      {
        title: 'a missing repository',
        manifest: (_q, r) => answerJson(r, 404, { errors: [{ code: 'NAME_UNKNOWN' }] }),
        outcome: 'missing',
        message: 'the registry has no such repository',
      },
      {
        title: 'a missing tag',
        manifest: (_q, r) => answerJson(r, 404, { errors: [{ code: 'MANIFEST_UNKNOWN' }] }),
        outcome: 'missing',
        message: 'the registry has no such image',
      },
      {
        title: 'an HTML page',
        manifest: (_q, r) => answerHtml(r, 200),
        outcome: 'unknown',
        message: 'the response is not a manifest',
      },
      {
        title: 'an HTML page with 403',
        manifest: (_q, r) => answerHtml(r, 403),
        outcome: 'unknown',
        message: 'this 403 is not from the registry; check for a proxy in front of it',
      },
      {
        title: 'throttling',
        manifest: (_q, r) => r.writeHead(429).end(),
        outcome: 'unknown',
        message: 'the registry throttled the request (429)',
      },
      {
        title: 'a broken connection',
        manifest: (_q, r) => r.destroy(),
        outcome: 'unknown',
        message: 'connection reset (HOST)',
      },
    ];
    for (const { title, manifest, outcome, message } of cases) {
      it(`and reports ${title}`, async () => {
        assert.deepEqual(await checkPull(manifest), [
          { image: 'team/app:1.0', outcome, message: message.replace('HOST', server.host) },
        ]);
      });
    }
  });

  describe('treats as a rejection by the registry', () => {
    it('an expired token (403 DENIED)', async () => {
      answer = (_request, response) =>
        answerJson(response, 403, {
          errors: [
            {
              code: 'DENIED',
              message: 'Your authorization token has expired. Reauthenticate and try again.',
            },
          ],
        });
      await assertOutcome(
        'rejected',
        '403 DENIED: the registry reports an expired token; ECR reports this for any token that it cannot read',
      );
    });

    it('an ended session of the principal', async () => {
      answer = (_request, response) =>
        response
          .writeHead(403, SIGNATURE)
          .end('denied: The security token included in the request is invalid');
      await assertOutcome('rejected', '403: the AWS session behind the token has ended');
    });

    it('a token of another region (400)', async () => {
      answer = (_request, response) => response.writeHead(400, SIGNATURE).end();
      await assertOutcome('rejected', '400: the token is malformed or from another region');
    });

    it('an invalid authorization header (401)', async () => {
      answer = (_request, response) => {
        response.writeHead(401, SIGNATURE).end('no basic auth credentials');
      };
      await assertOutcome('rejected', '401: the registry rejected the credentials');
      assert.equal(server.requests.length, 2);
    });

    it('any other 403, without the text of the registry', async () => {
      answer = (_request, response) =>
        answerJson(response, 403, {
          errors: [{ code: 'DENIED', message: `User: ${PASSWORD} is not authorized` }],
        });
      await assertOutcome('rejected', '403 DENIED: the registry denied the AWS principal of the token');
    });

    it('an error with an unusual code, without the code', async () => {
      answer = (_request, response) => answerJson(response, 403, { errors: [{ code: PASSWORD }] });
      await assertOutcome('rejected', '403: the registry denied the AWS principal of the token');
    });
  });

  describe('treats as no response of the registry', () => {
    const notFromRegistry = (status: number): string =>
      `this ${status} is not from the registry; check for a proxy in front of it`;
    const cases: readonly { readonly title: string; readonly message: string; readonly reply: Answer }[] = [
      { title: 'an HTML page with 403', message: notFromRegistry(403), reply: (_q, r) => answerHtml(r, 403) },
      { title: 'an HTML page with 200', message: notFromRegistry(200), reply: (_q, r) => answerHtml(r, 200) },
      {
        title: 'a 401 with JSON of another service',
        message: notFromRegistry(401),
        reply: (_q, r) => answerJson(r, 401, { errors: ['x'] }),
      },
      { title: '404', message: notFromRegistry(404), reply: (_q, r) => r.writeHead(404, SIGNATURE).end() },
      {
        title: '429',
        message: 'the registry throttled the request (429)',
        reply: (_q, r) => r.writeHead(429, SIGNATURE).end(),
      },
      {
        title: '503',
        message: 'the registry or a proxy in front of it returned a server error (503)',
        reply: (_q, r) => r.writeHead(503, SIGNATURE).end(),
      },
      {
        title: 'a redirect',
        message: 'a redirect (HTTP 307) was not followed',
        reply: (_q, r) => r.writeHead(307, { location: 'http://127.0.0.1:1/v2' }).end(),
      },
      {
        title: 'a response that is too large',
        message: 'the response is too large',
        reply: (_q, r) => r.end('x'.repeat(2_000_000)),
      },
      {
        title: 'a broken connection',
        message: 'connection reset (HOST)',
        reply: (_q, r) => r.destroy(),
      },
    ];
    for (const { title, message, reply } of cases) {
      it(title, async () => {
        answer = reply;
        await assertOutcome('unreachable', message.replace('HOST', server.host));
      });
    }

    it('a timeout', async () => {
      answer = () => {};
      const result = await probe(server.host, {
        send: (request) => http.send({ ...request, timeoutMs: request.timeoutMs / 150 }),
      });
      assert.equal(result.message, `timed out after 0.1 s (${server.host})`);
    });

    it('an unexpected error, without its text', async () => {
      const result = await probe(server.host, { send: () => Promise.reject(new Error(PASSWORD)) });
      assert.deepEqual(
        [result.outcome, result.message],
        ['unreachable', 'an unexpected error occurred during the check'],
      );
    });
  });

  describe('chooses the URL', () => {
    async function urlOf(host: string): Promise<string | undefined> {
      let url: string | undefined;
      await probe(host, {
        send: (request) => {
          url = request.url;
          return Promise.reject(new Error('not sent'));
        },
      });
      return url;
    }

    for (const { host, url } of [
      {
        host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
        url: 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/',
      },
      { host: 'registry.example.com:5000', url: 'https://registry.example.com:5000/v2/' },
      { host: '127.0.0.1:5000', url: 'http://127.0.0.1:5000/v2/' },
      { host: 'localhost:5000', url: 'http://localhost:5000/v2/' },
      { host: '[::1]:5000', url: 'http://[::1]:5000/v2/' },
      { host: '127.0.0.1.example.com', url: 'https://127.0.0.1.example.com/v2/' },
      { host: 'localhost.example.com', url: 'https://localhost.example.com/v2/' },
    ] as const) {
      it(`${host} → ${url}`, async () => {
        assert.equal(await urlOf(host), url);
      });
    }

    for (const host of ['a@b', 'a/b', 'a?b', 'a#b', '', 'a b', 'http://a', '[::1', 'a:999999']) {
      it(`sends nothing to ${JSON.stringify(host)}`, async () => {
        assert.equal(await urlOf(host), undefined);
      });
    }
  });
});

function basic(password: string): string {
  return `Basic ${Buffer.from(`AWS:${password}`).toString('base64')}`;
}

function challenge(response: Parameters<Answer>[1], header: string): void {
  response.writeHead(401, { ...SIGNATURE, 'www-authenticate': header }).end();
}

/** A registry that accepts one password. */
function requireBasic(password: string): Answer {
  return ({ headers: { authorization } }, response) => {
    if (authorization === basic(password)) answerJson(response, 200, {});
    else if (authorization === undefined) challenge(response, 'Basic realm="https://127.0.0.1/"');
    else answerJson(response, 403, { errors: [{ code: 'DENIED', message: 'expired' }] });
  };
}

import assert from 'node:assert/strict';
import { createHttpClient, type HttpClient } from '../../src/adapters/http.js';
import { createRegistryApi } from '../../src/adapters/registry.js';
import type { RegistryProbe } from '../../src/domain/steps.js';
import { Secret } from '../../src/secret.js';
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
} from './local-server.js';

const PASSWORD = 'ecr-password-that-must-not-show';
const SIGNATURE = { 'docker-distribution-api-version': 'registry/2.0' };

describe('createRegistryApi', () => {
  let server: LocalServer;
  let answer: Answer;
  let http: HttpClient;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    http = createHttpClient({ version: '0' });
    answer = (_request, response) => answerJson(response, 200, {});
    server = await startServer((request, response) => answer(request, response));
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  async function probe(host = server.host, client = http): Promise<RegistryProbe> {
    const result = await createRegistryApi({ http: client }).probe(host, new Secret(PASSWORD), anySignal());
    assertHides(result, [PASSWORD]);
    assert.equal(result.registry, host);
    return result;
  }

  async function assertOutcome(outcome: RegistryProbe['outcome'], message: string): Promise<void> {
    const result = await probe();
    assert.deepEqual([result.outcome, result.message], [outcome, message]);
  }

  it('shows the password as Basic to /v2/, by GET', async () => {
    const result = await probe();
    assert.deepEqual(result, { registry: server.host, outcome: 'accepted' });
    const [request] = server.requests;
    assert.equal(request?.method, 'GET');
    assert.equal(request.path, '/v2/');
    assert.equal(request.headers.authorization, `Basic ${Buffer.from(`AWS:${PASSWORD}`).toString('base64')}`);
  });

  describe('takes for a refusal of the registry', () => {
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
      await assertOutcome('refused', '403 DENIED: the registry takes the token for expired');
    });

    it('an ended session of the principal', async () => {
      answer = (_request, response) =>
        response
          .writeHead(403, SIGNATURE)
          .end('denied: The security token included in the request is invalid');
      await assertOutcome('refused', '403: the AWS session behind the token is no longer valid');
    });

    it('a token of another region (400)', async () => {
      answer = (_request, response) => response.writeHead(400, SIGNATURE).end();
      await assertOutcome('refused', '400: a token of another region, or malformed');
    });

    it('a header that it does not take (401)', async () => {
      answer = (_request, response) => {
        response.writeHead(401, {
          ...SIGNATURE,
          'www-authenticate': 'Bearer realm="http://127.0.0.1:1/token"',
        });
        response.end('no basic auth credentials');
      };
      await assertOutcome('refused', '401: the registry does not take this as a sign-in');
      assert.equal(server.requests.length, 1);
    });

    it('any other 403, without the words of the registry', async () => {
      answer = (_request, response) =>
        answerJson(response, 403, {
          errors: [{ code: 'DENIED', message: `User: ${PASSWORD} is not authorized` }],
        });
      await assertOutcome('refused', '403 DENIED: the registry does not admit the principal of the token');
    });

    it('an error of an odd code, without the code', async () => {
      answer = (_request, response) => answerJson(response, 403, { errors: [{ code: PASSWORD }] });
      await assertOutcome('refused', '403: the registry does not admit the principal of the token');
    });
  });

  describe('takes for no answer of the registry', () => {
    const foreign = (status: number): string => `something other than a registry answered (${status})`;
    const cases: readonly (readonly [what: string, message: string, answer: Answer])[] = [
      ['a page with 403', foreign(403), (_q, r) => answerHtml(r, 403)],
      ['a page with 200', foreign(200), (_q, r) => answerHtml(r, 200)],
      [
        'JSON with 401 that is not a registry',
        foreign(401),
        (_q, r) => answerJson(r, 401, { errors: ['x'] }),
      ],
      ['404', foreign(404), (_q, r) => r.writeHead(404, SIGNATURE).end()],
      ['429', 'the registry asks for fewer requests (429)', (_q, r) => r.writeHead(429, SIGNATURE).end()],
      ['503', 'the registry or a proxy before it failed (503)', (_q, r) => r.writeHead(503, SIGNATURE).end()],
      [
        'a redirect',
        'a redirect (HTTP 307) was refused',
        (_q, r) => r.writeHead(307, { location: 'http://127.0.0.1:1/' }).end(),
      ],
      ['too much', 'the answer is too large', (_q, r) => r.end('x'.repeat(2_000_000))],
      ['a broken connection', 'the connection was broken off', (_q, r) => r.destroy()],
    ];
    for (const [what, message, reply] of cases) {
      it(what, async () => {
        answer = reply;
        await assertOutcome('unreachable', message);
      });
    }

    it('silence', async () => {
      answer = () => {};
      const result = await probe(server.host, {
        send: (request) => http.send({ ...request, timeoutMs: request.timeoutMs / 150 }),
      });
      assert.equal(result.message, 'no answer within 0.1 s');
    });

    it('an error that nobody foresaw, without its text', async () => {
      const result = await probe(server.host, { send: () => Promise.reject(new Error(PASSWORD)) });
      assert.deepEqual([result.outcome, result.message], ['unreachable', 'the request failed']);
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

    for (const [host, url] of [
      [
        '123456789012.dkr.ecr.us-east-1.amazonaws.com',
        'https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/',
      ],
      ['registry.example.com:5000', 'https://registry.example.com:5000/v2/'],
      ['127.0.0.1:5000', 'http://127.0.0.1:5000/v2/'],
      ['localhost:5000', 'http://localhost:5000/v2/'],
      ['[::1]:5000', 'http://[::1]:5000/v2/'],
      ['127.0.0.1.example.com', 'https://127.0.0.1.example.com/v2/'],
      ['localhost.example.com', 'https://localhost.example.com/v2/'],
    ] as const) {
      it(`${host} → ${url}`, async () => {
        assert.equal(await urlOf(host), url);
      });
    }

    for (const host of ['a@b', 'a/b', 'a?b', 'a#b', '', 'a b', 'http://a', '[::1', 'a:999999']) {
      it(`${JSON.stringify(host)}: nothing is sent`, async () => {
        assert.equal(await urlOf(host), undefined);
      });
    }
  });
});

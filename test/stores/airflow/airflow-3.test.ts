import assert from 'node:assert/strict';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import type http from 'node:http';
import { createHttpClient, type HttpClient } from '../../../src/net/http.js';
import type { ConnectionRecord } from '../../../src/refresh/check-connection.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
  type RecordedRequest,
} from '../../support/local-server.js';
import { connect as connectStore, PASSWORD, writeOne } from './connect.js';

const TOKEN = 'ecr-password-that-must-not-show';
const JWT = 'first.jwt.that-must-not-show';
const NEW_JWT = 'second.jwt.that-must-not-show';
const SECRETS = [TOKEN, JWT, NEW_JWT, PASSWORD];

const SHOWN = {
  connection_id: 'docker_default',
  conn_type: 'docker',
  description: null,
  host: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
  login: 'AWS',
  schema: null,
  port: null,
  password: '***',
  extra: '{"reauth": true}',
};
const STORED: ConnectionRecord = {
  id: 'docker_default',
  type: 'docker',
  host: SHOWN.host,
  login: 'AWS',
  port: null,
  schema: null,
  extra: '{"reauth": true}',
  description: null,
};

/** Airflow's schema check echoes the request body. */
const ECHO = {
  detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: { password: TOKEN } }],
};

describe('AirflowStore on Airflow 3', () => {
  let server: LocalServer;
  let answer: Answer;
  let api: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    answer = (_request, response) => answerJson(response, 200, SHOWN);
    server = await startServer((request, response) => {
      if (request.path.endsWith('/auth/token')) {
        const jwt = logins().length === 1 ? JWT : NEW_JWT;
        answerJson(response, 201, { access_token: jwt });
      } else {
        answer(request, response);
      }
    });
    api = connect(createHttpClient({ version: '0' }));
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function connect(http: HttpClient, path = ''): AirflowStore {
    return connectStore(server.url + path, { version: 3, http });
  }

  function logins(): readonly RecordedRequest[] {
    return server.requests.filter(({ path }) => path.endsWith('/auth/token'));
  }

  /** All requests except logins. */
  function requests(): readonly RecordedRequest[] {
    return server.requests.filter(({ path }) => !path.endsWith('/auth/token'));
  }

  function read(id = 'docker_default'): Promise<ConnectionRecord | undefined> {
    return api.read(id, anySignal());
  }

  function write(password = TOKEN, connection = STORED): Promise<ConnectionRecord | undefined> {
    return writeOne(api, connection, password);
  }

  it('reads a connection, without its password', async () => {
    assert.deepEqual(await read(), STORED);
    const [sent] = requests();
    assert.equal(sent?.method, 'GET');
    assert.equal(sent.path, '/api/v2/connections/docker_default');
    assert.equal(sent.headers.authorization, `Bearer ${JWT}`);
  });

  it('reads below a sub-path and encodes the id', async () => {
    api = connect(createHttpClient({ version: '0' }), '/team/airflow/');
    await read('a b/../c?d').catch(() => undefined);
    assert.equal(requests()[0]?.path, '/team/airflow/api/v2/connections/a%20b%2F..%2Fc%3Fd');
  });

  for (const id of ['', '.', '..']) {
    it(`rejects the id "${id}", which would change the path of the URL`, async () => {
      await expectFailure(read(id), 'StoreRequestRejected', SECRETS);
      assert.deepEqual(server.requests, []);
    });
  }

  it('writes only the password with update_mask, and returns the connection', async () => {
    assert.deepEqual(await write(), STORED);
    const [sent] = requests();
    assert.equal(sent?.method, 'PATCH');
    assert.equal(sent.path, '/api/v2/connections/docker_default?update_mask=password');
    assert.deepEqual(JSON.parse(sent.body), {
      connection_id: 'docker_default',
      conn_type: 'docker',
      password: TOKEN,
    });
  });

  for (const password of ['', ' ', '***', '***\n']) {
    it(`never writes the password ${JSON.stringify(password)}`, async () => {
      await expectFailure(write(password), 'EcrResponseInvalid', SECRETS);
      assert.deepEqual(server.requests, []);
    });
  }

  it('returns undefined for a connection that Airflow does not have', async () => {
    answer = (_request, response) =>
      answerJson(response, 404, {
        detail: 'The Connection with connection_id: `docker_default` was not found',
      });
    assert.equal(await read(), undefined);
    assert.equal(await write(), undefined);
  });

  it('reads the version without a login', async () => {
    answer = (_request, response) => answerJson(response, 200, { version: '3.3.2', git_version: 'x' });
    assert.equal(await api.check(anySignal()), 'version 3.3.2');
    assert.equal(server.requests[0]?.path, '/api/v2/version');
    assert.equal(server.requests[0].headers.authorization, undefined);
  });

  it('rejects a malformed version', async () => {
    answer = (_request, response) => answerJson(response, 200, { version: `3 ${TOKEN}` });
    await expectFailure(api.check(anySignal()), 'StoreUnavailable', SECRETS);
  });

  it('rejects a connection that was not requested', async () => {
    answer = (_request, response) => answerJson(response, 200, { ...SHOWN, connection_id: 'b' });
    const { message } = await expectFailure(read(), 'StoreUnavailable', SECRETS);
    assert.match(message, /GET connection docker_default: Airflow returned connection b instead of /);
  });

  it('does not show the id of such a connection when it is not valid', async () => {
    answer = (_request, response) => answerJson(response, 200, { ...SHOWN, connection_id: `${TOKEN} x` });
    const { message } = await expectFailure(read(), 'StoreUnavailable', SECRETS);
    assert.match(message, /returned another connection instead of docker_default$/);
  });

  describe('when Airflow rejects the JWT', () => {
    const clocks = 'clocks may differ between API servers, or a proxy removes the Authorization header';
    const rejections: readonly { status: number; detail: string; cause: string; tries: number }[] = [
      { status: 401, detail: 'Token Expired', cause: clocks, tries: 1 },
      { status: 401, detail: 'Not authenticated', cause: clocks, tries: 1 },
      {
        status: 403,
        detail: 'Invalid JWT token',
        cause: '`[api_auth] jwt_secret` may differ between API servers',
        // Another API server may have signed it.
        tries: 3,
      },
    ];
    for (const { status, detail, cause, tries } of rejections) {
      it(`logs in once more after ${status} "${detail}"`, async () => {
        await read();
        const before = requests().length;
        answer = (request, response) =>
          request.headers.authorization === `Bearer ${JWT}`
            ? answerJson(response, status, { detail })
            : answerJson(response, 200, SHOWN);
        assert.deepEqual(await write(), STORED);
        assert.equal(logins().length, 2);
        assert.equal(requests().length - before, tries + 1);
      });

      it(`reports the cause when ${status} "${detail}" persists, and allows a retry`, async () => {
        answer = (_request, response) => answerJson(response, status, { detail });
        const { message } = await expectFailure(read(), 'StoreUnavailable', SECRETS);
        assert.equal(
          message,
          `Airflow main: ${status} on GET connection docker_default: a token that was just issued was rejected; ${cause}`,
        );
        assert.equal(logins().length, 2);
        assert.equal(requests().length, 2 * tries);
      });
    }

    it('does not log in again after 403 "Forbidden"', async () => {
      answer = (_request, response) => answerJson(response, 403, { detail: 'Forbidden' });
      const reading = await expectFailure(read(), 'StoreForbidden', SECRETS);
      const writing = await expectFailure(write(), 'StoreForbidden', SECRETS);
      assert.equal(
        reading.message,
        'Airflow main: 403 on GET connection docker_default: the user is not allowed to read connections',
      );
      assert.equal(
        writing.message,
        'Airflow main: 403 on PATCH connection docker_default: the user is not allowed to edit connections',
      );
      assert.equal(logins().length, 1);
    });
  });

  describe('when a request fails', () => {
    interface Case {
      title: string;
      type: FailureType;
      pattern: RegExp;
      reply: (r: http.ServerResponse) => void;
    }
    const cases: readonly Case[] = [
      {
        title: '500',
        type: 'StoreUnavailable',
        pattern: /500 on .*: server error from Airflow or a proxy in front of it$/,
        reply: (r) => r.writeHead(500).end('Internal Server Error'),
      },
      { title: '502', type: 'StoreUnavailable', pattern: /502 on /, reply: (r) => answerHtml(r, 502) },
      { title: '503', type: 'StoreUnavailable', pattern: /503 on /, reply: (r) => answerHtml(r, 503) },
      {
        title: '429',
        type: 'StoreThrottled',
        pattern: /: requests are rate-limited \(429\)$/,
        reply: (r) => answerJson(r, 429, { detail: TOKEN }),
      },
      {
        title: 'an HTML page with 403',
        type: 'StoreUnavailable',
        pattern: /this 403 is not from Airflow; check for a proxy in front of it$/,
        reply: (r) => answerHtml(r, 403),
      },
      {
        title: 'an HTML page with 401',
        type: 'StoreUnavailable',
        pattern: /this 401 is not from Airflow; check for a proxy/,
        reply: (r) => answerHtml(r, 401),
      },
      {
        title: 'an HTML page with 404',
        type: 'StoreUnavailable',
        pattern: /this 404 is not from Airflow; check for a proxy/,
        reply: (r) => answerHtml(r, 404),
      },
      {
        title: 'an unknown route',
        type: 'StoreRequestRejected',
        pattern: /check the URL/,
        reply: (r) => answerJson(r, 404, { error: 'API route not found' }),
      },
      {
        title: '400',
        type: 'StoreRequestRejected',
        pattern: /400 on /,
        reply: (r) => answerJson(r, 400, { detail: TOKEN }),
      },
      {
        title: '405',
        type: 'StoreRequestRejected',
        pattern: /405 on /,
        reply: (r) => answerJson(r, 405, { detail: 'Method Not Allowed' }),
      },
      {
        title: '409',
        type: 'StoreRequestRejected',
        pattern: /409 on /,
        reply: (r) => answerJson(r, 409, { detail: { reason: TOKEN } }),
      },
      {
        title: '422 with an echo of the body',
        type: 'StoreRequestRejected',
        pattern: /422 on /,
        reply: (r) => answerJson(r, 422, ECHO),
      },
      {
        title: 'a redirect to the same path with a slash',
        type: 'StoreUnavailable',
        pattern: /a redirect \(HTTP 308\) was not followed; check for a proxy in front of Airflow$/,
        reply: (r) => r.writeHead(308, { location: `${r.req.url?.replace(/\?.*/, '')}/` }).end(),
      },
      {
        title: 'a redirect to a login page',
        type: 'StoreUnavailable',
        pattern: /redirect to another host or page \(HTTP 302\) .*SSO proxy in front of Airflow/,
        reply: (r) => r.writeHead(302, { location: `/oauth2/start?rd=${TOKEN}` }).end(),
      },
      {
        title: 'a redirect to another host',
        type: 'StoreUnavailable',
        pattern: /redirect to another host or page \(HTTP 302\) .*SSO proxy in front of Airflow/,
        reply: (r) => r.writeHead(302, { location: `https://login.invalid/?x=${TOKEN}` }).end(),
      },
      {
        title: 'an HTML page with 200',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's REST API$/,
        reply: (r) => answerHtml(r, 200),
      },
      {
        title: 'JSON of an unexpected shape',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's REST API$/,
        reply: (r) => answerJson(r, 200, { password: TOKEN }),
      },
      {
        title: 'JSON null',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's REST API$/,
        reply: (r) => answerJson(r, 200, null),
      },
      {
        title: 'a response that is too large',
        type: 'StoreResponseTooLarge',
        pattern: /larger than 6 MB$/,
        reply: (r) => r.end(TOKEN.repeat(250_000)),
      },
      {
        title: 'a reset connection',
        type: 'StoreUnreachable',
        pattern: /connection reset/,
        reply: (r) => r.destroy(),
      },
    ];
    for (const { title, type, pattern, reply } of cases) {
      it(`reports ${type} for ${title}`, async () => {
        answer = (_request, response) => reply(response);
        const reading = await expectFailure(read(), type, SECRETS);
        const writing = await expectFailure(write(), type, SECRETS);
        for (const { message } of [reading, writing]) {
          assert.match(message, /^Airflow main: .*(?:GET|PATCH) connection docker_default: /);
          assert.match(message, pattern);
        }
      });
    }

    it('reports StoreUnreachable when the connection is refused', async () => {
      const idle = await startServer(() => {});
      await idle.close();
      const auth = { kind: 'token', readToken: () => new Secret(JWT) } as const;
      api = connectStore(idle.url, { version: 3, auth });
      const { message } = await expectFailure(write(), 'StoreUnreachable', SECRETS);
      assert.equal(
        message,
        `Airflow main: PATCH connection docker_default: connection refused (${idle.host})`,
      );
    });

    it('reports StoreUnreachable when there is no response in time', async () => {
      answer = () => {};
      const client = createHttpClient({ version: '0' });
      // Shortens the limit of 30 s.
      api = connect({ send: (request) => client.send({ ...request, timeoutMs: request.timeoutMs / 300 }) });
      const { message } = await expectFailure(write(), 'StoreUnreachable', SECRETS);
      assert.equal(
        message,
        `Airflow main: PATCH connection docker_default: timed out after 0.1 s (${server.host})`,
      );
    });

    it('reports StoreUnreachable for an unknown error, without its text', async () => {
      api = connect({ send: () => Promise.reject(new Error(TOKEN)) });
      await expectFailure(write(), 'StoreUnreachable', SECRETS);
    });
  });

  it('does not show secrets when it is printed', () => {
    assertHides(api, SECRETS);
  });
});

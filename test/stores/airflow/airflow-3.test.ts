import assert from 'node:assert/strict';
import type { AirflowStore } from '../../../src/stores/airflow/rest-api.js';
import type http from 'node:http';
import { createAirflow3 } from '../../../src/stores/airflow/airflow-3.js';
import { createHttpTransport } from '../../../src/stores/airflow/http-transport.js';
import type { AirflowCredential } from '../../../src/stores/airflow/transport.js';
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
} from '../../support/local-server.js';

const TOKEN = 'ecr-password-that-must-not-show';
const JWT = 'first.jwt.that-must-not-show';
const NEW_JWT = 'second.jwt.that-must-not-show';
const SECRETS = [TOKEN, JWT, NEW_JWT];

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

/** What Airflow's schema check does with a body: it gives it back. */
const ECHO = {
  detail: [{ type: 'missing', loc: ['body'], msg: 'Field required', input: { password: TOKEN } }],
};

describe('createAirflow3', () => {
  let server: LocalServer;
  let answer: Answer;
  let rejected: Secret[];
  let api: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    rejected = [];
    answer = (_request, response) => answerJson(response, 200, SHOWN);
    server = await startServer((request, response) => answer(request, response));
    api = connect(createHttpClient({ version: '0' }));
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function connect(client: HttpClient, path = ''): AirflowStore {
    return connectTo(server.url + path, client);
  }

  function connectTo(url: string, client: HttpClient): AirflowStore {
    const session: AirflowCredential = {
      authorize: async () => new Secret(`Bearer ${JWT}`),
      renew: async (jwt) => {
        rejected.push(jwt);
        return new Secret(`Bearer ${NEW_JWT}`);
      },
      refusal: 'a new sign-in did not help',
    };
    const transport = createHttpTransport({ url, apiPath: '/api/v2', session, http: client });
    return createAirflow3({ name: 'main', transport });
  }

  function read(id = 'docker_default'): Promise<ConnectionRecord | undefined> {
    return api.read(id, anySignal());
  }

  /** The connection as Airflow returned it; undefined when it is missing. */
  async function write(password = TOKEN, connection = STORED): Promise<ConnectionRecord | undefined> {
    const [result] = await api.write([connection], new Secret(password), anySignal());
    return result?.outcome === 'written' ? result.record : undefined;
  }

  it('reads a connection, without its password', async () => {
    assert.deepEqual(await read(), STORED);
    assert.equal(server.requests[0]?.method, 'GET');
    assert.equal(server.requests[0].path, '/api/v2/connections/docker_default');
    assert.equal(server.requests[0].headers.authorization, `Bearer ${JWT}`);
  });

  it('reads below a sub-path and quotes the id', async () => {
    api = connect(createHttpClient({ version: '0' }), '/team/airflow/');
    await read('a b/../c?d');
    assert.equal(server.requests[0]?.path, '/team/airflow/api/v2/connections/a%20b%2F..%2Fc%3Fd');
  });

  for (const id of ['', '.', '..']) {
    it(`refuses the id "${id}", which leads elsewhere`, async () => {
      await expectFailure(read(id), 'StoreRequestRejected', SECRETS);
      assert.deepEqual(server.requests, []);
    });
  }

  it('writes the password alone, under the mask, and answers the connection', async () => {
    assert.deepEqual(await write(), STORED);
    const [sent] = server.requests;
    assert.equal(sent?.method, 'PATCH');
    assert.equal(sent.path, '/api/v2/connections/docker_default?update_mask=password');
    assert.deepEqual(JSON.parse(sent.body), {
      connection_id: 'docker_default',
      conn_type: 'docker',
      password: TOKEN,
    });
  });

  for (const password of ['', ' ', '***', '***\n']) {
    it(`never writes ${JSON.stringify(password)}`, async () => {
      await expectFailure(write(password), 'EcrResponseInvalid', SECRETS);
      assert.deepEqual(server.requests, []);
    });
  }

  it('answers undefined for a connection that Airflow does not have', async () => {
    answer = (_request, response) =>
      answerJson(response, 404, {
        detail: 'The Connection with connection_id: `docker_default` was not found',
      });
    assert.equal(await read(), undefined);
    assert.equal(await write(), undefined);
  });

  it('reads the version without a sign-in', async () => {
    answer = (_request, response) => answerJson(response, 200, { version: '3.3.2', git_version: 'x' });
    assert.equal(await api.check(anySignal()), 'version 3.3.2');
    assert.equal(server.requests[0]?.path, '/api/v2/version');
    assert.equal(server.requests[0].headers.authorization, undefined);
  });

  it('refuses a version that does not look like one', async () => {
    answer = (_request, response) => answerJson(response, 200, { version: `3 ${TOKEN}` });
    await expectFailure(api.check(anySignal()), 'StoreRequestRejected', SECRETS);
  });

  describe('when Airflow rejects the JWT', () => {
    const refusals: readonly { status: number; detail: string }[] = [
      { status: 401, detail: 'Token Expired' },
      { status: 401, detail: 'Not authenticated' },
      { status: 403, detail: 'Invalid JWT token' },
    ];
    for (const { status, detail } of refusals) {
      it(`signs in anew once after ${status} "${detail}"`, async () => {
        answer = (request, response) =>
          request.headers.authorization === `Bearer ${JWT}`
            ? answerJson(response, status, { detail })
            : answerJson(response, 200, SHOWN);
        assert.deepEqual(await write(), STORED);
        assert.deepEqual(
          rejected.map((jwt) => jwt.reveal()),
          [`Bearer ${JWT}`],
        );
        assert.equal(server.requests.length, 2);
      });

      it(`fails when ${status} "${detail}" stays`, async () => {
        answer = (_request, response) => answerJson(response, status, { detail });
        const { message } = await expectFailure(read(), 'StoreUnauthorized', SECRETS);
        assert.equal(
          message,
          `Airflow main: ${status} on GET connection docker_default: a new sign-in did not help`,
        );
        assert.equal(server.requests.length, 2);
      });
    }

    it('does not sign in anew after 403 "Forbidden"', async () => {
      answer = (_request, response) => answerJson(response, 403, { detail: 'Forbidden' });
      const reading = await expectFailure(read(), 'StoreForbidden', SECRETS);
      const writing = await expectFailure(write(), 'StoreForbidden', SECRETS);
      assert.equal(
        reading.message,
        'Airflow main: 403 on GET connection docker_default: the user may not read connections',
      );
      assert.equal(
        writing.message,
        'Airflow main: 403 on PATCH connection docker_default: the user may not edit connections',
      );
      assert.deepEqual(rejected, []);
    });
  });

  describe('turns what Airflow answers into a failure', () => {
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
        pattern: /500 on .*Fernet/,
        reply: (r) => r.writeHead(500).end('Internal Server Error'),
      },
      { title: '502', type: 'StoreUnavailable', pattern: /502 on /, reply: (r) => answerHtml(r, 502) },
      { title: '503', type: 'StoreUnavailable', pattern: /503 on /, reply: (r) => answerHtml(r, 503) },
      {
        title: '429',
        type: 'StoreUnavailable',
        pattern: /429 on /,
        reply: (r) => answerJson(r, 429, { detail: TOKEN }),
      },
      {
        title: 'a page with 403',
        type: 'StoreForbidden',
        pattern: /proxy or firewall/,
        reply: (r) => answerHtml(r, 403),
      },
      {
        title: 'a page with 404',
        type: 'StoreRequestRejected',
        pattern: /check the URL/,
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
        title: '422 that echoes the body',
        type: 'StoreRequestRejected',
        pattern: /422 on /,
        reply: (r) => answerJson(r, 422, ECHO),
      },
      {
        title: 'a redirect',
        type: 'StoreRequestRejected',
        pattern: /redirect \(HTTP 302\)/,
        reply: (r) => r.writeHead(302, { location: `https://login.invalid/?x=${TOKEN}` }).end(),
      },
      {
        title: 'a page with 200',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's REST API/,
        reply: (r) => answerHtml(r, 200),
      },
      {
        title: 'JSON of another shape',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's REST API/,
        reply: (r) => answerJson(r, 200, { password: TOKEN }),
      },
      {
        title: 'JSON null',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's REST API/,
        reply: (r) => answerJson(r, 200, null),
      },
      {
        title: 'too much',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's REST API/,
        reply: (r) => r.end(TOKEN.repeat(250_000)),
      },
      {
        title: 'a broken connection',
        type: 'StoreUnreachable',
        pattern: /the connection was broken off/,
        reply: (r) => r.destroy(),
      },
    ];
    for (const { title, type, pattern, reply } of cases) {
      it(`${title}: ${type}`, async () => {
        answer = (_request, response) => reply(response);
        const reading = await expectFailure(read(), type, SECRETS);
        const writing = await expectFailure(write(), type, SECRETS);
        for (const { message } of [reading, writing]) {
          assert.match(message, /^Airflow main: .*(?:GET|PATCH) connection docker_default: /);
          assert.match(message, pattern);
        }
      });
    }

    it('nothing at all: StoreUnreachable', async () => {
      const idle = await startServer(() => {});
      await idle.close();
      api = connectTo(idle.url, createHttpClient({ version: '0' }));
      const { message } = await expectFailure(write(), 'StoreUnreachable', SECRETS);
      assert.equal(message, 'Airflow main: PATCH connection docker_default: connection refused');
    });

    it('no answer in time: StoreUnreachable', async () => {
      answer = () => {};
      const client = createHttpClient({ version: '0' });
      // The limit of 30 s, made short.
      api = connect({ send: (request) => client.send({ ...request, timeoutMs: request.timeoutMs / 300 }) });
      const { message } = await expectFailure(write(), 'StoreUnreachable', SECRETS);
      assert.equal(message, 'Airflow main: PATCH connection docker_default: no answer within 0.1 s');
    });

    it('an error that nobody foresaw: StoreUnreachable, without its text', async () => {
      api = connect({ send: () => Promise.reject(new Error(TOKEN)) });
      await expectFailure(write(), 'StoreUnreachable', SECRETS);
    });
  });

  it('shows no secret when it is printed', () => {
    assertHides(api, SECRETS);
  });
});

import assert from 'node:assert/strict';
import { createJwtLogin } from '../../../../src/stores/airflow/auth/login-methods.js';
import { AirflowLogin } from '../../../../src/stores/airflow/auth/login.js';
import type { ApiResponse } from '../../../../src/stores/airflow/transport.js';
import { createHttpClient, type HttpClient } from '../../../../src/net/http.js';
import { RefreshFailure, type FailureType } from '../../../../src/refresh/failures.js';
import { Secret } from '../../../../src/log/secret.js';
import {
  answerHtml,
  answerJson,
  anySignal,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
  startServer,
  type Answer,
  type LocalServer,
} from '../../../support/local-server.js';
import { connect } from '../connect.js';

const PASSWORD = 'login-password-that-must-not-show';
const GET_X = { airflow: 'main', action: 'GET x' };
const SHOWN = { connection_id: 'docker_default', conn_type: 'docker', host: null, login: null, extra: null };

describe('createJwtLogin', () => {
  let server: LocalServer;
  let answer: Answer;
  let http: HttpClient;
  let clockMs: number;
  let issued: string[];
  let password: () => Secret | Promise<Secret>;
  let version: string | undefined;
  let login: AirflowLogin;
  let restore = (): void => {};

  function issue(): string {
    const jwt = `header.payload-${issued.length}.signature`;
    issued.push(jwt);
    return jwt;
  }

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    clockMs = 5_000_000;
    version = undefined;
    issued = [];
    password = () => new Secret(PASSWORD);
    answer = (_request, response) => answerJson(response, 201, { access_token: issue() });
    server = await startServer((request, response) => answer(request, response));
    http = createHttpClient({ version: '0' });
    login = open(server.url);
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function open(url: string, client = http): AirflowLogin {
    const settings = { url, username: 'ecr-refresh', readPassword: () => password(), http: client };
    const method = createJwtLogin(settings, () => version);
    return new AirflowLogin('main', method, () => clockMs);
  }

  /** Sends a request, which fails with the `rejected` header, and returns the header that is accepted. */
  async function authorize(rejected?: Secret, signal = anySignal()): Promise<Secret> {
    let accepted: Secret | undefined;
    await login.send({}, signal, async (header): Promise<ApiResponse> => {
      if (header === rejected) return { request: GET_X, status: 401, json: { detail: 'Token Expired' } };
      accepted = header;
      return { request: GET_X, status: 200, json: {} };
    });
    return accepted ?? assert.fail('no request was sent');
  }

  it('logs in with user name and password, below a sub-path', async () => {
    login = open(`${server.url}/airflow`);
    assert.equal((await authorize()).reveal(), `Bearer ${issued[0]}`);
    const [request] = server.requests;
    assert.equal(request?.method, 'POST');
    assert.equal(request.path, '/airflow/auth/token');
    assert.deepEqual(JSON.parse(request.body), { username: 'ecr-refresh', password: PASSWORD });
  });

  it('reuses the JWT until Airflow rejects it', async () => {
    const first = await authorize();
    clockMs += 30 * 86_400_000;
    assert.equal(await authorize(), first);
    assert.equal(server.requests.length, 1);
    assert.notEqual(await authorize(first), first);
    assert.equal(server.requests.length, 2);
  });

  it('logs in once for many concurrent callers', async () => {
    const jwts = await Promise.all(Array.from({ length: 50 }, () => authorize()));
    assert.equal(new Set(jwts).size, 1);
    assert.equal(server.requests.length, 1);
  });

  it('reads the password at each login', async () => {
    const first = await authorize();
    password = async () => new Secret('rotated');
    await authorize(first);
    assert.deepEqual(
      server.requests.map((request) => (JSON.parse(request.body) as { password: string }).password),
      [PASSWORD, 'rotated'],
    );
  });

  it('logs in once for any number of callers with the same rejected JWT, early or late', async () => {
    const first = await authorize();
    const renewed = await Promise.all(Array.from({ length: 50 }, () => authorize(first)));
    const late = await authorize(first);
    assert.equal(new Set([...renewed, late]).size, 1);
    assert.equal(server.requests.length, 2);
  });

  it('logs in once for 50 requests after Airflow changed its JWT secret', async () => {
    const valid = new Set<string>();
    answer = (request, response) => {
      if (request.path === '/auth/token') {
        const jwt = issue();
        valid.add(jwt);
        return answerJson(response, 201, { access_token: jwt });
      }
      const known = valid.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
      return known
        ? answerJson(response, 200, SHOWN)
        : answerJson(response, 403, { detail: 'Invalid JWT token' });
    };
    const airflow = connect(server.url, { version: 3, http });
    await airflow.read('docker_default', anySignal());
    valid.clear();
    const read = Array.from({ length: 50 }, () => airflow.read('docker_default', anySignal()));
    assert.equal((await Promise.all(read)).length, 50);
    assert.equal(server.requests.filter((request) => request.path === '/auth/token').length, 2);
  });

  it('continues for the others when one caller aborts', async () => {
    let respond = (): void => {};
    answer = (_request, response) => {
      respond = () => answerJson(response, 201, { access_token: issue() });
    };
    const controller = new AbortController();
    const ended = authorize(undefined, controller.signal);
    const others = [authorize(), authorize()];
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    const { message } = await expectFailure(ended, 'StoreUnreachable', [PASSWORD]);
    assert.equal(message, 'Airflow main: login: the attempt was canceled');
    respond();
    assert.equal(new Set(await Promise.all(others)).size, 1);
    assert.equal(server.requests.length, 1);
  });

  it('logs in again after a failed login', async () => {
    const accept = answer;
    answer = (_request, response) => answerHtml(response, 503);
    await expectFailure(authorize(), 'StoreUnavailable', [PASSWORD]);
    answer = accept;
    assert.equal((await authorize()).reveal(), `Bearer ${issued[0]}`);
  });

  describe('after Airflow rejected the password', () => {
    let passwords: readonly string[];

    beforeEach(() => {
      passwords = [];
      answer = (request, response) => {
        const sent = (JSON.parse(request.body) as { password: string }).password;
        passwords = [...passwords, sent];
        if (sent === PASSWORD) answerJson(response, 401, { detail: 'Invalid credentials' });
        else answerJson(response, 201, { access_token: issue() });
      };
    });

    function fail(): Promise<RefreshFailure> {
      return expectFailure(authorize(), 'StoreUnauthorized', [PASSWORD]);
    }

    it('fails immediately with the same failure for 30 minutes, without a request', async () => {
      const first = await fail();
      clockMs += 30 * 60_000 - 1;
      const later = await Promise.all(Array.from({ length: 20 }, fail));
      assert.ok(later.every((failure) => failure === first));
      assert.equal(passwords.length, 1);
      clockMs += 1;
      await fail();
      assert.equal(passwords.length, 2);
    });

    it('logs in immediately with a different password', async () => {
      await fail();
      password = () => new Secret('rotated');
      await authorize();
      assert.deepEqual(passwords, [PASSWORD, 'rotated']);
    });

    it('reports a reference that can no longer be read, and still remembers the rejected password', async () => {
      const first = await fail();
      password = () => Promise.reject(new Error(PASSWORD));
      assert.notEqual(await fail(), first);
      password = () => new Secret(PASSWORD);
      assert.equal(await fail(), first);
      assert.equal(passwords.length, 1);
    });

    it('remembers the rejection of a new login, too', async () => {
      password = () => new Secret('rotated');
      const jwt = await authorize();
      password = () => new Secret(PASSWORD);
      const first = await expectFailure(authorize(jwt), 'StoreUnauthorized', [PASSWORD]);
      assert.equal(await fail(), first);
      assert.deepEqual(passwords, ['rotated', PASSWORD]);
    });
  });

  it('does not remember the rejection of a new JWT, which does not lock an account', async () => {
    const request = async (): Promise<ApiResponse> => ({
      request: GET_X,
      status: 403,
      json: { detail: 'Invalid JWT token' },
    });
    await expectFailure(login.send({}, anySignal(), request), 'StoreUnavailable', [PASSWORD]);
    assert.equal(server.requests.length, 2);
    await authorize();
    assert.equal(server.requests.length, 3);
  });

  it('reports the version when only the path of the login does not exist', async () => {
    version = '3.3.2';
    answer = (_request, response) => answerHtml(response, 404);
    const { message } = await expectFailure(authorize(), 'StoreUnavailable', [PASSWORD]);
    assert.match(
      message,
      /404 on login: Airflow 3\.3\.2 responds, but \/auth\/token does not exist; check that the proxy/,
    );
  });

  describe('when a login fails', () => {
    const cases: readonly { title: string; type: FailureType; pattern: RegExp; reply: Answer }[] = [
      {
        title: '401',
        type: 'StoreUnauthorized',
        pattern: /401 on login: the user name or password was rejected, or this is a user of OAuth or SAML$/,
        reply: (_q, r) => answerJson(r, 401, { detail: 'Invalid credentials' }),
      },
      {
        title: 'an HTML page with 401',
        type: 'StoreUnavailable',
        pattern: /this 401 is not from Airflow/,
        reply: (_q, r) => answerHtml(r, 401),
      },
      {
        title: '403',
        type: 'StoreUnauthorized',
        pattern: /403 on login/,
        reply: (_q, r) => answerJson(r, 403, { detail: PASSWORD }),
      },
      {
        title: 'an HTML page with 404',
        type: 'StoreUnavailable',
        pattern: /404 on login: .*the proxy in front of it forwards \/auth, and that this is Airflow 3/,
        reply: (_q, r) => answerHtml(r, 404),
      },
      {
        title: 'an unknown route',
        type: 'StoreRequestRejected',
        pattern: /404 on login: .*that this is Airflow 3/,
        reply: (_q, r) => answerJson(r, 404, { error: 'API route not found' }),
      },
      {
        title: '422 with an echo of the body',
        type: 'StoreRequestRejected',
        pattern: /422 on login/,
        reply: (q, r) => answerJson(r, 422, { detail: `input_value=${q.body}` }),
      },
      {
        title: '500',
        type: 'StoreUnavailable',
        pattern: /500 on login/,
        reply: (_q, r) => r.writeHead(500).end('Internal Server Error'),
      },
      {
        title: '429',
        type: 'StoreThrottled',
        pattern: /login: requests are rate-limited \(429\)/,
        reply: (_q, r) => answerJson(r, 429, {}),
      },
      {
        title: 'an HTML page with 200',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's/,
        reply: (_q, r) => answerHtml(r, 200),
      },
      {
        title: 'a response without a token',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's/,
        reply: (_q, r) => answerJson(r, 201, { access_token: '' }),
      },
      {
        title: 'a token that is not valid in a header',
        type: 'StoreUnavailable',
        pattern: /not from Airflow's/,
        reply: (_q, r) => answerJson(r, 201, { access_token: 'a\r\nb' }),
      },
      {
        title: 'a redirect',
        type: 'StoreUnavailable',
        pattern: /redirect/,
        reply: (_q, r) => r.writeHead(307, { location: 'https://login.invalid/' }).end(),
      },
      {
        title: 'a reset connection',
        type: 'StoreUnreachable',
        pattern: /connection reset/,
        reply: (_q, r) => r.destroy(),
      },
    ];
    for (const { title, type, pattern, reply } of cases) {
      it(`reports ${type} for ${title}`, async () => {
        answer = reply;
        const { message } = await expectFailure(authorize(), type, [PASSWORD]);
        assert.match(message, /^Airflow main: /);
        assert.match(message, pattern);
      });
    }

    it('reports StoreUnreachable when there is no response in time', async () => {
      answer = () => {};
      login = open(server.url, {
        send: (request) => http.send({ ...request, timeoutMs: request.timeoutMs / 300 }),
      });
      const { message } = await expectFailure(authorize(), 'StoreUnreachable', [PASSWORD]);
      assert.equal(message, `Airflow main: login: timed out after 0.1 s (${server.host})`);
    });

    it('reports StoreUnauthorized for a password that cannot be read, without the reason', async () => {
      password = () => {
        throw new Error(`ENOENT ${PASSWORD}`);
      };
      const { message } = await expectFailure(authorize(), 'StoreUnauthorized', [PASSWORD]);
      assert.equal(message, 'Airflow main: login: the password could not be read; check its reference');
      assert.deepEqual(server.requests, []);
    });

    it('rethrows a RefreshFailure from reading the password', async () => {
      const own = new RefreshFailure('ConfigInvalid', 'AIRFLOW_PASSWORD is not set');
      password = () => Promise.reject(own);
      assert.equal(await expectFailure(authorize(), 'ConfigInvalid', [PASSWORD]), own);
    });

    it('reports StoreUnauthorized for an empty password, and sends nothing', async () => {
      password = () => new Secret('');
      await expectFailure(authorize(), 'StoreUnauthorized', [PASSWORD]);
      assert.deepEqual(server.requests, []);
    });
  });
});

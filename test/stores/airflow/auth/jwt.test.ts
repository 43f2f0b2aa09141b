import assert from 'node:assert/strict';
import { createAirflow3 } from '../../../../src/stores/airflow/airflow-3.js';
import { createHttpTransport } from '../../../../src/stores/airflow/http-transport.js';
import { createJwtCredential } from '../../../../src/stores/airflow/auth/jwt.js';
import type { AirflowCredential } from '../../../../src/stores/airflow/transport.js';
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

const PASSWORD = 'login-password-that-must-not-show';
const SHOWN = { connection_id: 'docker_default', conn_type: 'docker', host: null, login: null, extra: null };

function makeJwt(payload: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS512', typ: 'JWT' })}.${part(payload)}.${'s'.repeat(86)}`;
}

describe('createJwtCredential', () => {
  let server: LocalServer;
  let answer: Answer;
  let http: HttpClient;
  let clockMs: number;
  let issued: string[];
  let password: () => Secret | Promise<Secret>;
  let session: AirflowCredential;
  let restore = (): void => {};

  /** Airflow's clock is years away from ours: only the difference of the two times may count. */
  function issue(lifeSeconds: number): string {
    const jwt = makeJwt({ sub: '1', jti: issued.length, iat: 1_000, exp: 1_000 + lifeSeconds });
    issued.push(jwt);
    return jwt;
  }

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    clockMs = 5_000_000;
    issued = [];
    password = () => new Secret(PASSWORD);
    answer = (_request, response) => answerJson(response, 201, { access_token: issue(86_400) });
    server = await startServer((request, response) => answer(request, response));
    http = createHttpClient({ version: '0' });
    session = open(server.url);
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  function open(url: string, client = http): AirflowCredential {
    return createJwtCredential({
      name: 'main',
      url,
      username: 'ecr-refresh',
      readPassword: () => password(),
      now: () => clockMs,
      http: client,
    });
  }

  function authorize(): Promise<Secret> {
    return session.authorize(anySignal());
  }

  it('signs in with user name and password, below a sub-path', async () => {
    session = open(`${server.url}/airflow/`);
    assert.equal((await authorize()).reveal(), `Bearer ${issued[0]}`);
    const [request] = server.requests;
    assert.equal(request?.method, 'POST');
    assert.equal(request.path, '/airflow/auth/token');
    assert.deepEqual(JSON.parse(request.body), { username: 'ecr-refresh', password: PASSWORD });
  });

  it('keeps the JWT until 60 s before its end, whatever the clock of Airflow says', async () => {
    const first = await authorize();
    clockMs += (86_400 - 60) * 1000 - 1;
    assert.equal(await authorize(), first);
    clockMs += 1;
    assert.notEqual(await authorize(), first);
    assert.equal(server.requests.length, 2);
  });

  it('keeps a JWT of 100 s for 90 s', async () => {
    answer = (_request, response) => answerJson(response, 201, { access_token: issue(100) });
    await authorize();
    clockMs += 89_999;
    await authorize();
    assert.equal(server.requests.length, 1);
    clockMs += 1;
    await authorize();
    assert.equal(server.requests.length, 2);
  });

  for (const { title, jwt } of [
    { title: 'that cannot be read', jwt: 'opaque' },
    { title: 'without times', jwt: makeJwt({ sub: '1' }) },
    { title: 'that ends before it begins', jwt: makeJwt({ iat: 2_000, exp: 1_000 }) },
  ] as const) {
    it(`uses a JWT ${title} for an hour at most`, async () => {
      answer = (_request, response) => answerJson(response, 201, { access_token: jwt });
      await authorize();
      clockMs += 3_540_000 - 1;
      await authorize();
      assert.equal(server.requests.length, 1);
      clockMs += 1;
      await authorize();
      assert.equal(server.requests.length, 2);
    });
  }

  it('signs in once for many callers at the same time', async () => {
    const jwts = await Promise.all(Array.from({ length: 50 }, authorize));
    assert.equal(new Set(jwts).size, 1);
    assert.equal(server.requests.length, 1);
  });

  it('reads the password at each sign-in', async () => {
    const first = await authorize();
    password = async () => new Secret('rotated');
    await session.renew(first, anySignal());
    assert.deepEqual(
      server.requests.map((request) => (JSON.parse(request.body) as { password: string }).password),
      [PASSWORD, 'rotated'],
    );
  });

  it('signs in once however many callers bring the same rejected JWT, early or late', async () => {
    const first = await authorize();
    const renewed = await Promise.all(Array.from({ length: 50 }, () => session.renew(first, anySignal())));
    const late = await session.renew(first, anySignal());
    assert.equal(new Set([...renewed, late]).size, 1);
    assert.equal(server.requests.length, 2);
  });

  it('signs in once for 50 requests when Airflow changed its JWT secret', async () => {
    const valid = new Set<string>();
    answer = (request, response) => {
      if (request.path === '/auth/token') {
        const jwt = issue(86_400);
        valid.add(jwt);
        return answerJson(response, 201, { access_token: jwt });
      }
      const known = valid.has(request.headers.authorization?.replace('Bearer ', '') ?? '');
      return known
        ? answerJson(response, 200, SHOWN)
        : answerJson(response, 403, { detail: 'Invalid JWT token' });
    };
    const airflow = createAirflow3({
      name: 'main',
      transport: createHttpTransport({ url: server.url, apiPath: '/api/v2', session, http }),
    });
    await airflow.read('docker_default', anySignal());
    valid.clear();
    const read = Array.from({ length: 50 }, () => airflow.read('docker_default', anySignal()));
    assert.equal((await Promise.all(read)).length, 50);
    assert.equal(server.requests.filter((request) => request.path === '/auth/token').length, 2);
  });

  it('goes on for the others when one caller aborts', async () => {
    let respond = (): void => {};
    answer = (_request, response) => {
      respond = () => answerJson(response, 201, { access_token: issue(86_400) });
    };
    const impatient = new AbortController();
    const ended = session.authorize(impatient.signal);
    const others = [authorize(), authorize()];
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    impatient.abort();
    const { message } = await expectFailure(ended, 'StoreUnreachable', [PASSWORD]);
    assert.equal(message, 'Airflow main: sign-in: the attempt was ended');
    respond();
    assert.equal(new Set(await Promise.all(others)).size, 1);
    assert.equal(server.requests.length, 1);
  });

  it('tries again after a failed sign-in', async () => {
    const good = answer;
    answer = (_request, response) => answerHtml(response, 503);
    await expectFailure(authorize(), 'StoreUnavailable', [PASSWORD]);
    answer = good;
    assert.equal((await authorize()).reveal(), `Bearer ${issued[0]}`);
  });

  describe('turns what the sign-in brings into a failure', () => {
    const cases: readonly { title: string; type: FailureType; pattern: RegExp; reply: Answer }[] = [
      {
        title: '401',
        type: 'StoreUnauthorized',
        pattern: /401 on sign-in: user name or password/,
        reply: (_q, r) => answerJson(r, 401, { detail: 'Invalid credentials' }),
      },
      {
        title: '403',
        type: 'StoreUnauthorized',
        pattern: /403 on sign-in/,
        reply: (_q, r) => answerJson(r, 403, { detail: PASSWORD }),
      },
      {
        title: '404',
        type: 'StoreRequestRejected',
        pattern: /404 on sign-in: .*is this Airflow 3/,
        reply: (_q, r) => answerHtml(r, 404),
      },
      {
        title: '422 that echoes the body',
        type: 'StoreRequestRejected',
        pattern: /422 on sign-in/,
        reply: (q, r) => answerJson(r, 422, { detail: `input_value=${q.body}` }),
      },
      {
        title: '500',
        type: 'StoreUnavailable',
        pattern: /500 on sign-in/,
        reply: (_q, r) => r.writeHead(500).end('Internal Server Error'),
      },
      {
        title: '429',
        type: 'StoreUnavailable',
        pattern: /429 on sign-in/,
        reply: (_q, r) => answerJson(r, 429, {}),
      },
      {
        title: 'a page with 200',
        type: 'StoreRequestRejected',
        pattern: /is not|not Airflow's/,
        reply: (_q, r) => answerHtml(r, 200),
      },
      {
        title: 'no token',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's/,
        reply: (_q, r) => answerJson(r, 201, { access_token: '' }),
      },
      {
        title: 'a token that breaks headers',
        type: 'StoreRequestRejected',
        pattern: /not Airflow's/,
        reply: (_q, r) => answerJson(r, 201, { access_token: 'a\r\nb' }),
      },
      {
        title: 'a redirect',
        type: 'StoreRequestRejected',
        pattern: /redirect/,
        reply: (_q, r) => r.writeHead(307, { location: 'https://login.invalid/' }).end(),
      },
      {
        title: 'a broken connection',
        type: 'StoreUnreachable',
        pattern: /broken off/,
        reply: (_q, r) => r.destroy(),
      },
    ];
    for (const { title, type, pattern, reply } of cases) {
      it(`${title}: ${type}`, async () => {
        answer = reply;
        const { message } = await expectFailure(authorize(), type, [PASSWORD]);
        assert.match(message, /^Airflow main: /);
        assert.match(message, pattern);
      });
    }

    it('no answer in time: StoreUnreachable', async () => {
      answer = () => {};
      session = open(server.url, {
        send: (request) => http.send({ ...request, timeoutMs: request.timeoutMs / 300 }),
      });
      const { message } = await expectFailure(authorize(), 'StoreUnreachable', [PASSWORD]);
      assert.equal(message, 'Airflow main: sign-in: no answer within 0.1 s');
    });

    it('a password that cannot be read: StoreUnauthorized, without the reason', async () => {
      password = () => {
        throw new Error(`ENOENT ${PASSWORD}`);
      };
      const { message } = await expectFailure(authorize(), 'StoreUnauthorized', [PASSWORD]);
      assert.equal(message, 'Airflow main: sign-in: the password could not be read; check its reference');
      assert.deepEqual(server.requests, []);
    });

    it('a failure that reading the password names itself: as it is', async () => {
      const own = new RefreshFailure('ConfigInvalid', 'AIRFLOW_PASSWORD is not set');
      password = () => Promise.reject(own);
      assert.equal(await expectFailure(authorize(), 'ConfigInvalid', [PASSWORD]), own);
    });

    it('an empty password: StoreUnauthorized, and nothing is sent', async () => {
      password = () => new Secret('');
      await expectFailure(authorize(), 'StoreUnauthorized', [PASSWORD]);
      assert.deepEqual(server.requests, []);
    });
  });
});

import assert from 'node:assert/strict';
import { RefreshFailure } from '../../../src/refresh/failures.js';
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
import { connect, PASSWORD } from './connect.js';

const GATEWAY_KEY = 'gateway-key-that-must-not-show';
const SECRETS = [PASSWORD, GATEWAY_KEY];

describe('extra headers and sub-paths of an Airflow instance', () => {
  let server: LocalServer;
  let answer: Answer;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment(NO_PROXY_VARIABLES);
    answer = (_request, response) => answerHtml(response, 404);
    server = await startServer((request, response) => answer(request, response));
  });
  afterEach(async () => {
    restore();
    await server.close();
  });

  it('sends every request below the sub-path, and reads the headers for each request', async () => {
    let reads = 0;
    const headers = [{ name: 'X-Gateway', read: () => new Secret(`${GATEWAY_KEY}-${(reads += 1)}`) }];
    answer = (request, response) => {
      if (request.path.endsWith('/version')) answerJson(response, 200, { version: '3.3.2' });
      else if (request.path.endsWith('/auth/token')) answerJson(response, 201, { access_token: 'jwt' });
      else answerJson(response, 404, { detail: 'The Connection with connection_id: `x` was not found' });
    };
    const api = connect(`${server.url}/team/airflow/`, { headers });
    assert.equal(await api.read('x', anySignal()), undefined);
    assert.deepEqual(
      server.requests.map(({ path, headers: sent }) => `${path} ${String(sent['x-gateway'])}`),
      [
        `/team/airflow/api/v2/version ${GATEWAY_KEY}-1`,
        `/team/airflow/auth/token ${GATEWAY_KEY}-2`,
        `/team/airflow/api/v2/connections/x ${GATEWAY_KEY}-3`,
      ],
    );
    assertHides(api, SECRETS);
  });

  it('does not let a configured header replace the login', async () => {
    const headers = [{ name: 'authorization', read: () => new Secret('Bearer other') }];
    const auth = { kind: 'token', readToken: () => new Secret('mine') } as const;
    await expectFailure(connect(server.url, { headers, auth }).check(anySignal()), 'StoreUnavailable', []);
    assert.equal(server.requests[0]?.headers.authorization, 'Bearer mine');
  });

  it('names a header whose value cannot be sent, and sends nothing', async () => {
    const headers = [{ name: 'X-Gateway', read: () => new Secret(`${GATEWAY_KEY}\n`) }];
    const reading = connect(server.url, { headers }).check(anySignal());
    const { message } = await expectFailure(reading, 'ConfigInvalid', SECRETS);
    assert.match(message, /Airflow main: .*X-Gateway/);
    assert.deepEqual(server.requests, []);
  });

  it('rethrows the failure of a header that cannot be read', async () => {
    const own = new RefreshFailure('ConfigInvalid', 'GATEWAY_KEY is not set');
    const headers = [
      {
        name: 'X-Gateway',
        read: (): Secret => {
          throw own;
        },
      },
    ];
    const reading = connect(server.url, { headers }).check(anySignal());
    assert.equal(await expectFailure(reading, 'ConfigInvalid', SECRETS), own);
  });
});

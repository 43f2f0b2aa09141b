import assert from 'node:assert/strict';
import { DEFAULT_PRINCIPAL } from '../../../src/refresh/token-group.js';
import type { ConnectionRecord } from '../../../src/refresh/check-connection.js';
import type { AirflowStore } from '../../../src/stores/airflow/rest-store.js';
import { createAirflowStore } from '../../../src/stores/airflow/airflow-store.js';
import { AwsSessions } from '../../../src/aws/aws-sessions.js';
import { createHttpClient, type HttpClient } from '../../../src/net/http.js';
import type { FailureType } from '../../../src/refresh/failures.js';
import { Secret } from '../../../src/log/secret.js';
import { logIn } from '../../../sandbox/airflow/rest.js';
import { startAirflowStandIn, type AirflowStandIn } from '../../support/airflow-stand-in.js';
import type { Fault } from '../../support/fault.js';
import { startMwaaStandIn, type MwaaStandIn } from '../../support/mwaa.js';
import { dockerConnection } from '../../fakes/fake-ports.js';
import {
  anySignal,
  assertHides,
  expectFailure,
  NO_PROXY_VARIABLES,
  setEnvironment,
} from '../../support/local-server.js';
import { NEW, writeOne } from './connect.js';

const TOKEN = 'ecr-password-that-must-not-show';
const KEY = 'aws-secret-key-that-must-not-show';
const SECRETS = [TOKEN, KEY];
const ID = 'docker_default';

/** An error of AWS, whose message may contain anything. */
function aws(status: number, name: string, body: unknown = { message: TOKEN }): Fault {
  return { status, body, headers: { 'x-amzn-ErrorType': `${name}:http://internal.amazon.com/` } };
}

/** A response of Airflow, as AWS wraps it. */
function within(side: 'Client' | 'Server', status: number, body?: unknown): Fault {
  return aws(400, `RestApi${side}Exception`, { RestApiStatusCode: status, RestApiResponse: body });
}

const TYPED: Fault = {
  status: 400,
  body: { __type: 'com.amazon#ResourceNotFoundException', message: TOKEN },
};

interface Bulk {
  readonly actions: readonly { readonly entities: readonly unknown[] }[];
}

describe('createAirflowStore with MWAA', () => {
  let airflow: AirflowStandIn;
  let mwaa: MwaaStandIn;
  let api: AirflowStore;
  let restore = (): void => {};

  beforeEach(async () => {
    restore = setEnvironment({
      ...NO_PROXY_VARIABLES,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
      AWS_SECRET_ACCESS_KEY: KEY,
      AWS_SESSION_TOKEN: undefined,
      AWS_PROFILE: undefined,
      AWS_ENDPOINT_URL: undefined,
      AWS_ENDPOINT_URL_MWAA: undefined,
      // Nothing listens there: the principal is not known.
      AWS_ENDPOINT_URL_STS: 'http://127.0.0.1:1',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: undefined,
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    await start('3.3.2');
  });
  afterEach(async () => {
    restore();
    await stop();
  });

  async function start(version: string): Promise<void> {
    airflow = await startAirflowStandIn({
      version,
      connections: [
        {
          connection_id: ID,
          conn_type: 'docker',
          host: 'registry.example.com',
          login: 'AWS',
          password: 'old',
        },
      ],
      variables: { ecr_aws_account: '123456789012' },
    });
    const old = version.startsWith('2.');
    mwaa = await startMwaaStandIn({
      environment: 'data-team',
      region: 'eu-central-1',
      api: `${airflow.url}${old ? '/api/v1' : '/api/v2'}`,
      authorize: old ? basic : jwt,
      timeLimitMs: 300,
    });
    setEnvironment(mwaa.env);
    api = connect();
  }

  async function stop(): Promise<void> {
    await Promise.all([mwaa.stop(), airflow.stop()]);
  }

  async function basic(): Promise<string> {
    return `Basic ${Buffer.from('op:op').toString('base64')}`;
  }

  function jwt(): Promise<string> {
    return logIn({ url: airflow.url, username: 'op', password: 'op' });
  }

  function connect(
    environment = 'data-team',
    http: HttpClient = createHttpClient({ version: '0' }),
  ): AirflowStore {
    return createAirflowStore({
      name: 'main',
      auth: { kind: 'mwaa', environment, region: 'eu-central-1', principal: DEFAULT_PRINCIPAL },
      version: 'auto',
      headers: [],
      http,
      aws: new AwsSessions(),
      now: () => 0,
    });
  }

  function read(id = ID): ReturnType<AirflowStore['read']> {
    return api.read(id, anySignal());
  }

  function write(id = ID): Promise<ConnectionRecord | undefined> {
    return writeOne(api, dockerConnection({ id }), TOKEN);
  }

  for (const version of ['3.3.2', '2.10.5']) {
    it(`reads and writes on Airflow ${version} with signed requests`, async () => {
      await stop();
      await start(version);
      const before = { ...airflow.connections.get(ID) };
      assert.equal(await api.check(anySignal()), `version ${version}`);
      assert.equal((await read())?.host, 'registry.example.com');
      assert.equal((await write())?.id, ID);
      assert.deepEqual(airflow.connections.get(ID), { ...before, password: TOKEN });
      const range = { pattern: 'docker_*', offset: 0, limit: 100 };
      assert.equal((await api.readPage(range, anySignal())).connections.length, 1);
      const filter = version === '3.3.2' ? { connection_id_pattern: 'docker_%' } : {};
      const listed = { limit: '100', offset: '0', order_by: 'connection_id', ...filter };
      assert.deepEqual(mwaa.calls.at(-1)?.query, listed);
      assert.equal(await api.readVariable('ecr_aws_account', anySignal()), '123456789012');
      assert.equal(await api.create(NEW, new Secret(TOKEN), anySignal()), 'created');
      assert.equal(await api.create(NEW, new Secret(TOKEN), anySignal()), 'exists');
      const [first] = mwaa.calls;
      assert.deepEqual(
        [first?.accessKeyId, first?.region, first?.environment],
        ['AKIATEST', 'eu-central-1', 'data-team'],
      );
    });
  }

  it('passes the mask as a query parameter, never in the path', async () => {
    await write();
    const call = mwaa.calls.at(-1);
    assert.deepEqual(
      [call?.method, call?.path, call?.query],
      ['PATCH', `/connections/${ID}`, { update_mask: 'password' }],
    );
  });

  it('writes in bulk, in smaller requests because AWS allows only 10 s', async () => {
    const gone = Array.from({ length: 60 }, (_, index) => dockerConnection({ id: `gone_${index}` }));
    const results = await api.write([...gone, dockerConnection()], new Secret(TOKEN), anySignal());
    assert.deepEqual([results[0]?.outcome, results.at(-1)?.outcome], ['missing', 'written']);
    // First one action for all, then one for each, since some are missing.
    const sizes = (): readonly number[] =>
      mwaa.calls
        .filter(({ method }) => method === 'PATCH')
        .map(({ body }) => (body as Bulk).actions.flatMap(({ entities }) => entities).length);
    assert.deepEqual(sizes(), [50, 50, 11, 11]);
    await api.write(gone.slice(0, 20), new Secret('p'.repeat(16_000)), anySignal());
    assert.deepEqual(sizes().slice(4), [15, 15, 5, 5]);
  });

  it('does not support bulk requests on Airflow 2', async () => {
    await stop();
    await start('2.10.5');
    const both = [dockerConnection(), dockerConnection({ id: 'other' })];
    await expectFailure(api.write(both, new Secret(TOKEN), anySignal()), 'StoreRequestRejected', SECRETS);
  });

  it('returns undefined for a missing connection or Variable', async () => {
    assert.equal(await read('nope'), undefined);
    assert.equal(await write('nope'), undefined);
    assert.equal(await api.readVariable('nope', anySignal()), undefined);
  });

  it('names the limit for an id that is too long for AWS', async () => {
    const { message } = await expectFailure(read('x'.repeat(52)), 'StoreRequestRejected', SECRETS);
    assert.match(message, /400 on GET connection x+: .*51 characters/);
    assert.equal(await read('x'.repeat(51)), undefined);
  });

  it('names the variables of an endpoint that is not a URL', async () => {
    setEnvironment({ AWS_ENDPOINT_URL_MWAA: 'not a url' });
    const { message } = await expectFailure(read(), 'StoreUnreachable', SECRETS);
    assert.match(message, /AWS_ENDPOINT_URL_MWAA or AWS_ENDPOINT_URL is not a valid URL/);
  });

  it('names an environment that does not exist', async () => {
    api = connect('other');
    const { message } = await expectFailure(read(), 'StoreRequestRejected', SECRETS);
    assert.equal(
      message,
      'Airflow main: 404 on GET version: MWAA has no environment other in eu-central-1, in the account of the AWS ' +
        'principal of the worker',
    );
  });

  it('reports StoreUnavailable when Airflow is too slow for AWS', async () => {
    await api.check(anySignal());
    airflow.setFault(({ path }) => (path.includes('/connections/') ? { hang: true } : undefined));
    await expectFailure(read(), 'StoreUnavailable', SECRETS);
  });

  it('times out when AWS does not respond', async () => {
    mwaa.setFault(() => ({ hang: true }));
    const client = createHttpClient({ version: '0' });
    // Shortens the limit of 12 s.
    api = connect('data-team', {
      send: (request) => client.send({ ...request, timeoutMs: request.timeoutMs / 100 }),
    });
    const { message } = await expectFailure(read(), 'StoreUnreachable', SECRETS);
    assert.match(message, /^Airflow main: GET version: MWAA: timed out after 0\.1 s \(127\.0\.0\.1:\d+\)$/);
  });

  it('loads the credentials again after AWS has rejected them', async () => {
    await read();
    mwaa.setFault(() => aws(403, 'ExpiredTokenException'));
    await expectFailure(read(), 'AwsCredentialsRejected', SECRETS);
    mwaa.setFault(undefined);
    const undo = setEnvironment({ AWS_ACCESS_KEY_ID: 'AKIANEXT' });
    await read();
    undo();
    assert.equal(mwaa.calls.at(-1)?.accessKeyId, 'AKIANEXT');
  });

  it('reports missing credentials', async () => {
    const undo = setEnvironment({
      AWS_ACCESS_KEY_ID: undefined,
      AWS_SECRET_ACCESS_KEY: undefined,
      AWS_SHARED_CREDENTIALS_FILE: '/nonexistent/credentials',
      AWS_CONFIG_FILE: '/nonexistent/config',
    });
    await expectFailure(read(), 'AwsCredentialsMissing', SECRETS);
    undo();
    assert.deepEqual(mwaa.calls, []);
  });

  const cases: readonly { title: string; fault: Fault; type: FailureType; pattern: RegExp }[] = [
    {
      title: 'a missing permission',
      fault: aws(403, 'AccessDeniedException'),
      type: 'StoreForbidden',
      pattern: /airflow:InvokeRestApi on arn:aws:airflow:\S+:role\/data-team\/Op$/,
    },
    {
      title: 'an unknown key',
      fault: aws(403, 'UnrecognizedClientException'),
      type: 'AwsCredentialsRejected',
      pattern: /access key/,
    },
    {
      title: 'an error name in the body',
      fault: TYPED,
      type: 'StoreRequestRejected',
      pattern: /no environment/,
    },
    {
      title: 'throttling',
      fault: aws(429, 'TooManyRequestsException'),
      type: 'StoreThrottled',
      pattern: /429 on GET connection docker_default: AWS throttled InvokeRestApi$/,
    },
    {
      title: 'throttling with 400',
      fault: aws(400, 'ThrottlingException'),
      type: 'StoreThrottled',
      pattern: /400 on GET connection docker_default: AWS throttled InvokeRestApi$/,
    },
    {
      title: 'a gateway error',
      fault: { status: 502, body: TOKEN },
      type: 'StoreUnavailable',
      pattern: /502 on GET connection .*: server error from AWS or a proxy in front of it$/,
    },
    {
      title: '429 from Airflow',
      fault: within('Client', 429, { detail: TOKEN }),
      type: 'StoreThrottled',
      pattern: /requests are rate-limited \(429\)$/,
    },
    {
      title: 'a server error of AWS',
      fault: aws(500, 'InternalServerException'),
      type: 'StoreUnavailable',
      pattern: /500/,
    },
    {
      title: '500 from Airflow',
      fault: within('Server', 500, TOKEN),
      type: 'StoreUnavailable',
      pattern: /500 on GET connection .*server error from Airflow/,
    },
    {
      title: '503 from the load balancer of the web server',
      fault: within('Server', 503),
      type: 'StoreUnavailable',
      pattern: /503 on GET connection .*: the web server of the MWAA environment is unavailable/,
    },
    {
      title: 'a web server that does not respond',
      fault: aws(400, 'RestApiServerException'),
      type: 'StoreUnavailable',
      pattern: /400 on GET connection .*: the web server of the MWAA environment is unavailable/,
    },
    {
      title: 'a JWT of MWAA that Airflow rejects',
      fault: within('Client', 403, { detail: 'Invalid JWT token' }),
      type: 'StoreUnavailable',
      pattern: /403 on GET connection .*: Airflow rejected the login of MWAA$/,
    },
    {
      title: 'a page of the web server with 404',
      fault: within('Client', 404, '<html>'),
      type: 'StoreUnavailable',
      pattern: /this 404 is not from Airflow/,
    },
    {
      title: 'AWS that did not receive the request in time',
      fault: aws(400, 'RequestTimeoutException'),
      type: 'StoreUnavailable',
      pattern: /400 on GET connection .*: the request did not arrive completely at AWS$/,
    },
    {
      title: 'a rejected request',
      fault: aws(400, 'ValidationException'),
      type: 'StoreRequestRejected',
      pattern: /MWAA rejected the request/,
    },
    {
      title: '403 from Airflow',
      fault: within('Client', 403, { detail: 'Forbidden' }),
      type: 'StoreForbidden',
      pattern: /not allowed to read/,
    },
    {
      title: '401 from Airflow',
      fault: within('Client', 401, { detail: null }),
      type: 'StoreUnavailable',
      pattern: /401 on GET connection .*: Airflow rejected the login of MWAA$/,
    },
    {
      title: '422 from Airflow',
      fault: within('Client', 422, { detail: [{ input: TOKEN }] }),
      type: 'StoreRequestRejected',
      pattern: /422/,
    },
    {
      title: 'an exception without a response of Airflow',
      fault: aws(400, 'RestApiClientException'),
      type: 'StoreUnavailable',
      pattern: /400 on GET connection .*: MWAA returned no response of Airflow$/,
    },
    {
      title: 'an HTML page with 200',
      fault: { status: 200, body: TOKEN },
      type: 'StoreUnavailable',
      pattern: /: the response is not from AWS$/,
    },
    ...[400, 401, 403, 404, 407].map((status) => ({
      title: `an HTML page with ${status}`,
      fault: { status, body: TOKEN },
      type: 'StoreUnavailable' as const,
      pattern: new RegExp(`this ${status} is not from AWS; check for a proxy`),
    })),
  ];
  for (const { title, fault, type, pattern } of cases) {
    it(`reports ${type} for ${title}`, async () => {
      await api.check(anySignal());
      mwaa.setFault(() => fault);
      const { message } = await expectFailure(read(), type, SECRETS);
      assert.match(message, pattern);
    });
  }

  it('does not show secrets when it is printed', async () => {
    await read();
    assertHides(api, SECRETS);
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startAirflowStandIn, type AirflowStandIn } from '../support/airflow-stand-in.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { createAirflowStore } from '../../src/stores/airflow/airflow-store.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { createTokenIssuer } from '../../src/ecr/token-issuer.js';
import { createHttpClient } from '../../src/net/http.js';
import { NegativeCheckCache } from '../../src/verify/registry/negative-check-cache.js';
import { createTokenVerifier } from '../../src/verify/registry/verify-token.js';
import type { ConnectionStore } from '../../src/stores/port.js';
import type { RegistryProbe } from '../../src/refresh/activity-types.js';
import { DEFAULT_PRINCIPAL, tokenGroup } from '../../src/refresh/token-group.js';
import { Secret } from '../../src/log/secret.js';
import { anySignal, expectFailure, NO_PROXY_VARIABLES, setEnvironment } from '../support/local-server.js';

const ID = 'docker_default';
const LOGIN = 'the-login-password';

describe('adapters against the sandbox stand-ins', () => {
  let folder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let airflow: AirflowStandIn;
  let api: ConnectionStore;
  let restore = (): void => {};
  const http = createHttpClient({ version: '0' });
  const checks = new NegativeCheckCache(() => new Date());

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'stand-ins-'));
    aws = await startAwsStandIn();
    restore = setEnvironment({ ...NO_PROXY_VARIABLES, AWS_PROFILE: undefined, ...aws.env });
    registry = await startRegistry({ aws, stateFolder: folder, region: 'us-east-1', storage: false });
    airflow = await startAirflowStandIn({
      users: [
        { username: 'op', password: LOGIN, role: 'op' },
        { username: 'viewer', password: LOGIN, role: 'viewer' },
      ],
      connections: [
        { connection_id: ID, conn_type: 'docker', host: registry.host, login: 'AWS', extra: '{}' },
      ],
    });
    api = connect('op');
  });
  afterEach(async () => {
    restore();
    await Promise.all([airflow.stop(), registry.stop()]);
    await aws.stop();
    await fs.rm(folder, { recursive: true });
  });

  function connect(username: string): ConnectionStore {
    return createAirflowStore({
      name: 'main',
      url: airflow.url,
      auth: { kind: 'password', username, readPassword: () => new Secret(LOGIN) },
      version: 'auto',
      headers: [],
      http,
      aws: new AwsSessions(),
      now: () => 0,
    });
  }

  async function issue(region = 'us-east-1'): Promise<Secret> {
    const group = tokenGroup(DEFAULT_PRINCIPAL, region, { service: 'ecr', fips: false, dualStack: false });
    const { authorizationToken } = await createTokenIssuer(new AwsSessions()).issueToken(
      group,
      { runId: 'run' },
      anySignal(),
    );
    const decoded = Buffer.from(authorizationToken?.reveal() ?? '', 'base64').toString();
    assert.match(decoded, /^AWS:./);
    return new Secret(decoded.slice('AWS:'.length));
  }

  function verify(password: Secret): Promise<RegistryProbe> {
    return createTokenVerifier(http, checks)(registry.host, password, [], anySignal());
  }

  it('write an ECR token that the registry accepted into the connection, and change nothing else', async () => {
    const password = await issue();
    assert.deepEqual(await verify(password), { registry: registry.host, outcome: 'accepted' });
    assert.ok(checks.has(registry.host));
    const before = { ...airflow.connections.get(ID) };
    const stored = await api.read(ID, anySignal());
    assert.ok(stored);
    assert.deepEqual(await api.write([stored], password, anySignal()), [
      { id: stored.id, outcome: 'written', record: stored },
    ]);
    assert.deepEqual(airflow.connections.get(ID), { ...before, password: password.reveal() });
    assert.equal(await api.check(anySignal()), 'version 3.3.2');
  });

  it('distinguish an expired token from a token of another region', async () => {
    const password = await issue();
    aws.expireAll();
    assert.match(
      (await verify(password)).message ?? '',
      /^403 DENIED: the registry reports an expired token/,
    );
    assert.equal(
      (await verify(await issue('eu-west-1'))).message,
      '400: the token is malformed or from another region',
    );
  });

  for (const { title, invalidate } of [
    { title: 'expire', invalidate: () => airflow.expireSessions() },
    { title: 'are signed with another secret', invalidate: () => airflow.rotateJwtSecret() },
  ] as const) {
    it(`log in once when the sessions of 50 requests ${title}`, async () => {
      await api.read(ID, anySignal());
      invalidate();
      await Promise.all(Array.from({ length: 50 }, () => api.read(ID, anySignal())));
      assert.equal(airflow.requests.filter((request) => request.path === '/auth/token').length, 2);
    });
  }

  it('report a deleted connection as missing', async () => {
    const stored = await api.read(ID, anySignal());
    assert.ok(stored);
    airflow.connections.delete(ID);
    assert.equal(await api.read(ID, anySignal()), undefined);
    assert.deepEqual(await api.write([stored], new Secret('x'), anySignal()), [
      { id: stored.id, outcome: 'missing' },
    ]);
  });

  it('report a user without permission as forbidden', async () => {
    const viewer = connect('viewer');
    await expectFailure(viewer.read(ID, anySignal()), 'StoreForbidden', [LOGIN]);
  });

  it('report an unknown user as unauthorized', async () => {
    await expectFailure(connect('unknown').read(ID, anySignal()), 'StoreUnauthorized', [LOGIN]);
  });
});

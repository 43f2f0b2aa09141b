// Airflow with Keycloak's auth manager and a real Keycloak, which take minutes to install and start: only with
// TEST_ALL=true.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '../../sandbox/cleanup.js';
import { findPython } from '../../sandbox/python-tools.js';
import { createHttpClient } from '../../src/net/http.js';
import { AwsSessions } from '../../src/aws/aws-sessions.js';
import { Secret } from '../../src/log/secret.js';
import type { RefreshReport } from '../../src/refresh/report.js';
import { createAirflowStore } from '../../src/stores/airflow/airflow-store.js';
import { readDecryptedPasswords } from '../support/airflow/database.js';
import {
  AIRFLOW_CLIENT,
  createRealm,
  REALM,
  startKeycloakAirflow,
  WORKER_CLIENT,
  type KeycloakAirflow,
  type KeycloakSecrets,
} from '../support/airflow/keycloak.js';
import { seedConnections } from '../support/airflow/rest.js';
import { startAwsStandIn, type AwsStandIn } from '../support/aws.js';
import {
  checkKeycloakNeeds,
  requestKeycloakToken,
  startKeycloak,
  type Keycloak,
} from '../support/keycloak.js';
import { anySignal } from '../support/local-server.js';
import { startRegistry, type Registry } from '../support/registry.js';
import { skipOrFail } from '../support/skip-or-fail.js';
import { runCommandLine } from './run-command-line.js';
import { waitFor } from './wait-for.js';

const describeOnDemand = process.env['TEST_ALL'] === 'true' ? describe : describe.skip;
/** This number causes bulk requests. */
const IDS = Array.from({ length: 25 }, (_, index) => `docker_${index}`);
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

describeOnDemand("Airflow with Keycloak's auth manager", function () {
  this.timeout(1_800_000);
  const stops = new Cleanup();
  let stateFolder: string;
  let aws: AwsStandIn;
  let registry: Registry;
  let keycloak: Keycloak;
  let secrets: KeycloakSecrets;
  let airflow: KeycloakAirflow;

  before(async function () {
    await findPython().catch((error: Error) => skipOrFail(this, error.message));
    await checkKeycloakNeeds().catch((error: Error) => skipOrFail(this, error.message));
    stateFolder = mkdtempSync(join(tmpdir(), 'ecr-keycloak-'));
    aws = stops.add(await startAwsStandIn());
    registry = stops.add(await startRegistry({ aws, stateFolder, storage: false }));
    keycloak = stops.add(await startKeycloak(stateFolder));
    secrets = await createRealm(keycloak);
    airflow = stops.add(await startKeycloakAirflow(stateFolder, keycloak, secrets));
    const admin = { url: airflow.url, username: 'admin', password: secrets.password };
    const plain = { conn_type: 'docker', host: registry.host, login: 'AWS', password: 'old' };
    await seedConnections(
      admin,
      IDS.map((connection_id) => ({ connection_id, ...plain })),
    );
  });

  after(async () => {
    await stops.stopAll();
    if (stateFolder) rmSync(stateFolder, { recursive: true });
  });

  /** Runs `refresh-once` with this `auth`. @throws AssertionError when the output contains a secret */
  async function refreshOnce(auth: object, ids: readonly string[], retryFor: string): Promise<RefreshReport> {
    const config = join(stateFolder, 'refresh.yaml');
    const airflows = [{ name: 'main', url: airflow.url, auth, connections: ids }];
    const registries = [
      { name: 'test', account: '123456789012', region: 'us-east-1', registryHost: registry.host },
    ];
    writeFileSync(config, JSON.stringify({ version: 1, airflows, registries, docker: { engines: [] } }));
    const env = { ...process.env, ...aws.env, ECR_REFRESH_CONFIG: config };
    const args = ['refresh-once', '--json', '--retry-for', retryFor];
    const { stdout, stderr } = await runCommandLine(args, env, [], 250_000);
    for (const secret of [...Object.values(secrets.clients), secrets.password, 'secret-that-is-wrong'])
      assert.ok(!(stdout + stderr).includes(secret), 'the output contains a secret');
    return JSON.parse(stdout) as RefreshReport;
  }

  async function expectRefreshed(auth: object): Promise<void> {
    // Keycloak is asked for each connection, which can exceed the time limit of a request on a busy machine.
    const { failures, stores } = await refreshOnce(auth, IDS, '3m');
    assert.deepEqual(failures, []);
    assert.deepEqual(
      stores.map(({ refreshed }) => refreshed),
      [IDS.length],
    );
    const passwords = new Set(Object.values(await readDecryptedPasswords(airflow, IDS)));
    assert.deepEqual([...passwords], [aws.issued.at(-1)?.password]);
  }

  async function expectFailed(auth: object, type: string, pattern: RegExp): Promise<void> {
    const { failures } = await refreshOnce(auth, IDS.slice(0, 1), '1s');
    assert.deepEqual(
      failures.map((failure) => failure.type),
      [type],
      failures[0]?.message,
    );
    assert.match(failures[0]?.message ?? '', pattern);
  }

  function write(name: string, content: string): { file: string } {
    const file = join(stateFolder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return { file };
  }

  function clientCredentials(secret = secrets.clients[AIRFLOW_CLIENT], id: string = AIRFLOW_CLIENT): object {
    const client_secret = write('client-secret', secret);
    return { tokenRequest: { body: { grant_type: 'client_credentials', client_id: id, client_secret } } };
  }

  const assertion = (token: string): object => ({
    tokenRequest: { body: { grant_type: JWT_BEARER, assertion: write('assertion', token) } },
  });

  const requestAssertion = (scope: string): Promise<string> =>
    requestKeycloakToken(keycloak.url, REALM, {
      grant_type: 'client_credentials',
      client_id: WORKER_CLIENT,
      client_secret: secrets.clients[WORKER_CLIENT],
      scope,
    });

  it('is refreshed with client credentials', () => expectRefreshed(clientCredentials()));

  it('is refreshed with a token of Keycloak from a file', async () => {
    await expectRefreshed(assertion(await requestAssertion('openid')));
  });

  it('is refreshed with user name and password', async () => {
    await expectRefreshed({ username: 'admin', password: write('password', secrets.password) });
  });

  it('rejects a wrong client secret', async () => {
    const pattern = /403 on login: `auth\.tokenRequest` was rejected/;
    await expectFailed(clientCredentials('secret-that-is-wrong'), 'StoreUnauthorized', pattern);
  });

  it('rejects the credentials of a client other than that of Airflow', async () => {
    const auth = clientCredentials(secrets.clients[WORKER_CLIENT], WORKER_CLIENT);
    await expectFailed(auth, 'StoreUnauthorized', /403 on login: `auth\.tokenRequest` was rejected/);
  });

  it('rejects an assertion without the scope openid, and one that is no token', async () => {
    for (const token of [await requestAssertion('profile'), 'secret-that-is-wrong'])
      await expectFailed(assertion(token), 'StoreUnauthorized', /403 on login/);
  });

  it('rejects fields that the auth manager does not know', async () => {
    const body = {
      grant_type: 'client_credentials',
      client_id: 'a',
      client_assertion: write('a', 'secret-that-is-wrong'),
    };
    await expectFailed({ tokenRequest: { body } }, 'StoreRequestRejected', /422 on login: .* fields/);
  });

  it('rejects a wrong password of a user, and a user that may not edit connections', async () => {
    const wrong = { username: 'admin', password: write('password', 'secret-that-is-wrong') };
    await expectFailed(wrong, 'StoreUnauthorized', /403 on login: the user name or password was rejected/);
    const viewer = { username: 'viewer', password: write('password', secrets.password) };
    await expectFailed(viewer, 'StoreForbidden', /not allowed to edit connections/);
  });

  it('is read with a new login once the token of Keycloak in the JWT has expired', async () => {
    await setTokenLife(2);
    let clockMs = 0;
    const jwts: string[] = [];
    const http = createHttpClient({ version: '0' });
    const store = createAirflowStore({
      name: 'main',
      url: airflow.url,
      auth: {
        kind: 'token-request',
        body: Object.entries({
          grant_type: 'client_credentials',
          client_id: AIRFLOW_CLIENT,
          client_secret: secrets.clients[AIRFLOW_CLIENT],
        }).map(([name, value]) => ({ name, read: () => new Secret(value) })),
        headers: [],
      },
      version: 3,
      headers: [],
      http: {
        async send(request) {
          const jwt = request.headers?.['Authorization'];
          if (jwt !== undefined) jwts.push(jwt);
          return http.send(request);
        },
      },
      aws: new AwsSessions(),
      now: () => clockMs,
    });
    const read = () => store.read('docker_0', anySignal());
    await waitFor('the token to expire', async () => {
      await read().catch(() => undefined);
      const response = await fetch(`${airflow.url}/api/v2/connections/docker_0`, {
        headers: { Authorization: jwts[0] ?? '' },
      });
      return (
        response.status === 403 && ((await response.json()) as { detail: string }).detail === 'Forbidden'
      );
    });
    clockMs += 60_000;
    await setTokenLife(300);
    assert.equal((await read())?.id, 'docker_0');
    assert.equal(new Set(jwts).size, 2);
  });

  async function setTokenLife(seconds: number): Promise<void> {
    const [client] = (await keycloak.call('GET', `/${REALM}/clients?clientId=${AIRFLOW_CLIENT}`)) as {
      id: string;
      attributes: object;
    }[];
    assert.ok(client);
    const attributes = { ...client.attributes, 'access.token.lifespan': `${seconds}` };
    await keycloak.call('PUT', `/${REALM}/clients/${client.id}`, { ...client, attributes });
  }

  it('reports that Airflow does not reach Keycloak', async () => {
    await keycloak.stop();
    await expectFailed(clientCredentials(), 'StoreUnavailable', /500 on login: .*identity provider/);
  });
});

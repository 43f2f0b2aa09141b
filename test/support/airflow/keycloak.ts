// Airflow 3.3 with Keycloak's auth manager, and the realm in Keycloak that the auth manager's documentation describes.
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  airflowEnv,
  installAirflow,
  migrateDatabase,
  prepareDatabase,
  type AirflowRelease,
} from '../../../sandbox/airflow/installation.js';
import { readOrMakeSecrets } from '../../../sandbox/airflow/secrets.js';
import { apiServerArguments, isHealthy } from '../../../sandbox/airflow/server.js';
import { startChild } from '../../../sandbox/child-process.js';
import { freePort, releasePort } from '../../../sandbox/ports.js';
import { runCommand } from '../../../sandbox/run-command.js';
import type { Keycloak } from '../keycloak.js';
import type { AirflowDatabase } from './database.js';

const RELEASE: AirflowRelease = {
  name: '3.3-keycloak',
  release: '3.3.2',
  requirements: fileURLToPath(new URL('./requirements-3.3-keycloak.txt', import.meta.url)),
  newestPython: 14,
};
const AUTH_MANAGER = 'airflow.providers.keycloak.auth_manager.keycloak_auth_manager.KeycloakAuthManager';
export const REALM = 'airflow';
/** The client of Airflow, the only one whose client credentials Airflow accepts. */
export const AIRFLOW_CLIENT = 'airflow';
/** A client whose tokens Airflow accepts as assertions. */
export const WORKER_CLIENT = 'ecr-refresh';

export interface KeycloakSecrets {
  /** By client. */
  readonly clients: Readonly<Record<typeof AIRFLOW_CLIENT | typeof WORKER_CLIENT, string>>;
  /** Of all users. */
  readonly password: string;
}

export interface KeycloakAirflow extends AirflowDatabase {
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Creates the realm with users `admin` and `viewer`, and both clients with the role `Op`. */
export async function createRealm(keycloak: Keycloak): Promise<KeycloakSecrets> {
  const secret = (): string => randomBytes(24).toString('base64url');
  const secrets = { clients: { [AIRFLOW_CLIENT]: secret(), [WORKER_CLIENT]: secret() }, password: secret() };
  await keycloak.call('POST', '', describeRealm(secrets));
  return secrets;
}

function describeRealm({ clients, password }: KeycloakSecrets): object {
  const client = (clientId: keyof typeof clients, more: object): object => ({
    clientId,
    secret: clients[clientId],
    publicClient: false,
    serviceAccountsEnabled: true,
    ...more,
  });
  const serviceAccount = (clientId: string): object => ({
    username: `service-account-${clientId}`,
    enabled: true,
    serviceAccountClientId: clientId,
    realmRoles: ['Op'],
  });
  const user = (username: string, role: string): object => ({
    username,
    enabled: true,
    // Keycloak lets a user without these log in only with a browser.
    ...{ email: `${username}@example.com`, firstName: username, lastName: username },
    credentials: [{ type: 'password', value: password }],
    realmRoles: [role],
  });
  const audience = {
    name: 'audience',
    protocol: 'openid-connect',
    protocolMapper: 'oidc-audience-mapper',
    config: { 'included.client.audience': AIRFLOW_CLIENT, 'access.token.claim': 'true' },
  };
  return {
    realm: REALM,
    enabled: true,
    roles: { realm: ['Viewer', 'User', 'Op', 'Admin', 'SuperAdmin'].map((name) => ({ name })) },
    clients: [
      client(AIRFLOW_CLIENT, {
        directAccessGrantsEnabled: true,
        authorizationServicesEnabled: true,
        // A connection has several permissions, one for each role: one of them must be enough.
        authorizationSettings: { decisionStrategy: 'AFFIRMATIVE' },
      }),
      client(WORKER_CLIENT, { protocolMappers: [audience] }),
    ],
    users: [
      serviceAccount(AIRFLOW_CLIENT),
      serviceAccount(WORKER_CLIENT),
      user('admin', 'Admin'),
      user('viewer', 'Viewer'),
    ],
  };
}

/** Installs Airflow if needed, creates its permissions in the realm, and starts the API server. */
export async function startKeycloakAirflow(
  stateFolder: string,
  keycloak: Keycloak,
  secrets: KeycloakSecrets,
  say?: (line: string) => void,
): Promise<KeycloakAirflow> {
  const installation = await installAirflow(RELEASE, say);
  const { python } = installation;
  const home = join(stateFolder, 'airflow-keycloak');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { fernetKey, jwtSecret } = readOrMakeSecrets(join(home, 'secrets.json'), []);
  const env = {
    ...airflowEnv(home, fernetKey),
    AIRFLOW__API_AUTH__JWT_SECRET: jwtSecret,
    AIRFLOW__CORE__AUTH_MANAGER: AUTH_MANAGER,
    AIRFLOW__KEYCLOAK_AUTH_MANAGER__CLIENT_ID: AIRFLOW_CLIENT,
    AIRFLOW__KEYCLOAK_AUTH_MANAGER__CLIENT_SECRET: secrets.clients[AIRFLOW_CLIENT],
    AIRFLOW__KEYCLOAK_AUTH_MANAGER__REALM: REALM,
    AIRFLOW__KEYCLOAK_AUTH_MANAGER__SERVER_URL: keycloak.url,
    AIRFLOW__KEYCLOAK_AUTH_MANAGER__JWT_FEDERATED_CLIENT_IDS: WORKER_CLIENT,
  };
  const dbFile = join(home, 'airflow.db');
  await prepareDatabase(dbFile, installation, () => migrateDatabase(python, env));
  const { username, password } = keycloak.admin;
  const create = ['keycloak-auth-manager', 'create-all', '--username', username, '--password', password];
  await runCommand(python, ['-m', 'airflow', ...create], { env, timeoutMs: 300_000 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Airflow with Keycloak',
    command: python,
    args: apiServerArguments(port),
    env,
    logFile: join(stateFolder, 'airflow-keycloak.log'),
    ready: () => isHealthy(`${url}/api/v2/monitor/health`),
    readyWithinMs: 180_000,
    graceMs: 10_000,
    remedy: 'Check the log.',
  });
  return {
    ...{ url, python, env, dbFile },
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}

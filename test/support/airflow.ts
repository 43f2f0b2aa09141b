// A real Airflow for tests, in several versions and with several auth managers, with users of different permissions.
// There is no scheduler, because the product uses only the API and runDockerOperator needs none.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { prepareDatabase } from '../../sandbox/airflow/installation.js';
import { readOrMakeSecrets, type AirflowSecrets } from '../../sandbox/airflow/secrets.js';
import { apiServerArguments, isHealthy, simpleAuthManagerEnv } from '../../sandbox/airflow/server.js';
import { startChild } from '../../sandbox/child-process.js';
import { freePort, releasePort } from '../../sandbox/ports.js';
import { airflowKindEnv, ensureAirflow, migrate, setFabPasswords } from './airflow/installation.js';
import { SIMPLE_AUTH_MANAGER_USERS, usernames, usersOf, type AirflowUsers } from './airflow/users.js';
import { airflowKind, type AirflowKind, type AirflowVersion, type AuthManager } from './airflow/versions.js';

export {
  seedConnection,
  readConnection,
  seedVariable,
  type AirflowLogin,
  type SeedConnection,
} from './airflow/rest.js';
export { readConnectionRow, readDecryptedPassword, readDecryptedPasswords } from './airflow/database.js';
export {
  runDockerOperator,
  type DockerOperatorRun,
  type DockerOperatorResult,
} from './airflow/docker-operator.js';
export { type AirflowUser, type AirflowUsers } from './airflow/users.js';
export {
  AIRFLOW_KINDS,
  airflowKind,
  type AirflowKind,
  type AirflowVersion,
  type AuthManager,
} from './airflow/versions.js';

/** A running Airflow. */
export interface Airflow {
  url: string;
  version: AirflowVersion;
  auth: AuthManager;
  /** Version of its REST API. */
  api: 1 | 2;
  /** The worker's user, with the least-privileged role that may read and write connections; `op` by default. */
  username: string;
  /** Generated at the first start in this state folder, and kept. */
  password: string;
  /** The worker, and users with more or fewer permissions. */
  users: AirflowUsers;
  /** The Python of Airflow's virtual environment. */
  python: string;
  /** The whole environment for running Airflow's programs on this database. Contains secrets. */
  env: Record<string, string>;
  dbFile: string;
  pid: number;
  stop: () => Promise<void>;
}

export interface AirflowOptions {
  /** Contains database, secrets and log. A later start in the same folder uses them again. */
  stateFolder: string;
  /** Default: 3.3. Several versions can share a state folder. */
  version?: AirflowVersion | undefined;
  /** Default: the version's default. */
  auth?: AuthManager | undefined;
  /** Additional Airflow settings, `AIRFLOW__SECTION__KEY`. They take precedence. */
  env?: Readonly<Record<string, string>> | undefined;
  /** Default: a free port. */
  port?: number | undefined;
  /** Called before steps that take long. */
  say?: ((line: string) => void) | undefined;
}

/**
 * Installs Airflow if needed, and starts its web server. It is ready when it reports a healthy database.
 * @throws Error with the last log lines and a fix; the error of findPython when there is no suitable Python
 */
export async function startAirflow(options: AirflowOptions): Promise<Airflow> {
  const kind = airflowKind(options.version, options.auth);
  const installation = await ensureAirflow(options.say, kind);
  const name = kind === airflowKind() ? 'airflow' : `airflow-${kind.name}`;
  const home = resolve(options.stateFolder, name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const secrets = readOrMakeSecrets(join(home, 'secrets.json'), usernames(kind.auth));
  const users = usersOf(kind.auth, secrets.passwords);
  const env = { ...serverEnv(kind, home, secrets), ...options.env };
  const dbFile = join(home, 'airflow.db');
  const { python } = installation;
  const addUsers = (): Promise<void> => setFabPasswords(kind, python, dbFile, secrets.passwords);
  await prepareDatabase(dbFile, installation, () => migrate(kind, python, env), addUsers);

  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: `Airflow ${kind.name}`,
    command: python,
    args: kind.api === 2 ? apiServerArguments(port) : airflow2Arguments(port),
    env,
    logFile: join(options.stateFolder, `${name}.log`),
    ready: () => isHealthy(`${url}/api/${kind.api === 2 ? 'v2/monitor' : 'v1'}/health`),
    readyWithinMs: 120_000,
    graceMs: 10_000,
    remedy: `Check the log. If the database is the cause, delete ${home}.`,
  });
  return {
    url,
    version: kind.version,
    auth: kind.auth,
    api: kind.api,
    ...users.worker,
    users,
    python,
    env,
    dbFile,
    pid: child.pid,
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}

/** What `airflow webserver` runs, without its supervisor process: 4 s and 280 MB instead of 7 s and 415 MB. */
function airflow2Arguments(port: number): string[] {
  return [
    ...['-m', 'gunicorn', '--workers', '1', '--bind', `127.0.0.1:${port}`, '--timeout', '120', '--preload'],
    ...['--config', 'python:airflow.www.gunicorn_config', 'airflow.www.app:cached_app()'],
  ];
}

function serverEnv(kind: AirflowKind, home: string, secrets: AirflowSecrets): Record<string, string> {
  const env = {
    ...airflowKindEnv(kind, home, secrets.fernetKey),
    AIRFLOW__API_AUTH__JWT_SECRET: secrets.jwtSecret,
  };
  if (kind.auth === 'fab') return env;
  const passwordsFile = join(home, 'passwords.json');
  writeFileSync(passwordsFile, JSON.stringify(secrets.passwords), { mode: 0o600 });
  return { ...env, ...simpleAuthManagerEnv(SIMPLE_AUTH_MANAGER_USERS, passwordsFile) };
}

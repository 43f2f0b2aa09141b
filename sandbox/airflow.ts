// Owns the real Airflow of the sandbox: its API server on 127.0.0.1, on a SQLite database in the state folder.
// Refuses to run a scheduler: the product talks to the API alone, and runDockerOperator needs none.
import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { airflowEnv, ensureAirflow, migrate, newFernetKey } from './airflow/installation.js';
import { startChild } from './child-process.js';
import { freePort, releasePort } from './ports.js';

export { seedConnection, readConnection, type SeedConnection } from './airflow/rest.js';
export { readConnectionRow, readDecryptedPassword, readDecryptedPasswords } from './airflow/database.js';
export {
  runDockerOperator,
  type DockerOperatorRun,
  type DockerOperatorResult,
} from './airflow/docker-operator.js';
export { ensureAirflow, type AirflowInstallation } from './airflow/installation.js';

/** A running Airflow. */
export interface Airflow {
  url: string;
  /** `op`, with Airflow's role op: the least that may read and write connections. */
  username: string;
  /** Made at the first start on this state folder, and kept. */
  password: string;
  /** The Python of Airflow's virtual environment. */
  python: string;
  /** The whole environment for Airflow's own programs to work on this Airflow's database. It holds secrets. */
  env: Record<string, string>;
  dbFile: string;
  pid: number;
  stop: () => Promise<void>;
}

/** How to start it. */
export interface AirflowOptions {
  /** Database, secrets and log lie here; starting on the same folder again finds everything back. */
  stateFolder: string;
  /** Default: a free port. */
  port?: number | undefined;
  /** Told what takes long. */
  say?: ((line: string) => void) | undefined;
}

interface Secrets {
  password: string;
  jwtSecret: string;
  fernetKey: string;
}

const USERNAME = 'op';

/**
 * Installs Airflow when it is not there yet, and starts its API server. Ready means: it reports a healthy database.
 * @throws Error with the last log lines and the remedy; with findPython's when there is no Python
 */
export async function startAirflow(options: AirflowOptions): Promise<Airflow> {
  const installation = await ensureAirflow(options.say);
  const home = resolve(options.stateFolder, 'airflow');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const secrets = readOrMakeSecrets(join(home, 'secrets.json'));
  const env = serverEnv(home, secrets);
  const dbFile = join(home, 'airflow.db');
  await prepareDatabase(dbFile, installation, env);

  const port = options.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Airflow (airflow api-server)',
    command: installation.python,
    args: [
      '-m',
      'airflow',
      'api-server',
      '--host',
      '127.0.0.1',
      '--port',
      `${port}`,
      '--workers',
      '1',
      '--apps',
      'core', // no task runs here, so nobody needs the Execution API
    ],
    env,
    logFile: join(options.stateFolder, 'airflow.log'),
    ready: () => isHealthy(url),
    readyWithinMs: 120_000,
    graceMs: 10_000,
    remedy: `see the log; when the database is the cause, delete ${home}`,
  });
  return {
    url,
    username: USERNAME,
    password: secrets.password,
    python: installation.python,
    env,
    dbFile,
    pid: child.pid,
    stop: async () => {
      await child.stop();
      releasePort(port);
    },
  };
}

function readOrMakeSecrets(file: string): Secrets {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  const secrets = {
    password: randomBytes(18).toString('base64url'),
    jwtSecret: randomBytes(64).toString('base64url'),
    fernetKey: newFernetKey(),
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

function serverEnv(home: string, secrets: Secrets): Record<string, string> {
  const passwordsFile = join(home, 'passwords.json');
  writeFileSync(passwordsFile, JSON.stringify({ [USERNAME]: secrets.password }), { mode: 0o600 });
  return {
    ...airflowEnv({ home, fernetKey: secrets.fernetKey }),
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS: `${USERNAME}:op`,
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE: passwordsFile,
    AIRFLOW__API_AUTH__JWT_SECRET: secrets.jwtSecret,
  };
}

/** A new database is a copy of the migrated template; one of another Airflow version is migrated. */
async function prepareDatabase(
  dbFile: string,
  installation: { python: string; templateDb: string; key: string },
  env: Record<string, string>,
): Promise<void> {
  const keyFile = `${dbFile}.key`;
  if (!existsSync(dbFile)) copyFileSync(installation.templateDb, dbFile);
  else if (readFileSync(keyFile, 'utf8') === installation.key) return;
  else await migrate(installation.python, env);
  writeFileSync(keyFile, installation.key);
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/api/v2/monitor/health`, { signal: AbortSignal.timeout(5_000) });
  const health = (await answer.json()) as { metadatabase?: { status?: string } };
  return answer.ok && health.metadatabase?.status === 'healthy';
}

// The real Airflow of the sandbox: an API server on 127.0.0.1 with a SQLite database in the state folder. There is no
// scheduler, because the product uses only the API.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  AIRFLOW,
  airflowEnv,
  installAirflow,
  migrateDatabase,
  prepareDatabase,
} from './airflow/installation.js';
import { readOrMakeSecrets } from './airflow/secrets.js';
import { apiServerArguments, isHealthy, simpleAuthManagerEnv } from './airflow/server.js';
import { startChild } from './child-process.js';

/** A running Airflow. */
export interface Airflow {
  url: string;
  /** Has the role `op`, the least-privileged role of SimpleAuthManager that may read and write connections. */
  username: string;
  /** Generated at the first start in this state folder, and kept. */
  password: string;
  stop: () => Promise<void>;
}

const USERNAME = 'op';

/**
 * Installs Airflow if needed, and starts its API server.
 * @throws Error with the last log lines and a fix; the error of findPython when there is no suitable Python
 */
export async function startAirflow(options: {
  /** Contains database, secrets and log. A later start in the same folder uses them again. */
  stateFolder: string;
  port: number;
  /** Called before steps that take long. */
  say: (line: string) => void;
}): Promise<Airflow> {
  const { stateFolder, port, say } = options;
  const installation = await installAirflow(AIRFLOW, say);
  const { python } = installation;
  const home = resolve(stateFolder, 'airflow');
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const { fernetKey, jwtSecret, passwords } = readOrMakeSecrets(join(home, 'secrets.json'), [USERNAME]);
  const passwordsFile = join(home, 'passwords.json');
  writeFileSync(passwordsFile, JSON.stringify(passwords), { mode: 0o600 });
  const env = {
    ...airflowEnv(home, fernetKey),
    AIRFLOW__API_AUTH__JWT_SECRET: jwtSecret,
    ...simpleAuthManagerEnv(`${USERNAME}:op`, passwordsFile),
  };
  await prepareDatabase(join(home, 'airflow.db'), installation, () => migrateDatabase(python, env));
  const url = `http://127.0.0.1:${port}`;
  const child = await startChild({
    name: 'Airflow',
    command: python,
    args: apiServerArguments(port),
    env,
    logFile: join(stateFolder, 'airflow.log'),
    ready: () => isHealthy(`${url}/api/v2/monitor/health`),
    readyWithinMs: 120_000,
    graceMs: 10_000,
    remedy: `Check the log. If the database is the cause, delete ${home}.`,
  });
  return { url, username: USERNAME, password: passwords[USERNAME] ?? '', stop: child.stop };
}

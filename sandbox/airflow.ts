// The real Airflow of the sandbox: its API server on 127.0.0.1, on a SQLite database in the state folder. There is no
// scheduler: the product talks to the API alone.
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
  /** Of role `op`, the least role of SimpleAuthManager that may read and write connections. */
  username: string;
  /** Made at the first start on this state folder, and kept. */
  password: string;
  stop: () => Promise<void>;
}

const USERNAME = 'op';

/**
 * Installs Airflow when it is not installed yet, and starts its API server.
 * @throws Error with the last log lines and the remedy; with findPython's when there is no Python for it
 */
export async function startAirflow(options: {
  /** Database, secrets and log lie here; starting on the same folder again finds everything back. */
  stateFolder: string;
  port: number;
  /** Told what takes long. */
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
    remedy: `see the log; when the database is the cause, delete ${home}`,
  });
  return { url, username: USERNAME, password: passwords[USERNAME] ?? '', stop: child.stop };
}

// An installed Airflow: a virtual environment in the cache folder with pinned packages, and a migrated database to copy.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../build-once.js';
import { installPackages } from '../python-packages.js';
import { ensurePythonTools, findPython } from '../python-tools.js';
import { runCommand } from '../run-command.js';
import { newFernetKey } from './secrets.js';

/** A release of Airflow that can be installed. */
export interface AirflowRelease {
  /** In names of folders and in messages, for example `3.3`. */
  readonly name: string;
  /** The version that its API reports. */
  readonly release: string;
  /** The pins of all packages. */
  readonly requirements: string;
  /** The newest Python 3 that it runs on. */
  readonly newestPython: number;
}

/** The Airflow of the sandbox. */
export const AIRFLOW: AirflowRelease = {
  name: '3.3',
  release: '3.3.2',
  requirements: fileURLToPath(new URL('./requirements.txt', import.meta.url)),
  newestPython: 14,
};

/** An Airflow that can be started. */
export interface AirflowInstallation {
  /** The Python of its virtual environment. */
  python: string;
  /** A migrated SQLite database without any connection, to be copied. */
  templateDb: string;
  /** Changes with Airflow's version and pins, and with what else the template is made from. */
  key: string;
}

/** Brings the database of the environment to the schema of the Airflow that this Python belongs to. */
export type Migrate = (python: string, env: Record<string, string>) => Promise<void>;

export const migrateDatabase: Migrate = async (python, env) => {
  await runCommand(python, ['-m', 'airflow', 'db', 'migrate'], { env, timeoutMs: 300_000 });
};

/**
 * Installs Airflow into the cache folder, once per content of the pins and Python, and migrates an empty database,
 * which takes longer than the installation and is the same for everyone.
 * @param migratedFrom what the template follows from in addition to the pins
 * @throws Error with the installer's last lines and the remedy; with findPython's when there is no Python for it
 */
export async function installAirflow(
  airflow: AirflowRelease,
  say: (line: string) => void = () => {},
  migrate: Migrate = migrateDatabase,
  migratedFrom: readonly string[] = [],
): Promise<AirflowInstallation> {
  const { name, release, requirements, newestPython } = airflow;
  const python = await findPython(newestPython);
  const tools = await ensurePythonTools(say);
  const key = contentKey(python, readFileSync(requirements, 'utf8'), ...migratedFrom);
  const folder = await buildOnce({
    name: `airflow-${name}`,
    key,
    python,
    build: async (venv) => {
      say(`Installing Airflow ${release} from PyPI into the cache folder (once)`);
      await installPackages({ tools, python, requirements }, venv);
      const home = join(venv, 'template');
      mkdirSync(home);
      await migrate(join(venv, 'bin', 'python'), airflowEnv(home, newFernetKey()));
    },
  });
  return { python: join(folder, 'bin', 'python'), templateDb: join(folder, 'template', 'airflow.db'), key };
}

/**
 * Makes the database ready for this installation: a new one is a copy of the template; one of other pins, or left
 * half-made, is migrated.
 * @param addUsers for an Airflow that keeps them in its database
 */
export async function prepareDatabase(
  dbFile: string,
  { templateDb, key }: AirflowInstallation,
  migrate: () => Promise<void>,
  addUsers: () => Promise<void> = async () => {},
): Promise<void> {
  const keyFile = `${dbFile}.key`;
  if (!existsSync(dbFile)) copyFileSync(templateDb, dbFile);
  else if (existsSync(keyFile) && readFileSync(keyFile, 'utf8') === key) return;
  else await migrate();
  await addUsers();
  writeFileSync(keyFile, key);
}

/** The environment of every Airflow process of the sandbox: only what is set here, nothing of the user's own. */
export function airflowEnv(home: string, fernetKey: string): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    LANG: 'C.UTF-8',
    AIRFLOW_HOME: home,
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `sqlite:///${join(home, 'airflow.db')}`,
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS: 'False',
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__FERNET_KEY: fernetKey,
    AIRFLOW__CORE__DAGS_FOLDER: join(home, 'dags'),
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
  };
}

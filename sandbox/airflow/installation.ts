// Installs Airflow: a virtual environment in the cache folder with pinned packages, and a migrated database to copy.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../build-once.js';
import { installPackages } from '../python-packages.js';
import { ensurePythonTools, findPython } from '../python-tools.js';
import { runCommand } from '../run-command.js';
import { newFernetKey } from './secrets.js';

/** An Airflow release to install. */
export interface AirflowRelease {
  /** For folder names and messages, for example `3.3`. */
  readonly name: string;
  /** The version that its API reports. */
  readonly release: string;
  /** The requirements file, which pins all packages. */
  readonly requirements: string;
  /** The oldest Python 3 minor version that it supports, if that is not 10. */
  readonly oldestPython?: number;
  /** The newest Python 3 minor version that it supports. */
  readonly newestPython: number;
}

/** The Airflow of the sandbox. */
export const AIRFLOW: AirflowRelease = {
  name: '3.3',
  release: '3.3.2',
  requirements: fileURLToPath(new URL('./requirements.txt', import.meta.url)),
  newestPython: 14,
};

/** An installed Airflow. */
export interface AirflowInstallation {
  /** The Python of its virtual environment. */
  python: string;
  /** A migrated SQLite database without connections, to copy. */
  templateDb: string;
  /** Changes with Airflow's version and pins, and with everything else that the template database depends on. */
  key: string;
}

/** Migrates the database that the environment names, with the Airflow of this Python. */
export type Migrate = (python: string, env: Record<string, string>) => Promise<void>;

export const migrateDatabase: Migrate = async (python, env) => {
  await runCommand(python, ['-m', 'airflow', 'db', 'migrate'], { env, timeoutMs: 300_000 });
};

/**
 * Installs Airflow into the cache folder, once per Python and content of the requirements, and migrates an empty
 * database, which takes longer than the installation and is the same for every sandbox.
 * @param migratedFrom what the template database depends on in addition to the requirements
 * @throws Error with the installer's last lines and a fix; the error of findPython when there is no suitable Python
 */
export async function installAirflow(
  airflow: AirflowRelease,
  say: (line: string) => void = () => {},
  migrate: Migrate = migrateDatabase,
  migratedFrom: readonly string[] = [],
): Promise<AirflowInstallation> {
  const { name, release, requirements, newestPython, oldestPython } = airflow;
  const python = await findPython(newestPython, oldestPython);
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
 * Prepares the database for this installation. A new database is a copy of the template; one that another installation
 * created, or that was left incomplete, is migrated.
 * @param addUsers for an Airflow that stores users in its database
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

/** The environment of every Airflow process of the sandbox. It takes only PATH from this process's environment. */
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

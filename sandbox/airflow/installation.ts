// Owns the installed Airflow: a virtual environment in the cache folder, pinned, and a migrated database to copy, with
// users and roles where they lie in the database. Refuses to run it; see ../airflow.ts.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../build-once.js';
import { installPackages } from '../python-packages.js';
import { ensurePythonTools, findPython } from '../python-tools.js';
import { runCommand } from '../run-command.js';
import { newFernetKey } from './secrets.js';
import { ALL_FAB_USERS } from './users.js';
import { airflowKind, type AirflowKind } from './versions.js';

/** An Airflow that can be started. */
export interface AirflowInstallation {
  kind: AirflowKind;
  /** The Python of its virtual environment. */
  python: string;
  /** A migrated SQLite database without any connection, to be copied. */
  templateDb: string;
  /** Changes with Airflow's version and pins, and with the users in the template. */
  key: string;
}

const MAKE_FAB_USERS = script('make_fab_users.py');
const SET_FAB_PASSWORDS = script('set_fab_passwords.py');
const FAB_AUTH_MANAGER = 'airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager';

/**
 * Installs Airflow into the cache folder, once per content of the pins and Python, and migrates an empty database,
 * which takes longer than the installation and is the same for everyone.
 * @throws Error with the installer's last lines and the remedy; with findPython's when there is no Python for it
 */
export async function ensureAirflow(
  say: (line: string) => void = () => {},
  kind: AirflowKind = airflowKind(),
): Promise<AirflowInstallation> {
  const python = await findPython(kind.newestPython);
  const tools = await ensurePythonTools(say);
  const key = contentKey(python, readFileSync(kind.requirements, 'utf8'), ...fabContents(kind));
  const folder = await buildOnce({
    name: `airflow-${kind.name}`,
    key,
    python,
    build: async (venv) => {
      say(`Installing Airflow ${kind.release} from PyPI into the cache folder (once)`);
      await installPackages({ tools, python, requirements: kind.requirements }, venv);
      const home = join(venv, 'template');
      mkdirSync(home);
      const env = airflowEnv({ kind, home, fernetKey: newFernetKey() });
      await migrate(join(venv, 'bin', 'python'), kind, env);
    },
  });
  return {
    kind,
    python: join(folder, 'bin', 'python'),
    templateDb: join(folder, 'template', 'airflow.db'),
    key,
  };
}

/** What the template of an Airflow with FAB follows from besides its pins; nothing for the others. */
function fabContents(kind: AirflowKind): string[] {
  return kind.auth === 'fab' ? [readFileSync(MAKE_FAB_USERS, 'utf8'), JSON.stringify(ALL_FAB_USERS)] : [];
}

/** Brings the database of the environment to the installed Airflow's schema, with all users and roles of FAB. */
export async function migrate(python: string, kind: AirflowKind, env: NodeJS.ProcessEnv): Promise<void> {
  await runCommand(python, ['-m', 'airflow', 'db', 'migrate'], { env, timeoutMs: 300_000 });
  if (kind.auth !== 'fab') return;
  await runCommand(python, [MAKE_FAB_USERS], { env, input: JSON.stringify(ALL_FAB_USERS) });
}

/** Lets the users of FAB sign in. About a second. */
export async function setFabPasswords(
  installation: AirflowInstallation,
  dbFile: string,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  await runCommand(installation.python, [SET_FAB_PASSWORDS, dbFile], { input: JSON.stringify(passwords) });
}

/** The environment of every Airflow process of the sandbox: only what is said here, nothing of the user's own. */
export function airflowEnv(options: {
  kind: AirflowKind;
  home: string;
  fernetKey: string;
}): Record<string, string> {
  const { kind, home, fernetKey } = options;
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
    ...(kind.auth === 'fab' ? { AIRFLOW__FAB__UPDATE_FAB_PERMS: 'False' } : {}), // the template has them
    ...(kind.auth === 'fab' && kind.api === 2 ? { AIRFLOW__CORE__AUTH_MANAGER: FAB_AUTH_MANAGER } : {}),
    ...(kind.api === 1 ? { AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.basic_auth' } : {}),
  };
}

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

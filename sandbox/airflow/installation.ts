// Owns the installed Airflow: a virtual environment in the cache folder, pinned, and a migrated database to copy.
// Refuses to run it; see airflow.ts.
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildOnce, contentKey } from '../build-once.js';
import { ensurePythonTools, type PythonTools } from '../python-tools.js';
import { runCommand } from '../run-command.js';

/** An Airflow that can be started. */
export interface AirflowInstallation {
  /** The Python of its virtual environment. */
  python: string;
  /** A migrated SQLite database without any connection, to be copied. */
  templateDb: string;
  /** Changes with Airflow's version and pins. */
  key: string;
}

const REQUIREMENTS = fileURLToPath(new URL('./requirements-3.3.txt', import.meta.url));

/**
 * Installs Airflow into the cache folder, once per content of the pins and Python, and migrates an empty database,
 * which takes longer than the installation and is the same for everyone.
 * @throws Error with the installer's last lines and the remedy; with findPython's when there is no Python
 */
export async function ensureAirflow(say: (line: string) => void = () => {}): Promise<AirflowInstallation> {
  const tools = await ensurePythonTools(say);
  const key = contentKey(tools.python, readFileSync(REQUIREMENTS, 'utf8'));
  const folder = await buildOnce({
    name: 'airflow-3.3',
    key,
    python: tools.python,
    build: async (venv) => {
      say('Installing Airflow from PyPI into the cache folder (once)');
      await installPackages(tools, venv);
      const home = join(venv, 'template');
      mkdirSync(home);
      const env = airflowEnv({ home, fernetKey: newFernetKey() });
      await migrate(join(venv, 'bin', 'python'), env);
    },
  });
  return {
    python: join(folder, 'bin', 'python'),
    templateDb: join(folder, 'template', 'airflow.db'),
    key,
  };
}

/** Brings the database of the environment to the installed Airflow's schema. */
export async function migrate(python: string, env: NodeJS.ProcessEnv): Promise<void> {
  await runCommand(python, ['-m', 'airflow', 'db', 'migrate'], { env, timeoutMs: 300_000 });
}

async function installPackages(tools: PythonTools, venv: string): Promise<void> {
  await runCommand(tools.uv, ['venv', '--quiet', '--python', tools.python, venv]);
  const python = join(venv, 'bin', 'python');
  try {
    const args = ['pip', 'install', '--quiet', '--python', python, '-r', REQUIREMENTS];
    await runCommand(tools.uv, args, { timeoutMs: 600_000 });
  } catch {
    // pip knows indexes and certificates of pip's own configuration, which uv does not read; it takes a minute
    const pip = ['-m', 'pip', '--python', python, 'install', '--quiet', '--disable-pip-version-check'];
    await runCommand(join(tools.uv, '..', 'python'), [...pip, '-r', REQUIREMENTS], {
      timeoutMs: 1_200_000,
      remedy:
        'is PyPI, or your index (pip or uv configuration), reachable? Try again: nothing half-made is kept',
    });
  }
}

/** A random Fernet key: 32 bytes in URL-safe base64, with the padding, without which Fernet refuses it. */
export function newFernetKey(): string {
  return `${randomBytes(32).toString('base64url')}=`;
}

/** The environment of every Airflow process of the sandbox: only what is said here, nothing of the user's own. */
export function airflowEnv(options: { home: string; fernetKey: string }): Record<string, string> {
  const { home, fernetKey } = options;
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

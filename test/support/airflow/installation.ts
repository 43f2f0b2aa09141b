// Installs the Airflow kinds for tests. Where users and roles are stored in the database, the template contains them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  airflowEnv,
  installAirflow,
  migrateDatabase,
  type AirflowInstallation,
} from '../../../sandbox/airflow/installation.js';
import { runCommand } from '../../../sandbox/run-command.js';
import { ALL_FAB_USERS } from './users.js';
import type { AirflowKind } from './versions.js';

const MAKE_FAB_USERS = script('make_fab_users.py');
const SET_FAB_PASSWORDS = script('set_fab_passwords.py');
const FAB_AUTH_MANAGER = 'airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager';

/** Installs an Airflow of this kind. @throws Error as {@link installAirflow} */
export function ensureAirflow(
  say: ((line: string) => void) | undefined,
  kind: AirflowKind,
): Promise<AirflowInstallation> {
  const settings = kindSettings(kind);
  const migrateTemplate = (python: string, env: Record<string, string>): Promise<void> =>
    migrate(kind, python, { ...env, ...settings });
  return installAirflow(kind, say, migrateTemplate, fabContents(kind));
}

/** What the template of an Airflow with FAB depends on in addition to its requirements; empty for others. */
function fabContents(kind: AirflowKind): string[] {
  return kind.auth === 'fab' ? [readFileSync(MAKE_FAB_USERS, 'utf8'), JSON.stringify(ALL_FAB_USERS)] : [];
}

/**
 * Migrates the database of the environment to the installed Airflow's schema. With FAB, also creates all users and
 * roles.
 */
export async function migrate(kind: AirflowKind, python: string, env: Record<string, string>): Promise<void> {
  await migrateDatabase(python, env);
  if (kind.auth !== 'fab') return;
  await runCommand(python, [MAKE_FAB_USERS], { env, input: JSON.stringify(ALL_FAB_USERS) });
}

/** Sets the passwords of FAB's users. Takes about 1 s; does nothing for other auth managers. */
export async function setFabPasswords(
  kind: AirflowKind,
  python: string,
  dbFile: string,
  passwords: Readonly<Record<string, string>>,
): Promise<void> {
  if (kind.auth !== 'fab') return;
  await runCommand(python, [SET_FAB_PASSWORDS, dbFile], { input: JSON.stringify(passwords) });
}

/** The environment of every process of an Airflow of this kind. */
export function airflowKindEnv(kind: AirflowKind, home: string, fernetKey: string): Record<string, string> {
  return { ...airflowEnv(home, fernetKey), ...kindSettings(kind) };
}

function kindSettings(kind: AirflowKind): Record<string, string> {
  return {
    ...(kind.auth === 'fab' ? { AIRFLOW__FAB__UPDATE_FAB_PERMS: 'False' } : {}), // the template contains them
    ...(kind.auth === 'fab' && kind.api === 2 ? { AIRFLOW__CORE__AUTH_MANAGER: FAB_AUTH_MANAGER } : {}),
    ...(kind.api === 1 ? { AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.basic_auth' } : {}),
  };
}

function script(name: string): string {
  return fileURLToPath(new URL(`./${name}`, import.meta.url));
}

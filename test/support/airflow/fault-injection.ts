// What can go wrong inside the database of a running Airflow: a password that cannot be decrypted any more, a column that is
// too narrow, an update that does not end. No client could cause these through the API.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../sandbox/run-command.js';
import type { AirflowDatabase } from './database.js';

/** Makes a connection's password unreadable, as a change of the Fernet key does. */
export async function corruptPassword(airflow: AirflowDatabase, connectionId: string): Promise<void> {
  await runScript(airflow, 'corrupt_password.py', [connectionId]);
}

/** Lets the password column take no more characters than this; 0 widens it again. */
export async function narrowPasswordColumn(airflow: AirflowDatabase, characters: number): Promise<void> {
  await runScript(airflow, 'narrow_column.py', [String(characters)]);
}

/** Somebody's update that stands still. */
export interface StalledUpdate {
  /** Resolves once somebody has been stopped at the connection; rejects after 30 s. */
  reached: () => Promise<void>;
  /** For updates to come; whoever was stopped stays so until his process ends. */
  end: () => Promise<void>;
}

/**
 * Lets the next transaction that updates this connection stop there, what it did before still uncommitted. It must
 * then be killed.
 */
export async function stallUpdate(airflow: AirflowDatabase, connectionId: string): Promise<StalledUpdate> {
  await runScript(airflow, 'stall_update.py', ['on', connectionId]);
  return {
    reached: () => runScript(airflow, 'stall_update.py', ['wait']),
    end: () => runScript(airflow, 'stall_update.py', ['off']),
  };
}

async function runScript(airflow: AirflowDatabase, name: string, args: readonly string[]): Promise<void> {
  const script = fileURLToPath(new URL(`./${name}`, import.meta.url));
  await runCommand(airflow.python, [script, airflow.dbFile, ...args], { env: airflow.env });
}

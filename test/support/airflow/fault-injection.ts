// Faults in the database of a running Airflow: a password that cannot be decrypted, a column that is too narrow, an
// update that does not end. None of these can be caused through the API.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../sandbox/run-command.js';
import type { AirflowDatabase } from './database.js';

/** Makes a connection's password undecryptable, as after a change of the Fernet key. */
export async function corruptPassword(airflow: AirflowDatabase, connectionId: string): Promise<void> {
  await runScript(airflow, 'corrupt_password.py', [connectionId]);
}

/** Limits the length of the password column; 0 removes the limit. */
export async function narrowPasswordColumn(airflow: AirflowDatabase, characters: number): Promise<void> {
  await runScript(airflow, 'narrow_column.py', [String(characters)]);
}

/** An update that hangs. */
export interface StalledUpdate {
  /** Resolves once an update of the connection hangs; rejects after 30 s. */
  reached: () => Promise<void>;
  /** Lets later updates pass. An update that already hangs does so until its process ends. */
  end: () => Promise<void>;
}

/**
 * Makes the next transaction that updates this connection hang with its earlier changes uncommitted. Its process must
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

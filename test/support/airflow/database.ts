// Reads from Airflow's database, without its API: rows of connections, their decrypted passwords and the audit log.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../sandbox/run-command.js';

/** The database of a running or stopped Airflow of the sandbox. */
export interface AirflowDatabase {
  python: string;
  env: Record<string, string>;
  dbFile: string;
}

/**
 * The raw row of a connection: `type:HEX` of the stored bytes for each column, to compare before and after. Undefined
 * when the connection does not exist. Takes about 50 ms.
 */
export async function readConnectionRow(
  airflow: AirflowDatabase,
  connectionId: string,
): Promise<Record<string, string> | undefined> {
  return (await readConnectionRows(airflow, [connectionId]))[connectionId];
}

/** As {@link readConnectionRow}, for several connections in the same time. */
export async function readConnectionRows(
  airflow: AirflowDatabase,
  connectionIds: readonly string[],
): Promise<Record<string, Record<string, string> | undefined>> {
  const script = fileURLToPath(new URL('./read_row.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, airflow.dbFile, ...connectionIds], {
    env: airflow.env,
  });
  const rows = JSON.parse(stdout) as Record<string, Record<string, string> | null>;
  return Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, row ?? undefined]));
}

/** Airflow's audit log, oldest first: event and details. Takes about 50 ms. */
export async function readAuditLog(
  airflow: AirflowDatabase,
): Promise<[event: string, extra: string | null][]> {
  const script = fileURLToPath(new URL('./read_log.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, airflow.dbFile], { env: airflow.env });
  return JSON.parse(stdout) as [string, string | null][];
}

/** A connection's password, decrypted by Airflow; null when it has none or does not exist. Takes about 3 s. */
export async function readDecryptedPassword(
  airflow: AirflowDatabase,
  connectionId: string,
): Promise<string | null> {
  return (await readDecryptedPasswords(airflow, [connectionId]))[connectionId] ?? null;
}

/** As {@link readDecryptedPassword}, for several connections in the same time. */
export async function readDecryptedPasswords(
  airflow: AirflowDatabase,
  connectionIds: string[],
): Promise<Record<string, string | null>> {
  const script = fileURLToPath(new URL('./read_passwords.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, ...connectionIds], { env: airflow.env });
  const line = /^SANDBOX_PASSWORDS=(.*)$/m.exec(stdout)?.[1];
  if (line === undefined)
    throw new Error('Airflow printed no passwords, although it exited without an error.');
  return JSON.parse(line) as Record<string, string | null>;
}

/**
 * As {@link readDecryptedPasswords}, without Airflow's code. Takes about 0.1 s.
 * @throws Error when a password is encrypted with another Fernet key than that of the environment
 */
export async function decryptPasswords(
  airflow: AirflowDatabase,
  connectionIds: readonly string[],
): Promise<Record<string, string | null>> {
  const script = fileURLToPath(new URL('./decrypt_passwords.py', import.meta.url));
  const args = [script, airflow.dbFile, ...connectionIds];
  const { stdout } = await runCommand(airflow.python, args, { env: airflow.env });
  return JSON.parse(stdout) as Record<string, string | null>;
}

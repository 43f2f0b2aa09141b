// What an Airflow stored, read behind its API: the row of a connection, and its password as Airflow itself decrypts it.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../../../sandbox/run-command.js';

/** What is needed of a running, or stopped, Airflow of the sandbox. */
export interface AirflowDatabase {
  python: string;
  env: Record<string, string>;
  dbFile: string;
}

/**
 * The raw row of a connection: for each column `type:HEX` of the stored bytes, to compare before and after.
 * Undefined when there is no such connection. About 50 ms.
 */
export async function readConnectionRow(
  airflow: AirflowDatabase,
  connectionId: string,
): Promise<Record<string, string> | undefined> {
  return (await readConnectionRows(airflow, [connectionId]))[connectionId];
}

/** As {@link readConnectionRow}, for several connections at the cost of one. */
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

/** Airflow's audit log, oldest first: event and details. About 50 ms. */
export async function readAuditLog(
  airflow: AirflowDatabase,
): Promise<[event: string, extra: string | null][]> {
  const script = fileURLToPath(new URL('./read_log.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, airflow.dbFile], { env: airflow.env });
  return JSON.parse(stdout) as [string, string | null][];
}

/** The password of a connection, decrypted by Airflow; null when it has none or does not exist. About 3 s. */
export async function readDecryptedPassword(
  airflow: AirflowDatabase,
  connectionId: string,
): Promise<string | null> {
  return (await readDecryptedPasswords(airflow, [connectionId]))[connectionId] ?? null;
}

/** As {@link readDecryptedPassword}, for several connections at the cost of one. */
export async function readDecryptedPasswords(
  airflow: AirflowDatabase,
  connectionIds: string[],
): Promise<Record<string, string | null>> {
  const script = fileURLToPath(new URL('./read_passwords.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, ...connectionIds], { env: airflow.env });
  const line = /^SANDBOX_PASSWORDS=(.*)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error('Airflow printed no passwords although it ended without error.');
  return JSON.parse(line) as Record<string, string | null>;
}

/**
 * As {@link readDecryptedPasswords}, where it is enough to know how Airflow decrypts: about 0.1 s.
 * @throws Error when a password is of another Fernet key than the environment's
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

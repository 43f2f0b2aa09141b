// Owns the look behind the API of the real Airflow: a connection's row as stored, and its password as Airflow
// itself decrypts it. Reads only.
import { fileURLToPath } from 'node:url';
import { runCommand } from '../run-command.js';

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
  const script = fileURLToPath(new URL('./read_row.py', import.meta.url));
  const { stdout } = await runCommand(airflow.python, [script, airflow.dbFile, connectionId], {
    env: airflow.env,
  });
  return (JSON.parse(stdout) as Record<string, string> | null) ?? undefined;
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

// The secrets of a sandbox Airflow: generated at the first start in a state folder, and kept.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export interface AirflowSecrets {
  jwtSecret: string;
  fernetKey: string;
  /** By username. */
  passwords: Record<string, string>;
}

/** State folders of 0.1.0 have one `password`, for `op`, and no `passwords`. */
type StoredSecrets = Partial<AirflowSecrets> & { password?: string };

/** Returns the stored secrets. Missing ones are generated and stored. */
export function readOrMakeSecrets(file: string, usernames: readonly string[]): AirflowSecrets {
  const stored = (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}) as StoredSecrets;
  const secrets = {
    jwtSecret: stored.jwtSecret ?? randomBytes(64).toString('base64url'),
    fernetKey: stored.fernetKey ?? newFernetKey(),
    passwords: {
      ...Object.fromEntries(usernames.map((name) => [name, randomBytes(18).toString('base64url')])),
      ...(stored.password === undefined ? {} : { op: stored.password }),
      ...stored.passwords,
    },
  };
  writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  return secrets;
}

/** A random Fernet key: 32 bytes in URL-safe base64, with the padding that Fernet requires. */
export function newFernetKey(): string {
  return `${randomBytes(32).toString('base64url')}=`;
}

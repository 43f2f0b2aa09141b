// The secrets of an Airflow of the sandbox: made at the first start on a state folder, and kept.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

export interface AirflowSecrets {
  jwtSecret: string;
  fernetKey: string;
  /** By username. */
  passwords: Record<string, string>;
}

/** Folders of 0.1.0 have a `password`, that of `op`, and no `passwords`. */
type StoredSecrets = Partial<AirflowSecrets> & { password?: string };

/** The stored secrets; what is missing is made and stored. */
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

/** A random Fernet key: 32 bytes in URL-safe base64, with the padding, without which Fernet refuses it. */
export function newFernetKey(): string {
  return `${randomBytes(32).toString('base64url')}=`;
}

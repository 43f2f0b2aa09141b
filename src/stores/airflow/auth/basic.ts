// Owns the sign-in to Airflow 2 by user name and password: HTTP Basic, on each request.
// Refuses Airflow 3, which has no such sign-in; there the same settings give a JWT (password-session.ts).
import { Secret } from '../../../log/secret.js';
import type { AirflowCredential, RequestContext } from '../transport.js';
import { createCachedCredential } from './cached-credential.js';
import { readReference, type ReadSecret } from './read-secret.js';

export interface BasicOptions {
  /** Name of the Airflow in the configuration. */
  readonly name: string;
  readonly username: string;
  readonly readPassword: ReadSecret;
}

/** The password is read on first use, and again when Airflow rejects it. */
export function createBasicCredential({ name, username, readPassword }: BasicOptions): AirflowCredential {
  const attempt: RequestContext = { airflow: name, action: 'sign-in' };
  return createCachedCredential(async () => {
    const password = await readReference(attempt, 'password', readPassword);
    return new Secret(`Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`);
  }, 'user name or password is not accepted');
}

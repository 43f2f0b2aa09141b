// Owns the sign-in to Airflow 2 by user name and password: HTTP Basic, on each request.
// Refuses Airflow 3, which has no such sign-in; there the same settings give a JWT (password-session.ts).
import { Secret } from '../../secret.js';
import type { Attempt } from './answer.js';
import { createKeptSession } from './kept-session.js';
import { readReference, type ReadSecret } from './reference.js';
import type { AirflowSession } from './transport.js';

export interface BasicOptions {
  /** Name of the Airflow in the configuration. */
  readonly name: string;
  readonly username: string;
  readonly readPassword: ReadSecret;
}

/** The password is read on first use, and again when Airflow rejects it. */
export function createBasicSession({ name, username, readPassword }: BasicOptions): AirflowSession {
  const attempt: Attempt = { airflow: name, action: 'sign-in' };
  return createKeptSession(async () => {
    const password = await readReference(attempt, 'password', readPassword);
    return new Secret(`Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`);
  }, 'user name or password is not accepted');
}

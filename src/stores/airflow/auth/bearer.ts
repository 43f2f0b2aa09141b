// Owns the sign-in by a token that somebody else issues and renews: Astronomer, Cloud Composer, a sidecar.
// Refuses to know when it ends: it is used until Airflow rejects it, and then read again.
import { Secret } from '../../../log/secret.js';
import { failure } from '../response-errors.js';
import type { AirflowCredential, RequestContext } from '../transport.js';
import { createCachedCredential } from './cached-credential.js';
import { readReference, type ReadSecret } from './read-secret.js';

export interface BearerOptions {
  /** Name of the Airflow in the configuration. */
  readonly name: string;
  readonly readToken: ReadSecret;
}

/** The token is read on first use, and again when Airflow rejects it. */
export function createBearerCredential({ name, readToken }: BearerOptions): AirflowCredential {
  const attempt: RequestContext = { airflow: name, action: 'sign-in' };
  const session = createCachedCredential(async () => {
    const token = (await readReference(attempt, 'token', readToken)).reveal().trim();
    // Node would refuse it as a header, with a message that quotes it.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw failure('StoreUnauthorized', attempt, 'the token has characters that no token has');
    }
    return new Secret(`Bearer ${token}`);
  }, 'the token is not accepted');
  // Managed services ask for the token before anything of Airflow is reached, its version included.
  return { ...session, always: true };
}

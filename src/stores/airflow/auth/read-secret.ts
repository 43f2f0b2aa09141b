// Owns the reading of a password or token at a sign-in. Refuses to quote what reading it threw.
import { RefreshFailure } from '../../../refresh/failures.js';
import type { Secret } from '../../../log/secret.js';
import { failure } from '../response-errors.js';
import type { RequestContext } from '../transport.js';

/** Called at each sign-in, so that a rotated secret is picked up. */
export type ReadSecret = () => Secret | Promise<Secret>;

/** @throws RefreshFailure StoreUnauthorized, or the one that `read` throws */
export async function readReference(
  attempt: RequestContext,
  what: 'password' | 'token',
  read: ReadSecret,
): Promise<Secret> {
  let secret: Secret;
  try {
    secret = await read();
  } catch (error) {
    if (error instanceof RefreshFailure) throw error;
    throw failure('StoreUnauthorized', attempt, `the ${what} could not be read; check its reference`);
  }
  if (secret.reveal() === '') throw failure('StoreUnauthorized', attempt, `the ${what} is empty`);
  return secret;
}

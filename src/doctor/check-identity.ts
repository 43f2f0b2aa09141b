// As whom `doctor` has checked: a worker may run elsewhere, with other permissions and another network.
import { hostname, userInfo } from 'node:os';
import { ok, type Check } from './check.js';

/** The AWS principal of a token group or store; null when AWS did not return it. */
export interface UsedPrincipal {
  /** Name of the token group, or kind and name of the store. */
  readonly purpose: string;
  readonly principalArn: string | null;
}

export interface ProcessIdentity {
  readonly user: string;
  readonly host: string;
}

export function readProcessIdentity(): ProcessIdentity {
  return { user: readUser(), host: hostname() };
}

export function identityCheck({ user, host }: ProcessIdentity, principals: readonly UsedPrincipal[]): Check {
  const aws = principals.map(
    ({ purpose, principalArn }) => `${principalArn ?? 'an unknown AWS principal'} for ${purpose}`,
  );
  const as = aws.length === 0 ? 'no AWS principal, since no token was issued' : aws.join(', ');
  return ok(
    { id: 'identity', target: 'identity' },
    `checked as user ${user} on host ${host}, with ${as}. The worker may have another user, host and principal`,
  );
}

/** A container can run with a user id that has no account. */
function readUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `id ${process.getuid?.() ?? 'unknown'}`;
  }
}

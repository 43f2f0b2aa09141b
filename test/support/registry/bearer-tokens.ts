// The bearer tokens of ECR Public's registry: handed out at `/token/` for a token of its API, or to anybody for
// what is public, and valid no longer than what they were handed out for.
import { randomBytes } from 'node:crypto';
import type { TokenChecks } from '../../../sandbox/aws/token-mint.js';
import type { GateRequest } from './request.js';

/** The bearer tokens handed out. */
export interface BearerTokens {
  /** A new one; undefined when the caller's credentials are checked, and not valid here. */
  handOut(request: GateRequest, isChecked: boolean): string | undefined;
  isValid(bearer: string | undefined): boolean;
}

export function createBearerTokens(aws: TokenChecks): BearerTokens {
  /** The password behind each; undefined for callers without credentials, whom ECR Public serves, too. */
  const passwords = new Map<string, string | undefined>();
  const isPublicToken = (password: string): boolean =>
    aws.find(password)?.service === 'ecr-public' && aws.check(password) === 'valid';
  return {
    handOut({ authorized, credentials }, isChecked) {
      const isKnown = credentials?.user === 'AWS' && isPublicToken(credentials.password);
      if (isChecked && authorized && !isKnown) return undefined;
      const bearer = randomBytes(48).toString('base64url');
      passwords.set(bearer, credentials?.password);
      return bearer;
    },
    isValid(bearer) {
      if (bearer === undefined || !passwords.has(bearer)) return false;
      const password = passwords.get(bearer);
      return password === undefined || isPublicToken(password);
    },
  };
}

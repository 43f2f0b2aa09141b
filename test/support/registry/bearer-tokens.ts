// Bearer tokens of ECR Public's registry: issued at `/token/` for a token of its API, or without credentials. They are
// valid no longer than the token for which they were issued.
import { randomBytes } from 'node:crypto';
import type { TokenChecks } from '../../../sandbox/aws/token-mint.js';
import type { GateRequest } from './request.js';

export interface BearerTokens {
  /** Issues a bearer token; undefined if the caller's credentials are checked and invalid. */
  handOut(request: GateRequest, isChecked: boolean): string | undefined;
  isValid(bearer: string | undefined): boolean;
}

export function createBearerTokens(aws: TokenChecks): BearerTokens {
  /** The password of each; undefined for callers without credentials, which ECR Public also serves. */
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

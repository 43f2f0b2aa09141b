// Why a registry rejects a token, for requests of the worker and of a Docker Engine. The only place that parses the
// texts of ECR: it uses one error code, DENIED, for several reasons, and no code for others. If a text changes, the
// reason depends only on the HTTP status and is less exact; whether a token counts as rejected does not depend on the
// text. Of the text, only the name of an action is ever shown.
import { parseEcrHost } from '../../refresh/registry-host.js';
import { REGISTRY_REMEDIES } from '../../refresh/remedies/registry.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';

export interface Rejection {
  readonly words: string;
  /** Set if the remedy of the failure type is too general. */
  readonly remedy?: Remedy;
}

const TOKEN_EXPIRED: Rejection = {
  words: 'the registry reports an expired token; ECR reports this for any token that it cannot read',
  remedy: REGISTRY_REMEDIES.checkRegionOfToken,
};
const SESSION_ENDED: Rejection = {
  words: 'the AWS session behind the token has ended',
  remedy: REGISTRY_REMEDIES.checkRole,
};
const PUBLIC_TOKEN_REJECTED: Rejection = {
  words: 'ECR Public rejected the token: it has expired or belongs to another registry',
  remedy: REGISTRY_REMEDIES.checkPublicProxy,
};
const WRONG_REGION: Rejection = {
  words: 'the token is malformed or from another region',
  remedy: REGISTRY_REMEDIES.fixRegion,
};
const NOT_AUTHENTICATED: Rejection = { words: 'the registry rejected the credentials' };
export const PRINCIPAL_DENIED: Rejection = {
  words: 'the registry denied the AWS principal of the token',
};

/** @param text the error text of the registry, as far as it is known */
export function findRejection(host: string, status: number, text: string): Rejection {
  // Sources: Yatai issue 471 and aws-sdk-java issue 818, Kubernetes issue 69141.
  if (/authorization token has expired/i.test(text)) return TOKEN_EXPIRED;
  if (/security token included in the request is (?:invalid|expired)/i.test(text)) return SESSION_ENDED;
  // Source for the region: aws-cli issue 5317.
  if (status === 400) return isPublic(host) ? PUBLIC_TOKEN_REJECTED : WRONG_REGION;
  return status === 401 ? NOT_AUTHENTICATED : PRINCIPAL_DENIED;
}

/**
 * The action that the principal is not allowed, if the text contains one in the usual form.
 * Sources: ECR credential helper issues 88, 164, 242.
 */
export function findDeniedAction(text: string): string | undefined {
  return /not authorized to perform:\s*(ecr(?:-public)?:[A-Za-z]{1,60})\b/.exec(text)?.[1];
}

export function isPublic(host: string): boolean {
  return parseEcrHost(host)?.kind === 'public';
}

// Why a registry rejects a token: the same for a request of the worker and one of a Docker Engine. The only place that reads
// ECR's own texts: its errors have one code, DENIED, for several reasons, and no code at all for some. Where a text
// changes, the reason is that of the HTTP status alone, which is less exact; whether a token counts as rejected does not
// depend on it. Nothing of the text is ever shown but the name of an action.
import { parseEcrHost } from '../../refresh/registry-host.js';

export interface Rejection {
  readonly words: string;
  /** Where the remedy of the failure's type is too general. */
  readonly remedy?: string;
}

const TOKEN_EXPIRED: Rejection = {
  words:
    'the registry says that the token has expired, as it does of every token that it cannot read or does not know',
  remedy:
    'Check whether the registry is of the region and partition of the token, and for a proxy that changes requests.',
};
const SESSION_ENDED: Rejection = {
  words: 'the AWS session behind the token has ended',
  remedy:
    'Check whether the role of the principal still exists, and whether its sessions were revoked; a token expires with them.',
};
const PUBLIC_TOKEN_REJECTED: Rejection = {
  words: 'ECR Public does not accept the token: it has expired, or is of another registry',
  remedy: 'Check for a proxy that changes requests; ECR Public accepts no token of a private registry.',
};
const WRONG_REGION: Rejection = {
  words: 'a token of another region, or malformed',
  remedy:
    'Fix the region of the entry under `registries`, or its `registryHost`: a token is valid in one region only.',
};
const NOT_AUTHENTICATED: Rejection = { words: 'the registry does not take this as a sign-in' };
export const PRINCIPAL_DENIED: Rejection = {
  words: 'the registry does not admit the principal of the token',
};

/** @param text what the registry said, as far as it is known */
export function findRejection(host: string, status: number, text: string): Rejection {
  // Sources: Yatai issue 471 and aws-sdk-java issue 818, Kubernetes issue 69141.
  if (/authorization token has expired/i.test(text)) return TOKEN_EXPIRED;
  if (/security token included in the request is (?:invalid|expired)/i.test(text)) return SESSION_ENDED;
  // Source for the region: aws-cli issue 5317.
  if (status === 400) return isPublic(host) ? PUBLIC_TOKEN_REJECTED : WRONG_REGION;
  return status === 401 ? NOT_AUTHENTICATED : PRINCIPAL_DENIED;
}

/**
 * The action that the principal lacks; only what looks like one. Undefined where the text names none.
 * Sources: ECR credential helper issues 88, 164, 242.
 */
export function findDeniedAction(text: string): string | undefined {
  return /not authorized to perform:\s*(ecr(?:-public)?:[A-Za-z]{1,60})\b/.exec(text)?.[1];
}

export function isPublic(host: string): boolean {
  return parseEcrHost(host)?.kind === 'public';
}

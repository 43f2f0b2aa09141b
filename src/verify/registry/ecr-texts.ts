// The only place that reads what ECR says in words: its errors have one code, DENIED, for several reasons, and no code at
// all for some. Where a text changes, the reason is made of the HTTP status alone, which is less exact; whether a token
// counts as rejected does not depend on it. Nothing of the text is ever shown but the name of an action.
import type { RegistryCode } from './registry-reason.js';

/** Sources: Yatai issue 471 and aws-sdk-java issue 818, Kubernetes issue 69141. */
const KNOWN_TEXTS: readonly (readonly [pattern: RegExp, code: RegistryCode])[] = [
  [/authorization token has expired/i, 'token-expired'],
  [/security token included in the request is (?:invalid|expired)/i, 'session-ended'],
];

/** Undefined for a text that is not known. */
export function findEcrTextCode(text: string): RegistryCode | undefined {
  return KNOWN_TEXTS.find(([pattern]) => pattern.test(text))?.[1];
}

/**
 * The action that the principal lacks; only what looks like one. Undefined where the text names none.
 * Sources: ECR credential helper issues 88, 164, 242.
 */
export function findDeniedAction(text = ''): string | undefined {
  return /not authorized to perform:\s*(ecr(?:-public)?:[A-Za-z]{1,60})\b/.exec(text)?.[1];
}

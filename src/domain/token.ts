// Owns what a usable ECR authorization token is. Refuses anything else before it can reach a connection:
// what ECR, or whatever answers in its place, sends is treated as hostile input.

/** ECR signs everybody in under this name. */
export const ECR_USER = 'AWS';

/** Far above the 2,368 characters seen, far below what an Airflow database column on MySQL takes (about 49,000). */
const MAX_TOKEN_CHARS = 32_768;

export type TokenCheck =
  { readonly usable: true; readonly password: string } | { readonly usable: false; readonly problem: string };

/**
 * Checks what GetAuthorizationToken answered and takes the password out of it. Problems never quote the token.
 *
 * @param authorizationToken base64 of `AWS:<password>`, split at the first colon: a password may contain colons
 */
export function checkToken(
  authorizationToken: string | undefined,
  expiresAt: Date | undefined,
  now: Date,
): TokenCheck {
  if (!authorizationToken) return unusable('it holds no authorization token');
  if (authorizationToken.length > MAX_TOKEN_CHARS) {
    return unusable(`the token has ${authorizationToken.length} characters, more than ${MAX_TOKEN_CHARS}`);
  }
  const decoded = decodeBase64(authorizationToken);
  if (decoded === undefined) return unusable('the token is no base64 of printable ASCII text');
  const colon = decoded.indexOf(':');
  if (colon < 0) return unusable('the decoded token has no colon');
  if (decoded.slice(0, colon) !== ECR_USER) return unusable('the user in the token is not AWS');
  const password = decoded.slice(colon + 1);
  // Airflow takes an empty password and "***" as "keep the old one" and answers success all the same.
  if (password === '' || /^\*+$/.test(password))
    return unusable('the password in the token is empty or masked');
  if (!expiresAt || Number.isNaN(expiresAt.getTime()))
    return unusable('it does not say when the token expires');
  if (expiresAt <= now) return unusable(`the token expired at ${expiresAt.toISOString()}`);
  return { usable: true, password };
}

/** Whether a token has at least half of its life left: an older one is replaced before it is written anywhere. */
export function isYoung(token: { readonly issuedAt: Date; readonly expiresAt: Date }, now: Date): boolean {
  const lifeMs = token.expiresAt.getTime() - token.issuedAt.getTime();
  return token.expiresAt.getTime() - now.getTime() >= lifeMs / 2;
}

function unusable(problem: string): TokenCheck {
  return { usable: false, problem };
}

/** Undefined when the text is no base64: unlike Node's Buffer, `atob` notices. */
function decodeBase64(text: string): string | undefined {
  try {
    const decoded = atob(text);
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

// Checks ECR authorization tokens. The response is treated as hostile input: it may come from a proxy or another
// endpoint.
import { formatTime } from './format-time.js';
import { normalizeHost, parseEcrHost } from './registry-host.js';

/** The user name of every login to ECR. */
export const ECR_USER = 'AWS';

/** Lifetime of an authorization token. Source: AWS's documentation of GetAuthorizationToken. */
export const ECR_TOKEN_LIFE_MS = 12 * 3_600_000;

/** For the negative login check: looks like an ECR password, but is the base64 of a sentence. */
export const WRONG_PASSWORD = 'VGhpcyBpcyBubyBhdXRob3JpemF0aW9uIHRva2VuLg==';

/** Real tokens have 2,368 characters; Airflow's MySQL column holds about 49,000. */
const MAX_TOKEN_CHARS = 32_768;

/** The relevant fields of the GetAuthorizationToken response. */
export interface TokenResponse {
  /** base64 of `AWS:<password>`, split at the first colon: a password may contain colons. */
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
  /** `https://` and the registry of the caller's account; absent for ECR Public. */
  readonly proxyEndpoint?: string | undefined;
}

/** What the response must match. */
export interface ExpectedToken {
  readonly region: string;
  /** Account of the principal; null when unknown. */
  readonly account: string | null;
  /** The time by AWS's clock. */
  readonly now: Date;
}

export type TokenCheck =
  | { readonly usable: true; readonly password: string; readonly expiresAt: Date }
  | { readonly usable: false; readonly problem: string };

/** Checks the response of GetAuthorizationToken and extracts the password. Problems never quote the token. */
export function checkToken(response: TokenResponse, expected: ExpectedToken): TokenCheck {
  const { authorizationToken, expiresAt } = response;
  if (!authorizationToken) return unusable('the response has no authorization token');
  if (authorizationToken.length > MAX_TOKEN_CHARS) {
    return unusable(
      `the token has ${authorizationToken.length} characters, which exceeds the maximum of ${MAX_TOKEN_CHARS}`,
    );
  }
  const decoded = decodeBase64(authorizationToken);
  if (decoded === undefined) return unusable('the token is not valid base64 of printable ASCII text');
  const colon = decoded.indexOf(':');
  if (colon < 0) return unusable('the decoded token has no colon');
  if (decoded.slice(0, colon) !== ECR_USER) return unusable('the user in the token is not AWS');
  const password = decoded.slice(colon + 1);
  // For an empty password or "***", with blanks or without, Airflow keeps the old password and still returns success.
  if (/^\**$/.test(password.trim())) return unusable('the password in the token is empty or masked');
  if (!expiresAt || Number.isNaN(expiresAt.getTime())) return unusable('the response has no expiry time');
  if (expiresAt <= expected.now) return unusable(`the token expired at ${formatTime(expiresAt)}`);
  const foreign = findForeignRegistry(response.proxyEndpoint, expected);
  if (foreign !== undefined) return unusable(foreign);
  return { usable: true, password, expiresAt };
}

/**
 * The proxy endpoint is always the registry of the caller: with another one, the token belongs to someone else. A host
 * that is not an ECR host, as emulators and gateways return it, proves nothing.
 */
function findForeignRegistry(
  proxyEndpoint: string | undefined,
  { region, account }: ExpectedToken,
): string | undefined {
  const registry = parseEcrHost(normalizeHost(proxyEndpoint ?? ''));
  if (registry?.kind !== 'private') return undefined;
  if (registry.region !== region) return `the token is for region ${registry.region}`;
  if (account !== null && registry.account !== account) {
    return `the token is for account ${registry.account}, but the principal belongs to account ${account}`;
  }
  return undefined;
}

/** The account in an ARN; null when it has none. */
export function parseAccount(arn: string | null): string | null {
  return /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/.exec(arn ?? '')?.[1] ?? null;
}

/** Whether two ARNs are of the same principal, whatever the names of its sessions; also when AWS did not return one. */
export function isSameRole(one: string | null, other: string | null): boolean {
  return one === null || other === null || withoutSession(one) === withoutSession(other);
}

/** `arn:aws:sts::123456789012:assumed-role/ecr-pull` of an ARN that ends with a session name. */
function withoutSession(arn: string): string {
  return arn.replace(/(:assumed-role\/.+)\/[^/]+$/, '$1');
}

export interface TokenLifetime {
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The end of the AWS session behind the token, if known. */
  readonly sessionEndsAt?: Date | undefined;
}

/**
 * The end of a token's life if it ends with its session. AWS documents only that tokens expire after 12 hours; but
 * tokens were seen to be rejected with the STS message "The security token included in the request is invalid" after
 * the session behind them had ended (kubernetes/kubernetes issue 69141).
 */
export function usableUntil({ expiresAt, sessionEndsAt }: TokenLifetime): Date {
  return sessionEndsAt && sessionEndsAt < expiresAt ? sessionEndsAt : expiresAt;
}

/**
 * Whether a token has at least half of its lifetime left. An older token is replaced before it is written; the earlier
 * end counts, because another token is cheap.
 */
export function isFresh(token: TokenLifetime, now: Date): boolean {
  const endMs = usableUntil(token).getTime();
  return endMs - now.getTime() >= (endMs - token.issuedAt.getTime()) / 2;
}

function unusable(problem: string): TokenCheck {
  return { usable: false, problem };
}

/** Returns undefined if the text is not valid base64, which `atob` detects, unlike Node's Buffer. */
function decodeBase64(text: string): string | undefined {
  try {
    const decoded = atob(text);
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

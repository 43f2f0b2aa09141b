// What a usable ECR authorization token is. What ECR, or whatever responds in its place, sends is treated as hostile input.
import { normalizeHost, parseEcrHost } from './registry-host.js';

/** The user name of every login to ECR. */
export const ECR_USER = 'AWS';

/** How long an authorization token lives. Source: AWS's description of GetAuthorizationToken. */
export const ECR_TOKEN_LIFE_MS = 12 * 3_600_000;

/** Looks like a password of ECR: what accepts it would accept anything. base64 of a sentence. */
export const WRONG_PASSWORD = 'VGhpcyBpcyBubyBhdXRob3JpemF0aW9uIHRva2VuLg==';

/** Far above the 2,368 characters seen, far below what an Airflow database column on MySQL takes (about 49,000). */
const MAX_TOKEN_CHARS = 32_768;

/** What GetAuthorizationToken returned, as far as it is of use. */
export interface TokenResponse {
  /** base64 of `AWS:<password>`, split at the first colon: a password may contain colons. */
  readonly authorizationToken?: string | undefined;
  readonly expiresAt?: Date | undefined;
  /** `https://` and the registry of the caller's account; ECR Public names none. */
  readonly proxyEndpoint?: string | undefined;
}

/** What the response must agree with. */
export interface ExpectedToken {
  readonly region: string;
  /** Account of the principal; null when it is not known. */
  readonly account: string | null;
  /** By the clock of AWS. */
  readonly now: Date;
}

export type TokenCheck =
  | { readonly usable: true; readonly password: string; readonly expiresAt: Date }
  | { readonly usable: false; readonly problem: string };

/** Checks what GetAuthorizationToken returned and takes the password out of it. Problems never quote the token. */
export function checkToken(response: TokenResponse, expected: ExpectedToken): TokenCheck {
  const { authorizationToken, expiresAt } = response;
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
  // Airflow takes an empty password and "***" as "keep the old one" and still responds with success.
  if (password === '' || /^\*+$/.test(password))
    return unusable('the password in the token is empty or masked');
  if (!expiresAt || Number.isNaN(expiresAt.getTime()))
    return unusable('it does not say when the token expires');
  if (expiresAt <= expected.now) return unusable(`the token expired at ${expiresAt.toISOString()}`);
  const foreign = findForeignRegistry(response.proxyEndpoint, expected);
  if (foreign !== undefined) return unusable(foreign);
  return { usable: true, password, expiresAt };
}

/**
 * The proxy endpoint is always the registry of the caller: another one means that the token is someone else's.
 * A host that is not ECR's, as emulators and gateways name it, proves nothing.
 */
function findForeignRegistry(
  proxyEndpoint: string | undefined,
  { region, account }: ExpectedToken,
): string | undefined {
  const registry = parseEcrHost(normalizeHost(proxyEndpoint ?? ''));
  if (registry?.kind !== 'private') return undefined;
  if (registry.region !== region) return `the token is for region ${registry.region}`;
  if (account !== null && registry.account !== account) {
    return `the token is for account ${registry.account}, and the principal is of ${account}`;
  }
  return undefined;
}

/** The account in an ARN; null when there is none. */
export function parseAccount(arn: string | null): string | null {
  return /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/.exec(arn ?? '')?.[1] ?? null;
}

/** When a token was issued, and until when it may be counted on. */
export interface TokenLifetime {
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The end of the AWS session behind the token, where that comes before. */
  readonly sessionEndsAt?: Date | undefined;
}

/**
 * Until when a token can be relied on. AWS says only that tokens live 12 hours; but tokens were seen to be refused with
 * the message of STS, "The security token included in the request is invalid", when the session behind them had ended
 * (kubernetes/kubernetes issue 69141). So the earlier time counts.
 */
export function usableUntil({ expiresAt, sessionEndsAt }: TokenLifetime): Date {
  return sessionEndsAt && sessionEndsAt < expiresAt ? sessionEndsAt : expiresAt;
}

/** Whether a token has at least half of its life left: an older one is replaced before it is written anywhere. */
export function isFresh(token: TokenLifetime, now: Date): boolean {
  const endMs = usableUntil(token).getTime();
  return endMs - now.getTime() >= (endMs - token.issuedAt.getTime()) / 2;
}

function unusable(problem: string): TokenCheck {
  return { usable: false, problem };
}

/** Undefined when the text is not base64: unlike Node's Buffer, `atob` notices. */
function decodeBase64(text: string): string | undefined {
  try {
    const decoded = atob(text);
    return /^[\x20-\x7e]+$/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

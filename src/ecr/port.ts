// The interface to ECR: tokens that are checked, and verified with their registry.
import type { Secret } from '../log/secret.js';
import type { RegistryProbe } from '../refresh/activity-types.js';
import type { Run } from '../aws/aws-sessions.js';
import type { Attempt } from '../refresh/attempt.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { TokenDetails } from '../refresh/token-info.js';
import type { TokenResponse } from '../refresh/token.js';

/** The unchecked response of ECR; the token cache checks it before it is used. */
export interface IssuedToken extends Omit<TokenResponse, 'authorizationToken'> {
  readonly authorizationToken: Secret | undefined;
  /** The principal the token was issued to; null when AWS STS did not respond. */
  readonly principalArn: string | null;
  /** When the credentials that the token was obtained with expire; undefined if they do not expire. */
  readonly sessionEndsAt?: Date | undefined;
  /** Milliseconds that the clock of AWS is ahead of ours; 0 below four minutes. */
  readonly clockOffsetMs: number;
}

export type RunAttempt = Run & Pick<Attempt, 'signal'>;

export interface TokenIssuer {
  /**
   * Calls GetAuthorizationToken for a token group as its principal, and once more with new credentials if AWS rejects
   * the current ones. Within a run, all calls of a principal share its credentials.
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled,
   *   AwsUnavailable, EcrResponseInvalid
   */
  issueToken(group: TokenGroup, run: Run, signal: AbortSignal): Promise<IssuedToken>;
  /** The credentials that a call in progress waits for; undefined if it waits for none. */
  describeWait(group: TokenGroup): string | undefined;
}

export interface Token extends TokenDetails {
  readonly password: Secret;
}

/** Logs in to a registry with a token. Never throws: without a response, the outcome is `unreachable`. */
export type VerifyToken = (
  registry: string,
  password: Secret,
  images: readonly string[],
  signal: AbortSignal,
) => Promise<RegistryProbe>;

export interface ProbedToken {
  readonly token: Token;
  readonly probe: RegistryProbe;
}

export interface TokenSource {
  /**
   * Returns the run's token of a group, verified with the given registry. Joins a call started by an earlier attempt of
   * the run.
   * @param images images to check pull access for
   * @throws RefreshFailure EcrResponseInvalid, whatever TokenIssuer throws, or the reason of the attempt's signal
   */
  take(
    attempt: RunAttempt,
    group: TokenGroup,
    registry: string,
    images: readonly string[],
  ): Promise<ProbedToken>;
  /** Whether tokens of the group outlive their AWS session; undefined when this run has not found out. */
  getOutlivesSession(group: TokenGroup): boolean | undefined;
}

// What a run needs of ECR: tokens that were checked, and verified with their registry.
import type { Secret } from '../log/secret.js';
import type { RegistryProbe } from '../refresh/activity-types.js';
import type { Run } from '../aws/aws-sessions.js';
import type { Attempt } from '../refresh/attempt.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { TokenDetails } from '../refresh/token-info.js';
import type { TokenResponse } from '../refresh/token.js';

/** What ECR returned, unchecked: the token cache checks it before anyone may use it. */
export interface IssuedToken extends Omit<TokenResponse, 'authorizationToken'> {
  readonly authorizationToken: Secret | undefined;
  /** Who the token was issued to; null when AWS STS did not respond. */
  readonly principalArn: string | null;
  /** When the credentials end that the token was obtained with; undefined for those that do not. */
  readonly sessionEndsAt?: Date | undefined;
  /** Milliseconds that the clock of AWS is ahead of ours, where that is four minutes or more; else 0. */
  readonly clockOffsetMs: number;
}

export type RunAttempt = Run & Pick<Attempt, 'signal'>;

export interface TokenIssuer {
  /**
   * One GetAuthorizationToken call for a token group, as its principal; a second one with new credentials where AWS
   * rejects those it had. Within a run, the calls of a principal share its credentials.
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled,
   *   AwsUnavailable, EcrResponseInvalid
   */
  issueToken(group: TokenGroup, run: Run, signal: AbortSignal): Promise<IssuedToken>;
  /** Which credentials a call in progress waits for; undefined when it waits for none. */
  describeWait(group: TokenGroup): string | undefined;
}

export interface Token extends TokenDetails {
  readonly password: Secret;
}

export interface ProbedToken {
  readonly token: Token;
  readonly probe: RegistryProbe;
}

export interface TokenSource {
  /**
   * The run's token of a group, verified with the given registry. What an earlier attempt of the run has started is joined.
   * @param images those whose pull is checked with it
   * @throws RefreshFailure EcrResponseInvalid, and whatever TokenIssuer throws, or the reason of the attempt's signal
   */
  take(
    attempt: RunAttempt,
    group: TokenGroup,
    registry: string,
    images: readonly string[],
  ): Promise<ProbedToken>;
}

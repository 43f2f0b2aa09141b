// What a run needs of ECR: tokens that were checked, and verified with their registry.
import type { Secret } from '../log/secret.js';
import type { RegistryProbe, TokenInfo } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { TokenDetails } from '../refresh/token-info.js';

/** What ECR returned, unchecked: the token cache checks it before anyone may use it. */
export interface IssuedToken {
  /** base64 of `AWS:<password>`, if ECR keeps to its documentation. */
  readonly authorizationToken: Secret | undefined;
  readonly expiresAt: Date | undefined;
  /** `https://` and the registry of the caller, if ECR keeps to its documentation; ECR Public names none. */
  readonly proxyEndpoint?: string | undefined;
  /** Who the token was issued to; null when AWS STS did not respond. */
  readonly principalArn: string | null;
  /** When the credentials end that the token was obtained with; undefined for those that do not. */
  readonly sessionEndsAt?: Date | undefined;
  /** Milliseconds that the clock of AWS is ahead of ours, where that is four minutes or more; else 0. */
  readonly clockOffsetMs: number;
}

export interface TokenIssuer {
  /**
   * One GetAuthorizationToken call for a token group, as its principal; a second one with new credentials where AWS
   * rejects those it had. Within a run, the calls of a principal share its credentials.
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled,
   *   AwsUnavailable, EcrResponseInvalid
   */
  issueToken(
    group: TokenGroup,
    run: Pick<Attempt, 'runId' | 'deadlineMs'>,
    signal: AbortSignal,
  ): Promise<IssuedToken>;
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
    attempt: Pick<Attempt, 'runId' | 'deadlineMs' | 'signal'>,
    group: TokenGroup,
    registry: string,
    images: readonly string[],
  ): Promise<ProbedToken>;
  /** Whether connections that received this token need no other yet. */
  isFresh(token: TokenInfo): boolean;
}

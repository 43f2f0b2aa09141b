// Owns what the activities ask of the outside world. Adapters implement it and throw RefreshFailure alone:
// no error of an SDK or HTTP client, which may carry tokens and bodies, ever passes through here.
import type { Secret } from '../secret.js';
import type { StoredConnection } from '../domain/connection.js';
import type { RegistryProbe } from '../domain/steps.js';

/** One Airflow deployment, signed in to on first use. */
export interface AirflowApi {
  /**
   * Reads a connection; undefined when Airflow has none of this id.
   * @throws RefreshFailure AirflowUnreachable, AirflowUnavailable, AirflowUnauthorized, AirflowForbidden,
   *   AirflowRequestRejected
   */
  readConnection(id: string, signal: AbortSignal): Promise<StoredConnection | undefined>;
  /**
   * Writes the password of a connection and nothing else; answers the connection as Airflow has it afterwards,
   * undefined when it is gone.
   * @throws RefreshFailure as readConnection
   */
  writePassword(
    connection: StoredConnection,
    password: Secret,
    signal: AbortSignal,
  ): Promise<StoredConnection | undefined>;
  /** Version of Airflow, such as `3.3.2`; needs no sign-in. @throws RefreshFailure as readConnection */
  readVersion(signal: AbortSignal): Promise<string>;
}

/** What ECR answered, unchecked: the cache checks it before anybody may use it. */
export interface IssuedToken {
  /** base64 of `AWS:<password>`, if ECR kept to its word. */
  readonly authorizationToken: Secret | undefined;
  readonly expiresAt: Date | undefined;
  /** Who the token was issued to; null when AWS STS could not be asked. */
  readonly principalArn: string | null;
}

export interface TokenIssuer {
  /**
   * One GetAuthorizationToken call of the default principal in a region.
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled,
   *   AwsUnavailable, EcrResponseInvalid
   */
  issueToken(region: string, signal: AbortSignal): Promise<IssuedToken>;
}

export interface RegistryApi {
  /** Shows a password to the registry (`GET /v2/`, Basic). Never throws: no answer is the outcome `unreachable`. */
  probe(host: string, password: Secret, signal: AbortSignal): Promise<RegistryProbe>;
}

/** One Docker Engine. */
export interface DockerEngine {
  /** @throws RefreshFailure DockerEngineUnreachable */
  readVersion(signal: AbortSignal): Promise<string>;
  /**
   * Signs in to a registry from this engine (`POST /auth`); the engine stores nothing.
   * @throws RefreshFailure DockerEngineUnreachable, DockerSignInFailed, DockerSignInRefused
   */
  signIn(registry: string, password: Secret, signal: AbortSignal): Promise<void>;
}

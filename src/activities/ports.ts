// Owns what the activities ask of the outside world. Adapters implement it and throw RefreshFailure alone:
// no error of an SDK or HTTP client, which may carry tokens and bodies, ever passes through here.
import type { Secret } from '../log/secret.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { RefreshFailure } from '../refresh/failures.js';
import type { RegistryProbe } from '../refresh/activity-types.js';
import type { TokenGroup } from '../refresh/token-group.js';

/** A page of the connections of an Airflow, in the order of their ids. */
export interface ConnectionPage {
  readonly connections: readonly ConnectionRecord[];
  /** Whether there may be more after this page. */
  readonly hasMore: boolean;
}

/** What became of one connection of a write of several. */
export type BulkOutcome =
  | { readonly id: string; readonly outcome: 'written' | 'missing' }
  | { readonly id: string; readonly outcome: 'failed'; readonly failure: RefreshFailure };

/** A connection to be made: of type docker, with login AWS. */
export interface NewConnection {
  readonly id: string;
  readonly host: string;
  readonly description: string;
}

/** A connection that something may hide; its host is null when the database has no such connection. */
export interface OverrideCandidate {
  readonly id: string;
  readonly host: string | null;
}

/** What comes before Airflow's database when it looks for a connection, as far as it lets one see. */
export interface Overrides {
  /** Classes of secrets backends, by bare name. Which connections they hold is not told. */
  readonly backends: readonly string[];
  /** Ids for which Airflow has a connection that is not the one of its database. */
  readonly hidden: readonly string[];
}

/** One Airflow deployment, signed in to on first use. */
export interface ConnectionStore {
  /**
   * Reads a connection; undefined when Airflow has none of this id.
   * @throws RefreshFailure StoreUnreachable, StoreUnavailable, StoreUnauthorized, StoreForbidden,
   *   StoreRequestRejected; with MWAA also those of AWS credentials
   */
  readConnection(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined>;
  /**
   * A page of all connections, 100 at most; pages count from 0. Airflow 2 tells no `extra` in a list: it is null there,
   * so a connection is to be read by itself before it is written. @throws RefreshFailure as readConnection
   */
  listConnections(page: number, signal: AbortSignal): Promise<ConnectionPage>;
  /**
   * Writes the password of a connection and nothing else; answers the connection as Airflow has it afterwards,
   * undefined when it is gone.
   * @throws RefreshFailure as readConnection
   */
  writePassword(
    connection: ConnectionRecord,
    password: Secret,
    signal: AbortSignal,
  ): Promise<ConnectionRecord | undefined>;
  /**
   * The most connections that one `writeMany` takes for a password of this many bytes; 1 where this Airflow
   * has no bulk request. @throws RefreshFailure as readConnection
   */
  bulkLimit(passwordBytes: number, signal: AbortSignal): Promise<number>;
  /**
   * Writes the password of several connections by one request, each for itself: one that is missing fails alone.
   * Answers one outcome for each, in the order given.
   * @throws RefreshFailure as readConnection. StoreForbidden and StoreRequestRejected mean that Airflow refuses
   *   the request as a whole and has written nothing: the caller may go on by `writePassword`, one by one.
   *   After any other failure some of the passwords may have been written.
   */
  writeMany(
    connections: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly BulkOutcome[]>;
  /**
   * Makes a connection, whole; 'exists' when somebody else was faster, whose connection is left as it is.
   * @throws RefreshFailure as readConnection
   */
  createConnection(
    connection: NewConnection,
    password: Secret,
    signal: AbortSignal,
  ): Promise<'created' | 'exists'>;
  /**
   * The value of an Airflow Variable; undefined when there is none, `***` when Airflow takes its key for a secret's.
   * @throws RefreshFailure as readConnection
   */
  readVariable(key: string, signal: AbortSignal): Promise<string | undefined>;
  /**
   * Looks for what hides these connections. Changes nothing, and takes 15 s at most. Silent about what Airflow does not
   * tell, and when it fails: it never throws but the reason of an abort.
   */
  findOverrides(connections: readonly OverrideCandidate[], signal: AbortSignal): Promise<Overrides>;
  /** Version of Airflow, such as `3.3.2`; needs no sign-in. @throws RefreshFailure as readConnection */
  readVersion(signal: AbortSignal): Promise<string>;
}

/** What ECR answered, unchecked: the cache checks it before anybody may use it. */
export interface IssuedToken {
  /** base64 of `AWS:<password>`, if ECR kept to its word. */
  readonly authorizationToken: Secret | undefined;
  readonly expiresAt: Date | undefined;
  /** `https://` and the registry of whoever asked, if ECR kept to its word; ECR Public names none. */
  readonly proxyEndpoint?: string | undefined;
  /** Who the token was issued to; null when AWS STS could not be asked. */
  readonly principalArn: string | null;
  /** When the credentials end that the token was obtained with; undefined for those that do not. */
  readonly sessionEndsAt?: Date | undefined;
  /** Milliseconds that the clock of AWS is ahead of ours, where that is four minutes or more; else 0. */
  readonly clockOffsetMs: number;
}

export interface TokenIssuer {
  /**
   * One GetAuthorizationToken call for a token group, as its principal.
   * @throws RefreshFailure AwsCredentialsMissing, AwsCredentialsRejected, AwsAccessDenied, AwsThrottled,
   *   AwsUnavailable, EcrResponseInvalid
   */
  issueToken(group: TokenGroup, signal: AbortSignal): Promise<IssuedToken>;
}

/** What else a registry is asked when a password is shown to it. */
export interface ProbeOptions {
  /** Whether it refuses a wrong password: one that does not proves nothing by its yes. */
  readonly wrongPassword: boolean;
  /** Images whose manifests are asked for: repository, and tag or digest. */
  readonly images: readonly string[];
}

/** What a registry said, and whether it was seen to refuse a wrong password. */
export interface ProbeResult {
  readonly probe: RegistryProbe;
  readonly refusesWrongPassword: boolean;
}

export interface RegistryVerifier {
  /**
   * Shows a password to the registry: `GET /v2/`, by the way to sign in that the registry asks for. Never throws: no
   * answer is the outcome `unreachable`. The password is sent to the registry's own host alone.
   */
  probe(host: string, password: Secret, questions: ProbeOptions, signal: AbortSignal): Promise<ProbeResult>;
}

/** One Docker Engine. */
export interface DockerEngine {
  /** @throws RefreshFailure DockerEngineUnreachable; ConfigInvalid when its certificate files cannot be used any more */
  readVersion(signal: AbortSignal): Promise<string>;
  /**
   * Signs in to a registry from this engine (`POST /auth`); the engine stores nothing.
   * @throws RefreshFailure DockerEngineUnreachable, DockerLoginFailed, DockerLoginRejected; ConfigInvalid as above
   */
  signIn(registry: string, password: Secret, signal: AbortSignal): Promise<void>;
}

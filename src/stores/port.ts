// What a run needs from a store. Implementations throw only RefreshFailure: errors of an SDK or HTTP client may contain
// tokens and bodies.
import type { Secret } from '../log/secret.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { RefreshFailure } from '../refresh/failures.js';

/** A part of the list of a store's connections, in the order of their ids. */
export interface ListRange {
  /** Only connections whose ids may match this pattern of the configuration; `*` for all. The store may return more. */
  readonly pattern: string;
  /** Position of the first row, from 0, after the store's own filter. */
  readonly offset: number;
  /** Number of requested rows; the store may return fewer. */
  readonly limit: number;
}

export interface ConnectionPage {
  readonly connections: readonly ConnectionRecord[];
  /** Rows that are not valid connections: position in the list, from 0, and the id, if it is valid. */
  readonly malformed: readonly { readonly position: number; readonly id?: string }[];
  /** Total number of rows according to the store: compare it with the rows received. */
  readonly total: number;
  /** Whether the records have all fields: Airflow 2 omits `extra` in lists. */
  readonly isComplete: boolean;
}

/** The result of a write for one connection. */
export type WriteResult =
  /** `record`: the connection after the write, if the response shows it. */
  | { readonly id: string; readonly outcome: 'written'; readonly record?: ConnectionRecord }
  | { readonly id: string; readonly outcome: 'missing' }
  | { readonly id: string; readonly outcome: 'failed'; readonly failure: RefreshFailure };

/** A connection to be created: of type docker, with login AWS. */
export interface NewConnection {
  readonly id: string;
  readonly host: string;
  readonly description: string;
}

/** A connection that may be overridden; its host is null when the store does not have the connection. */
export interface OverrideCandidate {
  readonly id: string;
  readonly host: string | null;
}

/** Sources that Airflow reads before this store, as far as Airflow shows them. */
export interface Overrides {
  /** Names of the sources. Which connections they contain is not known. */
  readonly backends: readonly string[];
  /** Ids for which Airflow uses a connection from another source. */
  readonly hidden: readonly string[];
}

export interface ConnectionStore {
  /**
   * Reads a connection; undefined when the store has none of this id.
   * @throws RefreshFailure StoreUnreachable, StoreUnavailable, StoreThrottled, StoreUnauthorized, StoreForbidden,
   *   StoreRequestRejected, and failures of AWS credentials when the store uses them
   */
  read(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined>;
  /**
   * Reads a part of the list, at most 100 rows.
   * @throws RefreshFailure as `read`; StoreResponseTooLarge when fewer rows should be requested
   */
  readPage(range: ListRange, signal: AbortSignal): Promise<ConnectionPage>;
  /**
   * Writes only the password of connections. Returns one result for each, in the given order.
   *
   * One record is written with a single request, whose response shows the connection. Several are written in as few
   * requests as possible; a missing connection does not fail the others.
   * @throws RefreshFailure as `read`, when none was written, for the same reason. StoreRequestRejected or
   *   StoreForbidden for several records: the store does not accept bulk requests, and the caller may write the
   *   records one by one. After a timeout some of the passwords may have been written.
   */
  write(
    records: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]>;
  /**
   * Creates a connection. Returns `exists`, and does not change it, when someone else has created it.
   * @throws RefreshFailure as `read`
   */
  create(connection: NewConnection, password: Secret, signal: AbortSignal): Promise<'created' | 'exists'>;
  /**
   * For `doctor`: checks that the store responds, without a login if possible.
   * @returns what responded, such as `version 3.3.2`
   * @throws RefreshFailure as `read`
   */
  check(signal: AbortSignal): Promise<string>;
  /**
   * For `doctor`: the ARN of the AWS principal that the store is called as; null if AWS does not return it. Absent when
   * the store is not called as an AWS principal. Never fails.
   */
  readPrincipal?(signal: AbortSignal): Promise<string | null>;
  /**
   * For `doctor`: finds what overrides these connections; absent when nothing can. Changes nothing and never fails;
   * omits what it cannot find before the signal fires. May send one request per connection.
   */
  findOverrides?(candidates: readonly OverrideCandidate[], signal: AbortSignal): Promise<Overrides>;
}

/** Reads Airflow Variables, which may contain the account or region of a registry. */
export interface VariableSource {
  /**
   * The value of a Variable; undefined when it does not exist, `***` when Airflow masks it because of its key.
   * @throws RefreshFailure as ConnectionStore.read
   */
  readVariable(key: string, signal: AbortSignal): Promise<string | undefined>;
}

// What a run needs of a place that keeps Airflow connections. Implementations throw RefreshFailure alone: an error of an
// SDK or HTTP client may carry tokens and bodies.
import type { Secret } from '../log/secret.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { RefreshFailure } from '../refresh/failures.js';

/** A page of the connections of a store, in the order of their ids. */
export interface ConnectionPage {
  readonly connections: readonly ConnectionRecord[];
  /** Whether there may be more after this page. */
  readonly hasMore: boolean;
}

/** The result of a write for one connection. */
export type WriteResult =
  /** `record`: the connection as the store has it afterwards, where its response shows that. */
  | { readonly id: string; readonly outcome: 'written'; readonly record?: ConnectionRecord }
  | { readonly id: string; readonly outcome: 'missing' }
  | { readonly id: string; readonly outcome: 'failed'; readonly failure: RefreshFailure };

/** A connection to be created: of type docker, with login AWS. */
export interface NewConnection {
  readonly id: string;
  readonly host: string;
  readonly description: string;
}

/** A connection that something may override; its host is null when the store has no such connection. */
export interface OverrideCandidate {
  readonly id: string;
  readonly host: string | null;
}

/** What Airflow looks up before this store, as far as it can be seen. */
export interface Overrides {
  /** Names of the sources that come first. Which connections they hold is not known. */
  readonly backends: readonly string[];
  /** Ids for which Airflow uses another connection than the one of this store. */
  readonly hidden: readonly string[];
}

export interface ConnectionStore {
  /**
   * Reads a connection; undefined when the store has none of this id.
   * @throws RefreshFailure StoreUnreachable, StoreUnavailable, StoreUnauthorized, StoreForbidden, StoreRequestRejected;
   *   also those of AWS credentials, where the store is reached with them
   */
  read(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined>;
  /**
   * A page of all connections, 100 at most; pages count from 0. `extra` may be null in a list: a connection is read by
   * its id before it is written. @throws RefreshFailure as `read`
   */
  readPage(page: number, signal: AbortSignal): Promise<ConnectionPage>;
  /** The most connections that one `write` takes for a password of this many bytes. @throws RefreshFailure as `read` */
  maxRecordsPerWrite(passwordBytes: number, signal: AbortSignal): Promise<number>;
  /**
   * Writes the password of connections and nothing else, each by itself: one that is missing fails alone. Returns one
   * result for each, in the order given.
   * @throws RefreshFailure as `read`. For several connections StoreForbidden and StoreRequestRejected mean that the
   *   request was rejected as a whole and nothing was written: the caller may continue one by one. After any other
   *   failure some of the passwords may have been written.
   */
  write(
    records: readonly ConnectionRecord[],
    password: Secret,
    signal: AbortSignal,
  ): Promise<readonly WriteResult[]>;
  /**
   * Creates a connection; `exists` when someone else was faster, whose connection is not changed.
   * @throws RefreshFailure as `read`
   */
  create(connection: NewConnection, password: Secret, signal: AbortSignal): Promise<'created' | 'exists'>;
  /**
   * For `doctor`: whether the store responds at all, without a login where that is possible.
   * @returns what responded, such as `version 3.3.2`
   * @throws RefreshFailure as `read`
   */
  check(signal: AbortSignal): Promise<string>;
  /**
   * What overrides these connections; absent where nothing can. Changes nothing and takes 15 s at most. Never throws but
   * the reason of an abort: what cannot be found out is left out.
   */
  findOverrides?(candidates: readonly OverrideCandidate[], signal: AbortSignal): Promise<Overrides>;
}

/** Where Airflow Variables are read: account or region of a registry may be kept in one. */
export interface VariableSource {
  /**
   * The value of a Variable; undefined when there is none, `***` when Airflow takes its key for a secret's.
   * @throws RefreshFailure as ConnectionStore.read
   */
  readVariable(key: string, signal: AbortSignal): Promise<string | undefined>;
}

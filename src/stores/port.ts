// What a run needs of a place that keeps Airflow connections. Implementations throw RefreshFailure alone: an error of an
// SDK or HTTP client may carry tokens and bodies.
import type { Secret } from '../log/secret.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import type { RefreshFailure } from '../refresh/failures.js';

/** A part of the list of a store's connections, in the order of their ids. */
export interface ListRange {
  /** Only connections whose ids may match this pattern of the configuration; `*` for all. The store may return more. */
  readonly pattern: string;
  /** Position of the first row, from 0, among those that the store's own filter leaves. */
  readonly offset: number;
  /** Rows that are requested; the store may return fewer. */
  readonly limit: number;
}

export interface ConnectionPage {
  readonly connections: readonly ConnectionRecord[];
  /** Rows that are not valid connections: position in the list, from 0, and the id, where there is one that may be shown. */
  readonly malformed: readonly { readonly position: number; readonly id?: string }[];
  /** How many rows there are in all, according to the store: check it against what is received. */
  readonly total: number;
  /** Whether the records can be evaluated as they are: Airflow 2 leaves `extra` out of its lists. */
  readonly isComplete: boolean;
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
   * @throws RefreshFailure StoreUnreachable, StoreUnavailable, StoreThrottled, StoreUnauthorized, StoreForbidden,
   *   StoreRequestRejected;
   *   also those of AWS credentials, where the store is reached with them
   */
  read(id: string, signal: AbortSignal): Promise<ConnectionRecord | undefined>;
  /**
   * A part of the list, 100 rows at most.
   * @throws RefreshFailure as `read`; StoreResponseTooLarge when fewer rows should be requested
   */
  readPage(range: ListRange, signal: AbortSignal): Promise<ConnectionPage>;
  /**
   * Writes the password of connections and nothing else. Returns one result for each, in the order given.
   *
   * One record: by a single request, whose response shows the connection. Several: by as few requests as the store takes,
   * each connection separately, so that one that is missing fails alone.
   * @throws RefreshFailure as `read`, when none was written for the same reason. Several and StoreRequestRejected or
   *   StoreForbidden: the store accepts no requests for several, and the caller may write one by one. After a timeout some of
   *   the passwords may have been written.
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
   * For `doctor`: what overrides these connections; absent where nothing can. Changes nothing and never fails: what cannot
   * be found out before the signal fires is left out. Each connection may take a request.
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

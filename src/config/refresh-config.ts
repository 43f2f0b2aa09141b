// Owns the shape of a configuration that has passed every check: references resolved, defaults filled in.
// Refuses secrets: a password, token or header is a function that reads it when it is needed.
import type { ConnectionRule } from '../refresh/connection-rules.js';
import type { RegistryEntry } from '../refresh/registry-entries.js';
import type { ScheduleSettings } from '../refresh/schedule-margins.js';
import type { Secret } from '../log/secret.js';
import type { ExtraHeader } from '../net/http.js';
import type { TlsFiles } from '../net/tls-files.js';
import type { ConfigProblem } from './config-error.js';

/**
 * Reads a secret anew, so that a rotated file is picked up without a restart.
 * @throws RefreshFailure ConfigInvalid when the variable or file has become empty, missing or unreadable
 */
export type ReadSecret = () => Secret;

/** How the worker signs in to an Airflow. */
export type AirflowAuth =
  /** A JWT on Airflow 3, Basic on Airflow 2. */
  | { readonly kind: 'password'; readonly username: string; readonly readPassword: ReadSecret }
  /** A bearer token, read at each sign-in. */
  | { readonly kind: 'token'; readonly readToken: ReadSecret }
  /** Amazon MWAA, by AWS's InvokeRestApi; the Airflow then has no `url`. */
  | { readonly kind: 'mwaa'; readonly environment: string; readonly region: string };

export interface AirflowSettings {
  /** Without `/api/v2` and without a slash at the end. Absent with MWAA alone. */
  readonly url?: string;
  readonly auth: AirflowAuth;
  /** Major version of Airflow, or to be asked for. */
  readonly version: 'auto' | 2 | 3;
  readonly headers: readonly ExtraHeader[];
  /** Absolute path of a PEM file with the authorities to trust besides Node's own. */
  readonly caFile?: string;
}

/** Where connections are kept: an Airflow instance, or a store of another kind. */
export interface StoreConfig {
  readonly name: string;
  /** `airflow` for an entry of `airflows`. */
  readonly kind: string;
  readonly connections: readonly ConnectionRule[];
  /** Entries of earlier stores of the same Airflow: what they match belongs to those stores. */
  readonly claimed?: readonly ConnectionRule[];
  /** What a store of this kind needs; of kind `airflow` AirflowSettings. */
  readonly settings: object;
}

/** Its host is the one that the file gives, else the one that follows from account and region once they are known. */
export type RegistryConfig = RegistryEntry;

export interface EngineConfig {
  /** `unix:///absolute/path`, or `tcp://host:port`: without `tls` on loopback alone. */
  readonly url: string;
  readonly tls?: TlsFiles;
  /** Whether its absence is a failure: true for one that the configuration names, false for the default one. */
  readonly required: boolean;
}

/** An image whose manifest is asked for: of one registry, or of every one. */
export interface ImageConfig {
  readonly registry?: string;
  /** `team/app:1.0` or `team/app@sha256:…`. */
  readonly image: string;
}

export interface RefreshConfig {
  /**
   * Twelve hex digits of the SHA-256 of everything below but `path` and `warnings`, secrets stood for by their
   * references: equal on every worker with the same settings, whatever the order of keys or the comments in the file.
   */
  readonly hash: string;
  /** The file it was read from, as it was given. */
  readonly path: string;
  readonly stores: readonly StoreConfig[];
  readonly registries: readonly RegistryConfig[];
  readonly engines: readonly EngineConfig[];
  readonly images: readonly ImageConfig[];
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** What is hardly meant so, but can be worked with; not part of the hash. */
  readonly warnings: readonly ConfigProblem[];
}

// Owns the shape of a configuration that has passed every check: references resolved, defaults filled in.
// Refuses secrets: a password is a function that reads it when it is needed.
import type { NamedRegistry } from '../domain/connection.js';
import type { ScheduleSettings } from '../domain/schedule.js';
import type { Secret } from '../secret.js';
import type { ConfigProblem } from './problems.js';

export interface AirflowConfig {
  readonly name: string;
  /** Without `/api/v2` and without a slash at the end. */
  readonly url: string;
  readonly username: string;
  /**
   * Reads the password anew, so that a rotated file is picked up without a restart.
   * @throws RefreshFailure ConfigInvalid when the variable or file has become empty, missing or unreadable
   */
  readonly readPassword: () => Secret;
  readonly connections: readonly string[];
}

export interface RegistryConfig extends NamedRegistry {
  /** Twelve digits. */
  readonly account: string;
}

export interface EngineConfig {
  /** `unix:///absolute/path`. */
  readonly url: string;
  /** Whether its absence is a failure: true for one that the configuration names, false for the default one. */
  readonly required: boolean;
}

export interface RefreshConfig {
  /**
   * Twelve hex digits of the SHA-256 of everything below but `path` and `warnings`, passwords stood for by their references:
   * equal on every worker with the same settings, whatever the order of keys or the comments in the file.
   */
  readonly hash: string;
  /** The file it was read from, as it was given. */
  readonly path: string;
  readonly airflows: readonly AirflowConfig[];
  readonly registries: readonly RegistryConfig[];
  readonly engines: readonly EngineConfig[];
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** What is hardly meant so, but can be worked with; not part of the hash. */
  readonly warnings: readonly ConfigProblem[];
}

// The configuration that a worker and the commands use: checked, with defaults and without references. It contains no
// secret: passwords, tokens and headers are functions that read them when they are needed.
import type { RegistryEntry } from '../refresh/registry-entries.js';
import type { ScheduleSettings } from '../refresh/schedule-margins.js';
import type { ConfigProblem } from './config-error.js';
import type { EngineConfig } from './schema/docker.js';
import type { ImageConfig } from './schema/images.js';
import type { StoreConfig } from './schema/stores.js';

export type { AirflowSettings } from './schema/airflows.js';
export type { StoreConfig } from './schema/stores.js';

export interface RefreshConfig {
  /**
   * Twelve hex digits of the SHA-256 of everything below but `path` and `warnings`, with references instead of secrets:
   * equal on every worker with the same settings, whatever the order of keys or the comments in the file.
   */
  readonly hash: string;
  /** The file it was read from, as it was given. */
  readonly path: string;
  readonly stores: readonly StoreConfig[];
  readonly registries: readonly RegistryEntry[];
  readonly engines: readonly EngineConfig[];
  readonly images: readonly ImageConfig[];
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** What works and is probably a mistake. */
  readonly warnings: readonly ConfigProblem[];
}

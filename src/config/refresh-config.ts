// The configuration that the worker and the commands use: validated, with defaults and resolved references. It
// contains no secret: passwords, tokens and headers are functions that read the value when it is needed.
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
   * 12 hex digits of the SHA-256 of everything below except `path` and `warnings`, with references instead of
   * secrets. The same on every worker with the same settings, regardless of the order of keys and of comments.
   */
  readonly hash: string;
  /** The file it was read from, as specified. */
  readonly path: string;
  readonly stores: readonly StoreConfig[];
  readonly registries: readonly RegistryEntry[];
  readonly engines: readonly EngineConfig[];
  /** `docker.required: true`: a run in which the login from Docker was not tested fails. */
  readonly requiresDocker: boolean;
  readonly images: readonly ImageConfig[];
  readonly schedule: ScheduleSettings;
  readonly taskQueue: string;
  /** What works but is probably a mistake. */
  readonly warnings: readonly ConfigProblem[];
}

// Looks up the names in activity inputs in the configuration. A name that is not there is rejected: starting an
// activity on the task queue gives no extra access.
import { hostname } from 'node:os';
import { isConnectionId } from '../refresh/connection-id.js';
import type { ConnectionRule, ConnectionRules } from '../refresh/connection-rules.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import type { RegistryEntry, ResolvedRegistry } from '../refresh/registry-entries.js';
import type { ScheduleSettings } from '../refresh/schedule-margins.js';
import type { ScheduledStore } from '../refresh/scheduled-stores.js';
import type { Semaphore } from '../refresh/semaphore.js';
import type { ConnectionStore, VariableSource } from '../stores/port.js';
import type { DockerEngine } from '../verify/docker/port.js';
import type { Pace } from './pace.js';

export interface AllowedStore {
  readonly name: string;
  /** Such as `airflow`. */
  readonly kind: string;
  /** The kind in messages, such as `Airflow`. */
  readonly title: string;
  readonly connections: ConnectionStore;
  readonly rules: ConnectionRules;
  /** For all requests of this worker to the store's connections. */
  readonly pace: Pace;
}

export interface AllowedEngine {
  readonly engine: DockerEngine;
  /** Whether its absence is a failure. */
  readonly required: boolean;
  /** Looked for by default: neither the configuration nor DOCKER_HOST names it. */
  readonly isDefault: boolean;
  /** Limits this worker's logins from the engine. */
  readonly logins: Semaphore;
}

/** One configuration, with a client for every name in it. */
export interface AllowedConfig {
  readonly configHash: string;
  readonly stores: ReadonlyMap<string, AllowedStore>;
  /** Where the stores are, to compare with those of a schedule. */
  readonly deployments: readonly ScheduledStore[];
  /** The key is the name of the store. */
  readonly variables: ReadonlyMap<string, VariableSource>;
  readonly registries: readonly RegistryEntry[];
  /** The registries whose account and region are in the file; searched for every connection and token. */
  readonly staticRegistries: readonly ResolvedRegistry[];
  readonly engines: ReadonlyMap<string, AllowedEngine>;
  /** Why there is no default engine to test. */
  readonly engineProblem?: string;
  /** A run in which the login from Docker is not tested, or its test is inconclusive, fails. */
  readonly requiresDocker: boolean;
  /** The images whose manifests are requested from a registry. */
  readonly getImages: (registry: string) => readonly string[];
  readonly schedule: ScheduleSettings;
}

export interface ConfigSource {
  /**
   * Reads the configuration file again. If it is invalid, or has none of the stores that the schedule was applied for,
   * returns the problem and the last valid configuration.
   */
  reread(scheduled?: readonly ScheduledStore[]): {
    readonly allowed: AllowedConfig;
    readonly problem?: string;
    readonly remedy?: Remedy;
  };
  /** The current or the previous configuration by its hash; undefined when this worker has not loaded it. */
  byHash(configHash: string): AllowedConfig | undefined;
}

/** @throws RefreshFailure ConfigVersionMismatch */
export function getAllowedConfig(source: ConfigSource, configHash: string): AllowedConfig {
  const allowed = source.byHash(configHash);
  if (allowed) return allowed;
  const hash = /^[0-9a-f]{1,64}$/.test(configHash) ? configHash : '(malformed)';
  throw new RefreshFailure(
    'ConfigVersionMismatch',
    `The worker on ${hostname()} has not loaded configuration ${hash}: its file differs, or it belongs to another ` +
      'deployment that uses the same task queue.',
  );
}

/** @throws RefreshFailure InputNotAllowed */
export function getAllowedStore(allowed: AllowedConfig, name: string): AllowedStore {
  return allowed.stores.get(name) ?? notAllowed('store');
}

/**
 * The rule for each connection, by id.
 * @throws RefreshFailure InputNotAllowed when there is no rule for one of them
 */
export function getAllowedRules(
  store: AllowedStore,
  ids: readonly string[],
): ReadonlyMap<string, ConnectionRule> {
  return new Map(ids.map((id) => [id, getAllowedRule(store, id)]));
}

/** A pattern matches any text, but only a valid id may become part of a request. */
function getAllowedRule(store: AllowedStore, id: string): ConnectionRule {
  return (isConnectionId(id) && store.rules.find(id)) || notAllowed('connection');
}

/** @throws RefreshFailure InputNotAllowed */
export function getAllowedEngine(allowed: AllowedConfig, name: string): AllowedEngine {
  return allowed.engines.get(name) ?? notAllowed('engine');
}

/** The name is not shown: it came from outside and may be anything. */
export function notAllowed(kind: string): never {
  throw new RefreshFailure('InputNotAllowed', `The requested ${kind} is not in the configuration.`);
}

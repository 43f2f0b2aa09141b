// What one configuration allows, and the lookups by which activities turn the names in their inputs into it. A name that
// is not in the configuration is refused: starting an activity on the task queue gives no extra access.
import { isConnectionId, type ConnectionRule, type ConnectionRules } from '../refresh/connection-rules.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { RegistryEntry, ResolvedRegistry } from '../refresh/registry-entries.js';
import type { ScheduleSettings } from '../refresh/schedule-margins.js';
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
  /** Of all requests for connections by this worker. */
  readonly pace: Pace;
}

export interface AllowedEngine {
  readonly engine: DockerEngine;
  /** Named in the configuration, so that its absence is a failure; the default one may be absent. */
  readonly required: boolean;
  /** Of all logins from it by this worker. */
  readonly logins: Semaphore;
}

/** One configuration, with a client behind every name in it. */
export interface AllowedConfig {
  readonly configHash: string;
  readonly stores: ReadonlyMap<string, AllowedStore>;
  /** By the name of the store that has them. */
  readonly variables: ReadonlyMap<string, VariableSource>;
  readonly registries: readonly RegistryEntry[];
  /** Those whose account and region are in the file: looked through for every connection and token. */
  readonly staticRegistries: readonly ResolvedRegistry[];
  readonly engines: ReadonlyMap<string, AllowedEngine>;
  /** Why there is no default engine, where one was to be tested. */
  readonly engineProblem?: string;
  /** The images whose manifests a registry is asked for. */
  readonly getImages: (registry: string) => readonly string[];
  readonly schedule: ScheduleSettings;
}

export interface ConfigSource {
  /** Reads the configuration file again; with an invalid one: its problem, and the last good configuration. */
  reread(): { readonly allowed: AllowedConfig; readonly problem?: string };
  /** The current or the previous configuration by its hash; undefined when this worker does not have it. */
  byHash(configHash: string): AllowedConfig | undefined;
}

/** @throws RefreshFailure ConfigVersionMismatch */
export function getAllowedConfig(source: ConfigSource, configHash: string): AllowedConfig {
  const allowed = source.byHash(configHash);
  if (allowed) return allowed;
  const hash = /^[0-9a-f]{1,64}$/.test(configHash) ? configHash : '(malformed)';
  throw new RefreshFailure('ConfigVersionMismatch', `This worker does not have configuration ${hash}.`);
}

/** @throws RefreshFailure InputNotAllowed */
export function getAllowedStore(allowed: AllowedConfig, name: string): AllowedStore {
  return allowed.stores.get(name) ?? notAllowed('store');
}

/**
 * The rule that allows each of the connections, by their ids.
 * @throws RefreshFailure InputNotAllowed when none does for one of them
 */
export function getAllowedRules(
  store: AllowedStore,
  ids: readonly string[],
): ReadonlyMap<string, ConnectionRule> {
  return new Map(ids.map((id) => [id, getAllowedRule(store, id)]));
}

/** A pattern matches any text, which must not become a part of a request. */
function getAllowedRule(store: AllowedStore, id: string): ConnectionRule {
  return (isConnectionId(id) && store.rules.find(id)) || notAllowed('connection');
}

/** @throws RefreshFailure InputNotAllowed */
export function getAllowedEngine(allowed: AllowedConfig, name: string): AllowedEngine {
  return allowed.engines.get(name) ?? notAllowed('engine');
}

/** The name itself is not shown: it came from outside and may be anything. */
export function notAllowed(kind: string): never {
  throw new RefreshFailure('InputNotAllowed', `The configuration does not grant the ${kind} asked for.`);
}

// Owns what one configuration grants, and the look-ups by which activities turn the names they are given into it.
// Refuses every name that is not there: whoever may start an activity on the task queue gets nothing by it.
import { findRule, isConnectionId, type ConnectionRule } from '../refresh/connection-rules.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { Semaphore } from '../refresh/semaphore.js';
import type { ResolvedRegistry, RegistryEntry } from '../refresh/registry-entries.js';
import type { ScheduleSettings } from '../refresh/schedule-margins.js';
import type { NegativeCheckCache } from '../verify/registry/negative-check-cache.js';
import type { ConnectionStore, DockerEngine } from './ports.js';
import type { RegistryResolver } from './registry-resolver.js';
import type { TokenCache } from '../ecr/token-cache.js';

export interface AllowedStore {
  readonly api: ConnectionStore;
  readonly rules: readonly ConnectionRule[];
}

export interface AllowedEngine {
  readonly engine: DockerEngine;
  /** Named in the configuration, so that its absence is a failure; the default one may be absent. */
  readonly required: boolean;
  /** How many sign-ins it does at once, for all runs of this worker: hundreds at once would keep each other waiting. */
  readonly limit: Semaphore;
}

/** One configuration, with an adapter behind every name in it. */
export interface AllowedConfig {
  readonly configHash: string;
  readonly airflows: ReadonlyMap<string, AllowedStore>;
  readonly registries: readonly RegistryEntry[];
  /** Those whose account and region no Airflow keeps: looked through for every connection and token. */
  readonly staticRegistries: readonly ResolvedRegistry[];
  readonly engines: ReadonlyMap<string, AllowedEngine>;
  /** Why there is no default engine, where one was to be tested. */
  readonly engineProblem?: string;
  /** The images whose manifests a registry is asked for. */
  readonly getImages: (registry: string) => readonly string[];
  readonly schedule: ScheduleSettings;
}

export interface ConfigSource {
  /** Reads the configuration file again; of an invalid one it says the problem and gives the last good allowed. */
  reread(): { readonly allowed: AllowedConfig; readonly problem?: string };
  /** The current or the previous configuration by its hash; undefined when this worker does not have it. */
  byHash(configHash: string): AllowedConfig | undefined;
}

/** What the activities of a worker share. */
export interface Dependencies {
  readonly source: ConfigSource;
  readonly tokens: TokenCache;
  readonly registries: RegistryResolver;
  /** Registries, and engines before them, that were seen to refuse a wrong password. */
  readonly proofs: NegativeCheckCache;
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
  return allowed.airflows.get(name) ?? notAllowed('airflow');
}

/**
 * The rule that grants each of the connections, by their ids.
 * @throws RefreshFailure InputNotAllowed when none does for one of them
 */
export function getAllowedRules(
  airflow: AllowedStore,
  ids: readonly string[],
): ReadonlyMap<string, ConnectionRule> {
  return new Map(ids.map((id) => [id, getAllowedRule(airflow, id)]));
}

/** A pattern matches any text, which must not become a part of a request. */
function getAllowedRule(airflow: AllowedStore, id: string): ConnectionRule {
  return (isConnectionId(id) && findRule(airflow.rules, id)) || notAllowed('connection');
}

/** @throws RefreshFailure InputNotAllowed */
export function getAllowedEngine(allowed: AllowedConfig, name: string): AllowedEngine {
  return allowed.engines.get(name) ?? notAllowed('engine');
}

/** The name itself is not shown: it came from outside and may be anything. */
export function notAllowed(kind: string): never {
  throw new RefreshFailure('InputNotAllowed', `The configuration does not grant the ${kind} asked for.`);
}

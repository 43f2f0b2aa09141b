// Owns what one configuration grants, and the look-ups by which activities turn the names they are given into it.
// Refuses every name that is not there: whoever may start an activity on the task queue gets nothing by it.
import { findRule, isConnectionId, type ConnectionRule } from '../domain/connection-rules.js';
import { RefreshFailure } from '../domain/failures.js';
import type { Limit } from '../domain/limit.js';
import type { NamedRegistry, RegistrySettings } from '../domain/registries.js';
import type { ScheduleSettings } from '../domain/schedule.js';
import type { DailyProofs } from './daily-proofs.js';
import type { AirflowApi, DockerEngine } from './ports.js';
import type { RunRegistries } from './run-registries.js';
import type { TokenCache } from './token-cache.js';

export interface GrantedAirflow {
  readonly api: AirflowApi;
  readonly rules: readonly ConnectionRule[];
}

export interface GrantedEngine {
  readonly engine: DockerEngine;
  /** Named in the configuration, so that its absence is a failure; the default one may be absent. */
  readonly required: boolean;
  /** How many sign-ins it does at once, for all runs of this worker: hundreds at once would keep each other waiting. */
  readonly limit: Limit;
}

/** One configuration, with an adapter behind every name in it. */
export interface Targets {
  readonly configHash: string;
  readonly airflows: ReadonlyMap<string, GrantedAirflow>;
  readonly registries: readonly RegistrySettings[];
  /** Those whose account and region no Airflow keeps: looked through for every connection and token. */
  readonly registriesInFile: readonly NamedRegistry[];
  readonly engines: ReadonlyMap<string, GrantedEngine>;
  /** Why there is no default engine, where one was to be tested. */
  readonly engineProblem?: string;
  /** The images whose manifests a registry is asked for. */
  readonly imagesOf: (registry: string) => readonly string[];
  readonly schedule: ScheduleSettings;
}

export interface TargetsSource {
  /** Reads the configuration file again; of an invalid one it says the problem and gives the last good targets. */
  reread(): { readonly targets: Targets; readonly problem?: string };
  /** The current or the previous configuration by its hash; undefined when this worker does not have it. */
  byHash(configHash: string): Targets | undefined;
}

/** What the activities of a worker share. */
export interface Shared {
  readonly source: TargetsSource;
  readonly tokens: TokenCache;
  readonly registries: RunRegistries;
  /** Registries, and engines before them, that were seen to refuse a wrong password. */
  readonly proofs: DailyProofs;
}

/** @throws RefreshFailure ConfigVersionMismatch */
export function targetsOf(source: TargetsSource, configHash: string): Targets {
  const targets = source.byHash(configHash);
  if (targets) return targets;
  const hash = /^[0-9a-f]{1,64}$/.test(configHash) ? configHash : '(malformed)';
  throw new RefreshFailure('ConfigVersionMismatch', `This worker does not have configuration ${hash}.`);
}

/** @throws RefreshFailure InputNotGranted */
export function grantedAirflow(targets: Targets, name: string): GrantedAirflow {
  return targets.airflows.get(name) ?? notGranted('airflow');
}

/**
 * The rule that grants each of the connections, by their ids.
 * @throws RefreshFailure InputNotGranted when none does for one of them
 */
export function grantedRules(
  airflow: GrantedAirflow,
  ids: readonly string[],
): ReadonlyMap<string, ConnectionRule> {
  return new Map(ids.map((id) => [id, grantedRule(airflow, id)]));
}

/** A pattern matches any text, which must not become a part of a request. */
function grantedRule(airflow: GrantedAirflow, id: string): ConnectionRule {
  return (isConnectionId(id) && findRule(airflow.rules, id)) || notGranted('connection');
}

/** @throws RefreshFailure InputNotGranted */
export function grantedEngine(targets: Targets, name: string): GrantedEngine {
  return targets.engines.get(name) ?? notGranted('engine');
}

/** The name itself is not shown: it came from outside and may be anything. */
export function notGranted(kind: string): never {
  throw new RefreshFailure('InputNotGranted', `The configuration does not grant the ${kind} asked for.`);
}

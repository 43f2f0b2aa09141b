// Owns what one configuration grants, and the look-ups by which activities turn the names they are given into it.
// Refuses every name that is not there: whoever may start an activity on the task queue gets nothing by it.
import type { NamedRegistry } from '../domain/connection.js';
import { RefreshFailure } from '../domain/failures.js';
import { parseEcrHost } from '../domain/registry-host.js';
import type { AirflowApi, DockerEngine } from './ports.js';

export interface GrantedAirflow {
  readonly api: AirflowApi;
  readonly connections: readonly string[];
}

export interface GrantedEngine {
  readonly engine: DockerEngine;
  /** Named in the configuration, so that its absence is a failure; the default one may be absent. */
  readonly required: boolean;
}

/** One configuration, with an adapter behind every name in it. */
export interface Targets {
  readonly configHash: string;
  readonly airflows: ReadonlyMap<string, GrantedAirflow>;
  readonly registries: readonly NamedRegistry[];
  readonly engines: ReadonlyMap<string, GrantedEngine>;
}

export interface TargetsSource {
  /** Reads the configuration file again; of an invalid one it says the problem and gives the last good targets. */
  reread(): { readonly targets: Targets; readonly problem?: string };
  /** The current or the previous configuration by its hash; undefined when this worker does not have it. */
  byHash(configHash: string): Targets | undefined;
}

/** The only principal of this release: the AWS SDK's default credential chain. */
export const DEFAULT_PRINCIPAL = 'default';

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

/** @throws RefreshFailure InputNotGranted when one of the ids is not configured for this airflow */
export function checkConnections(airflow: GrantedAirflow, ids: readonly string[]): void {
  if (!ids.every((id) => airflow.connections.includes(id))) notGranted('connection');
}

/** @throws RefreshFailure InputNotGranted */
export function grantedEngine(targets: Targets, name: string): GrantedEngine {
  return targets.engines.get(name) ?? notGranted('engine');
}

/**
 * The region of a registry: one of the configuration, else one that is ECR's by its very host name. A token is
 * never shown to any other host.
 * @throws RefreshFailure InputNotGranted
 */
export function grantedRegion(targets: Targets, registry: string): string {
  const known = targets.registries.find((named) => named.host === registry) ?? parseEcrHost(registry);
  return known?.region ?? notGranted('registry');
}

/** The name itself is not shown: it came from outside and may be anything. */
function notGranted(kind: string): never {
  throw new RefreshFailure('InputNotGranted', `The configuration does not grant the ${kind} asked for.`);
}

import { takesHost, type ConnectionRule } from '../refresh/connection-rules.js';
import {
  findTokenGroup,
  findRegistriesByHost,
  resolveStatic,
  type RegistryEntry,
  type ResolvedRegistry,
} from '../refresh/registry-entries.js';
import { RefreshFailure } from '../refresh/failures.js';
import { parseEcrHost } from '../refresh/registry-host.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { Attempt } from '../refresh/attempt.js';
import { notAllowed, type AllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';

/**
 * The token group of a registry that the configuration names, or of another ECR host that a connection may have; a
 * token is never sent to another host.
 *
 * @param group its name: a registry may have several, with different principals for different stores
 * @param rules entries of the connections concerned; absent: any entry
 * @throws RefreshFailure InputNotAllowed, ConnectionRegistryChanged, and whatever RegistryResolver throws
 */
export async function resolveTokenGroup(
  { registries: known }: Dependencies,
  allowed: AllowedConfig,
  host: string,
  group: string,
  attempt: Attempt,
  rules?: Iterable<ConnectionRule>,
): Promise<TokenGroup> {
  const named = findRegistriesByHost(allowed.staticRegistries, host);
  const found = pick(named.length > 0 ? groupsOf(named, host) : groupsOfHost(allowed, host, rules), group);
  if (found) return found;
  // Airflow Variables are read only if nothing else identifies the host: Airflow may be down by now.
  const byVariables = allowed.registries.filter((settings) => mayMatch(settings, host, group));
  for (const settings of byVariables) {
    const registry = await known.find(allowed, settings, attempt);
    const ofVariable = pick(groupsOf(findRegistriesByHost([registry], host), host), group);
    if (ofVariable) return ofVariable;
  }
  if (byVariables.length === 0) return notAllowed('registry');
  // Another worker may have read different values, for the steps before.
  throw new RefreshFailure(
    'ConnectionRegistryChanged',
    "The Airflow Variable for the registry's account or region has changed.",
  );
}

/** Only an entry that takes the registry from the connection's host needs hosts that the file does not name. */
function groupsOfHost(
  { stores }: AllowedConfig,
  host: string,
  rules: Iterable<ConnectionRule> | undefined,
): TokenGroup[] {
  const isNeeded = rules
    ? [...rules].some(takesHost)
    : [...stores.values()].some((store) => store.rules.takesHosts);
  const group = isNeeded ? findTokenGroup(host) : undefined;
  return group ? [group] : [];
}

/** Whether an entry with Airflow Variables may have this host and group. */
function mayMatch(settings: RegistryEntry, host: string, group: string): boolean {
  const { registryHost, principal, kind, account, region } = settings;
  if (resolveStatic(settings) || !group.startsWith(`${principal.name}/`)) return false;
  if (registryHost !== undefined) return registryHost === host;
  const ecr = parseEcrHost(host);
  if (ecr?.kind !== kind || (typeof region === 'string' && region !== ecr.region)) return false;
  return ecr.kind === 'public' || typeof account !== 'string' || account === ecr.account;
}

function groupsOf(registries: readonly ResolvedRegistry[], host: string): TokenGroup[] {
  return registries.map((registry) => findTokenGroup(host, registry)).filter((group) => group !== undefined);
}

function pick(groups: readonly TokenGroup[], name: string): TokenGroup | undefined {
  return groups.find((group) => group.name === name);
}

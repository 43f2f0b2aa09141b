import {
  findTokenGroup,
  findRegistriesByHost,
  resolveStatic,
  type ResolvedRegistry,
} from '../refresh/registry-entries.js';
import type { TokenGroup } from '../refresh/token-group.js';
import type { Attempt } from '../refresh/attempt.js';
import { notAllowed, type AllowedConfig } from './allowed-config.js';
import type { Dependencies } from './dependencies.js';

/**
 * The token group of a registry that is in the configuration or has an ECR host name; a token is never sent to
 * another host.
 *
 * @param group its name: a registry may have several, with different principals for different stores
 * @throws RefreshFailure InputNotAllowed, and whatever RegistryResolver throws
 */
export async function resolveTokenGroup(
  { registries: known }: Dependencies,
  allowed: AllowedConfig,
  host: string,
  group: string,
  attempt: Attempt,
): Promise<TokenGroup> {
  const found = pick(groupsOfHost(allowed.staticRegistries, host), group);
  if (found) return found;
  // Airflow Variables are read only if nothing else identifies the host: Airflow may be down by now.
  for (const settings of allowed.registries) {
    const { registryHost } = settings;
    if (resolveStatic(settings) || (registryHost !== undefined && registryHost !== host)) continue;
    const registry = await known.find(allowed, settings, attempt);
    const ofVariable = pick(groupsOfHost([registry], host), group);
    if (ofVariable) return ofVariable;
  }
  return notAllowed('registry');
}

function groupsOfHost(registries: readonly ResolvedRegistry[], host: string): TokenGroup[] {
  const ofHost = findRegistriesByHost(registries, host);
  const groups = ofHost.map((registry) => findTokenGroup(host, registry));
  return (ofHost.length > 0 ? groups : [findTokenGroup(host)]).filter((group) => group !== undefined);
}

function pick(groups: readonly TokenGroup[], name: string): TokenGroup | undefined {
  return groups.find((group) => group.name === name);
}

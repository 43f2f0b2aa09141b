// Owns the look-up of the token group of a registry that an activity is given by name. Refuses every registry that is
// neither of the configuration nor ECR's by its very host name: a token is never shown to any other host.
import { groupOfHost, registriesOfHost, registryInFile, type NamedRegistry } from '../domain/registries.js';
import type { TokenGroup } from '../domain/token-group.js';
import type { Attempt } from './attempt.js';
import { notGranted, type Shared, type Targets } from './targets.js';

/**
 * The token group of a registry.
 *
 * @param group its name, where two groups may be of one registry: as one principal for one Airflow, as another for the next.
 *   Without it, as in runs that an earlier release began, the first is taken.
 * @throws RefreshFailure InputNotGranted, and whatever RunRegistries throws
 */
export async function grantedGroup(
  { registries: known }: Shared,
  targets: Targets,
  host: string,
  group: string | undefined,
  attempt: Attempt,
): Promise<TokenGroup> {
  const found = pick(groupsOfHost(targets.registriesInFile, host), group);
  if (found) return found;
  // Airflow Variables are read only for hosts that nothing else explains: Airflow may be away by now.
  for (const settings of targets.registries) {
    const { registryHost } = settings;
    if (registryInFile(settings) || (registryHost !== undefined && registryHost !== host)) continue;
    const registry = await known.find(targets, settings, attempt);
    const ofVariable = pick(groupsOfHost([registry], host), group);
    if (ofVariable) return ofVariable;
  }
  return notGranted('registry');
}

function groupsOfHost(registries: readonly NamedRegistry[], host: string): TokenGroup[] {
  const ofHost = registriesOfHost(registries, host);
  const groups = ofHost.map((registry) => groupOfHost(host, registry));
  return (ofHost.length > 0 ? groups : [groupOfHost(host)]).filter((group) => group !== undefined);
}

function pick(groups: readonly TokenGroup[], name: string | undefined): TokenGroup | undefined {
  return name === undefined ? groups[0] : groups.find((group) => group.name === name);
}

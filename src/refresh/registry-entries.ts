// The entries of `registries`: the hosts that each covers, and the token group of a host.
import { normalizeHost, ecrHost, ecrPublicHost, parseEcrHost, type EcrRegistry } from './registry-host.js';
import { DEFAULT_PRINCIPAL, tokenGroup, type Principal, type TokenGroup } from './token-group.js';

/** An Airflow Variable that is read at each run. */
export interface AirflowVariable {
  /** Name of the Airflow instance in the configuration. */
  readonly airflow: string;
  readonly key: string;
}

/** An entry of `registries` in the configuration. */
export interface RegistryEntry {
  readonly name: string;
  readonly kind: 'private' | 'public';
  /** Absent for ECR Public, which has no account. */
  readonly account?: string | AirflowVariable;
  readonly region: string | AirflowVariable;
  /** A custom host. Absent: the ECR hosts of account and region. */
  readonly registryHost?: string;
  readonly principal: Principal;
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** URL of the ECR API, if it is not AWS's own endpoint. */
  readonly endpoint?: string;
}

/** An entry whose account and region are known. */
export interface ResolvedRegistry {
  readonly name: string;
  /** As written in connections and images, with its port. */
  readonly host: string;
  readonly group: TokenGroup;
  /** Absent for an entry with a custom host. An entry without one covers all ECR hosts of the registry. */
  readonly ecr?: EcrRegistry;
}

export function resolveRegistry(
  settings: RegistryEntry,
  account: string | undefined,
  region: string,
): ResolvedRegistry {
  const { name, kind, registryHost, principal, fips, dualStack, endpoint } = settings;
  const service = kind === 'public' ? 'ecr-public' : 'ecr';
  const api = { service, fips, dualStack, ...(endpoint === undefined ? {} : { endpoint }) } as const;
  const group = tokenGroup(principal, region, api);
  if (registryHost !== undefined) return { name, host: registryHost, group };
  const host =
    kind === 'public'
      ? ecrPublicHost(dualStack)
      : ecrHost({ account: account ?? '', region, fips, dualStack });
  const ecr = parseEcrHost(host);
  return { name, host, group, ...(ecr ? { ecr } : {}) };
}

/** Resolves an entry from the configuration alone; undefined when Airflow Variables must be read first. */
export function resolveStatic(settings: RegistryEntry): ResolvedRegistry | undefined {
  const { account, region, registryHost } = settings;
  if (typeof region === 'object') return undefined;
  if (typeof account !== 'object') return resolveRegistry(settings, account, region);
  // With a custom host, the account is not needed.
  return registryHost === undefined ? undefined : resolveRegistry(settings, undefined, region);
}

/** All entries that can be resolved from the configuration alone. */
export function staticRegistries(all: readonly RegistryEntry[]): readonly ResolvedRegistry[] {
  return all.map(resolveStatic).filter((registry) => registry !== undefined);
}

/** Whether the host of a connection belongs to the registry. A registry with `fips` has only FIPS hosts. */
export function isRegistryHost(registry: ResolvedRegistry, host: string): boolean {
  const bare = normalizeHost(host);
  if (bare === registry.host) return true;
  const [mine, theirs] = [registry.ecr, parseEcrHost(bare)];
  if (!mine || !theirs || (mine.fips && !theirs.fips)) return false;
  return mine.kind === 'private' && theirs.kind === 'private'
    ? mine.account === theirs.account && mine.region === theirs.region
    : mine.kind === theirs.kind;
}

/** The registries that a host may belong to: those with exactly this host, otherwise those with another form of it. */
export function findRegistriesByHost(
  registries: readonly ResolvedRegistry[],
  host: string,
): readonly ResolvedRegistry[] {
  const bare = normalizeHost(host);
  const exact = registries.filter((registry) => registry.host === bare);
  return exact.length > 0 ? exact : registries.filter((registry) => isRegistryHost(registry, bare));
}

/**
 * The token group of a host: that of its registry, otherwise the default principal with the region in the host. Tokens
 * for a FIPS host come from a FIPS endpoint. Tokens for a dual-stack host come from the usual endpoint: they are the
 * same, and not every region has a dual-stack endpoint.
 *
 * @returns undefined for a host that is neither of the registry nor an ECR host
 */
export function findTokenGroup(host: string, registry?: ResolvedRegistry): TokenGroup | undefined {
  const ecr = parseEcrHost(host);
  if (!registry) {
    const service = ecr?.kind === 'public' ? 'ecr-public' : 'ecr';
    return ecr && tokenGroup(DEFAULT_PRINCIPAL, ecr.region, { service, fips: ecr.fips, dualStack: false });
  }
  const { principal, region, api } = registry.group;
  const addsFips = ecr?.fips === true && !api.fips && api.endpoint === undefined;
  return addsFips ? tokenGroup(principal, region, { ...api, fips: true }) : registry.group;
}

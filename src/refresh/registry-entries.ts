// The entries of `registries`: which hosts each stands for, and which token group a host's token is of.
import { normalizeHost, ecrHost, ecrPublicHost, parseEcrHost, type EcrRegistry } from './registry-host.js';
import { DEFAULT_PRINCIPAL, tokenGroup, type Principal, type TokenGroup } from './token-group.js';

/** A value that an Airflow keeps as a Variable, read at each run. */
export interface AirflowVariable {
  /** Name of the airflow in the configuration. */
  readonly airflow: string;
  readonly key: string;
}

/** An entry of `registries`, as the configuration gives it. */
export interface RegistryEntry {
  readonly name: string;
  readonly kind: 'private' | 'public';
  /** Absent for ECR Public, which is of no account. */
  readonly account?: string | AirflowVariable;
  readonly region: string | AirflowVariable;
  /** A host that is not ECR's own. Absent: those that ECR gives to account and region. */
  readonly registryHost?: string;
  readonly principal: Principal;
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** URL of the ECR API, where it is not AWS's own endpoint. */
  readonly endpoint?: string;
}

/** An entry whose account and region are known. */
export interface ResolvedRegistry {
  readonly name: string;
  /** As connections and images name it, with its port. */
  readonly host: string;
  readonly group: TokenGroup;
  /** Of an entry for ECR's own hosts: it stands for all of them. */
  readonly ecr?: EcrRegistry;
}

/** What an entry is once its account and region are known. */
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

/** The entry as it stands in the file; undefined where Airflow Variables have to be read first. */
export function resolveStatic(settings: RegistryEntry): ResolvedRegistry | undefined {
  const { account, region, registryHost } = settings;
  if (typeof region === 'object') return undefined;
  if (typeof account !== 'object') return resolveRegistry(settings, account, region);
  // With a host of its own, the account says nothing more.
  return registryHost === undefined ? undefined : resolveRegistry(settings, undefined, region);
}

/** Those of the entries that stand in the file as they are. */
export function staticRegistries(all: readonly RegistryEntry[]): readonly ResolvedRegistry[] {
  return all.map(resolveStatic).filter((registry) => registry !== undefined);
}

/** Whether a host, as a connection has it, is of the registry. One that insists on FIPS has no other hosts. */
export function isRegistryHost(registry: ResolvedRegistry, host: string): boolean {
  const bare = normalizeHost(host);
  if (bare === registry.host) return true;
  const [mine, theirs] = [registry.ecr, parseEcrHost(bare)];
  if (!mine || !theirs || (mine.fips && !theirs.fips)) return false;
  return mine.kind === 'private' && theirs.kind === 'private'
    ? mine.account === theirs.account && mine.region === theirs.region
    : mine.kind === theirs.kind;
}

/** Those of the registries that a host may be of: one that has it for its own before those of which it is another form. */
export function findRegistriesByHost(
  registries: readonly ResolvedRegistry[],
  host: string,
): readonly ResolvedRegistry[] {
  const bare = normalizeHost(host);
  const exact = registries.filter((registry) => registry.host === bare);
  return exact.length > 0 ? exact : registries.filter((registry) => isRegistryHost(registry, bare));
}

/**
 * The token group of a host: of the registry that it belongs to, else by what the host itself says, as the default
 * principal. The host of a FIPS endpoint gets its tokens from one. A dual-stack host does not: the tokens are the same,
 * and not every region has such an endpoint.
 *
 * @returns undefined for a host that is neither the registry's nor ECR's
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

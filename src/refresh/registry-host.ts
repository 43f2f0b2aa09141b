// The grammar of the hosts of ECR's registries, private and public. A host that contradicts itself is not a registry, and is
// reported with the host that was meant.
import {
  describeUnknownRegion,
  ECR_PUBLIC_REGION,
  FIPS_REGIONS,
  hasFips,
  isAccount,
  isRegion,
  getPartition,
} from './aws-regions.js';

/** A private registry of an account in a region, by one of its host names. */
export interface PrivateRegistry {
  readonly kind: 'private';
  readonly host: string;
  readonly account: string;
  readonly region: string;
  readonly fips: boolean;
  /** IPv4 and IPv6. */
  readonly dualStack: boolean;
}

/** ECR Public, by one of its two host names. */
export interface PublicRegistry {
  readonly kind: 'public';
  readonly host: string;
  readonly region: typeof ECR_PUBLIC_REGION;
  readonly fips: false;
  readonly dualStack: boolean;
}

export type EcrRegistry = PrivateRegistry | PublicRegistry;

/** Why a host that looks like ECR's is not valid, and the host that is probably meant. */
export interface HostProblem {
  readonly flaw: string;
  readonly meant?: string;
}

/** Sources: AWS's documentation for the first; issue 1054 of the ECR credential helper for the second. */
const PUBLIC_HOSTS = { ipv4: 'public.ecr.aws', dualStack: 'ecr-public.aws.com' } as const;

/**
 * Everything that begins like a private registry, whatever is wrong with the rest. Its end is shown, so that it must be
 * short and without `@`, before which people put passwords.
 */
const PRIVATE_LIKE =
  /^(?<account>\d+)\.dkr(?<separator>[.-])ecr(?<fips>-fips)?\.(?<region>[a-z0-9-]+)\.(?<suffix>[a-z0-9.:-]{1,80})$/;

type HostParts = Omit<PrivateRegistry, 'kind' | 'host'>;

/** The host of a private registry. Where a partition has no dual-stack hosts, the usual one. */
export function ecrHost({ account, region, fips, dualStack }: HostParts): string {
  const { suffix, dualStackSuffix } = getPartition(region);
  const service = fips ? 'ecr-fips' : 'ecr';
  return dualStack && dualStackSuffix !== undefined
    ? `${account}.dkr-${service}.${region}.${dualStackSuffix}`
    : `${account}.dkr.${service}.${region}.${suffix}`;
}

/** The host of ECR Public. */
export function ecrPublicHost(dualStack: boolean): string {
  return dualStack ? PUBLIC_HOSTS.dualStack : PUBLIC_HOSTS.ipv4;
}

/** The bare host of what people write into a connection: no scheme, no path, no trailing slash, lower case. */
export function normalizeHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
}

/** The registry behind a bare host; undefined when it is not one of ECR's. */
export function parseEcrHost(host: string): EcrRegistry | undefined {
  const reading = readEcrHost(host);
  return reading && 'kind' in reading ? reading : undefined;
}

/**
 * The registry behind a bare host, or what is wrong with one that looks like ECR's; undefined for all others. Private
 * hosts are `<account>.dkr.ecr.<region>.<suffix>`, with `ecr-fips` instead of `ecr`, and with `dkr-ecr` and another suffix for
 * IPv4 and IPv6. Sources: the patterns of the ECR credential helper and of the kubelet, AWS's list of ECR's endpoints.
 */
export function readEcrHost(host: string): EcrRegistry | HostProblem | undefined {
  if (host === PUBLIC_HOSTS.ipv4 || host === PUBLIC_HOSTS.dualStack) {
    const dualStack = host === PUBLIC_HOSTS.dualStack;
    return { kind: 'public', host, region: ECR_PUBLIC_REGION, fips: false, dualStack };
  }
  if (/^(public\.ecr|ecr-public)\./.test(host)) {
    return {
      flaw: `ECR Public has no other hosts than ${PUBLIC_HOSTS.ipv4} and ${PUBLIC_HOSTS.dualStack}`,
      meant: ecrPublicHost(host.startsWith('ecr-public.')),
    };
  }
  const parts = PRIVATE_LIKE.exec(host)?.groups;
  return parts && readPrivate(host, parts);
}

function readPrivate(
  host: string,
  parts: Readonly<Record<string, string | undefined>>,
): PrivateRegistry | HostProblem {
  const { account = '', region = '', suffix = '' } = parts;
  const fips = parts['fips'] !== undefined;
  const registry = { account, region, fips, dualStack: parts['separator'] === '-' };
  if (!isAccount(account))
    return { flaw: `its account has ${account.length} digits, and accounts have twelve` };
  if (!isRegion(region))
    return { flaw: 'what stands in place of its region is none', ...nearRegion(registry) };
  if (fips && !hasFips(region)) {
    const flaw = `ECR has no FIPS endpoint in ${region}, only in ${FIPS_REGIONS.join(', ')}`;
    return { flaw, meant: ecrHost({ ...registry, fips: false }) };
  }
  const right = ecrHost(registry);
  if (right === host) return { kind: 'private', host, ...registry };
  // `.on.aws` alone shows what was meant by `dkr.ecr`, and so does `dkr-ecr` before `.amazonaws.com`.
  const dualStack = registry.dualStack || suffix === getPartition(region).dualStackSuffix;
  return { flaw: describeEnd(host, registry, suffix), meant: ecrHost({ ...registry, dualStack }) };
}

/** What is wrong with the end of a host whose beginning is valid. */
function describeEnd(host: string, registry: HostParts, end: string): string {
  const { region, dualStack } = registry;
  const { name, suffix, dualStackSuffix } = getPartition(region);
  if (host.replace(/:\d*$/, '') === ecrHost(registry)) return 'it has a port, and hosts of ECR have none';
  if (dualStack && end === suffix) {
    return dualStackSuffix === undefined
      ? `partition ${name} has no hosts with dkr-ecr`
      : `hosts with dkr-ecr end in ${dualStackSuffix}`;
  }
  return end === dualStackSuffix
    ? `hosts that end in ${end} have dkr-ecr in place of dkr.ecr`
    : `region ${region} is of partition ${name}, whose registries do not end in ${end}`;
}

function nearRegion(registry: HostParts): Pick<HostProblem, 'meant'> {
  const region = describeUnknownRegion(registry.region)?.meant;
  if (region === undefined) return {};
  return { meant: ecrHost({ ...registry, region, fips: registry.fips && hasFips(region) }) };
}

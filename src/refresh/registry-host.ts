// Parses the hosts of private and public ECR registries. A host that looks like ECR but is invalid is reported with the
// probable correct host.
import {
  describeUnknownRegion,
  ECR_PUBLIC_REGION,
  FIPS_REGIONS,
  hasFips,
  isAccount,
  isRegion,
  getPartition,
} from './aws-regions.js';

export interface PrivateRegistry {
  readonly kind: 'private';
  readonly host: string;
  readonly account: string;
  readonly region: string;
  readonly fips: boolean;
  /** Whether the host has IPv4 and IPv6 addresses. */
  readonly dualStack: boolean;
}

export interface PublicRegistry {
  readonly kind: 'public';
  readonly host: string;
  readonly region: typeof ECR_PUBLIC_REGION;
  readonly fips: false;
  readonly dualStack: boolean;
}

export type EcrRegistry = PrivateRegistry | PublicRegistry;

/** Why a host that looks like an ECR host is invalid, and the host that was probably meant. */
export interface HostProblem {
  readonly flaw: string;
  readonly meant?: string;
}

/** Sources: AWS's documentation for IPv4; issue 1054 of the ECR credential helper for dual stack. */
const PUBLIC_HOSTS = { ipv4: 'public.ecr.aws', dualStack: 'ecr-public.aws.com' } as const;

/**
 * Matches every host that begins like a private registry, even if the rest is invalid. Messages show the end of the
 * host, so it must be short and contain no `@`, which may follow a password.
 */
const PRIVATE_LIKE =
  /^(?<account>\d+)\.dkr(?<separator>[.-])ecr(?<fips>-fips)?\.(?<region>[a-z0-9-]+)\.(?<suffix>[a-z0-9.:-]{1,80})$/;

type HostParts = Omit<PrivateRegistry, 'kind' | 'host'>;

/** The host of a private registry. In a partition without dual-stack hosts, the IPv4 host. */
export function ecrHost({ account, region, fips, dualStack }: HostParts): string {
  const { suffix, dualStackSuffix } = getPartition(region);
  const service = fips ? 'ecr-fips' : 'ecr';
  return dualStack && dualStackSuffix !== undefined
    ? `${account}.dkr-${service}.${region}.${dualStackSuffix}`
    : `${account}.dkr.${service}.${region}.${suffix}`;
}

export function ecrPublicHost(dualStack: boolean): string {
  return dualStack ? PUBLIC_HOSTS.dualStack : PUBLIC_HOSTS.ipv4;
}

/**
 * The bare host of a connection's host field, in lower case: without scheme and path, as Docker reads them. Docker does
 * not read blanks, a scheme in upper case, or a path that is not valid in a URL; these stay, so that the result is not
 * a registry. Sources: `convert_to_hostname` of docker-py, and `Auth` of Moby's registry service, which parses the
 * address with Go's net/url.
 */
export function normalizeHost(host: string): string {
  const address = host.replace(/^https?:\/\//, '');
  const slash = address.indexOf('/');
  const hasValidPath = slash >= 0 && VALID_PATH.test(address.slice(slash));
  return (hasValidPath ? address.slice(0, slash) : address).toLowerCase();
}

const VALID_PATH = /^(?:[^\p{Cc}%]|%[\da-f]{2})*$/iu;

/** The bare host that was probably meant where Docker does not read the host as it is written. */
export function guessHost(host: string): string {
  return host
    .trim()
    .replace(/^https?:\/\//i, '')
    .replace(/\/.*$/s, '')
    .toLowerCase();
}

/** The registry of a bare host; undefined when it is not a valid ECR host. */
export function parseEcrHost(host: string): EcrRegistry | undefined {
  const reading = readEcrHost(host);
  return reading && 'kind' in reading ? reading : undefined;
}

/**
 * The registry of a bare host, or the problem of one that looks like an ECR host; undefined for all others. Private
 * hosts are `<account>.dkr.ecr.<region>.<suffix>`; FIPS hosts have `ecr-fips`, and dual-stack hosts have `dkr-ecr` and
 * another suffix. Sources: the patterns of the ECR credential helper and of the kubelet, AWS's list of ECR endpoints.
 */
export function readEcrHost(host: string): EcrRegistry | HostProblem | undefined {
  if (host === PUBLIC_HOSTS.ipv4 || host === PUBLIC_HOSTS.dualStack) {
    const dualStack = host === PUBLIC_HOSTS.dualStack;
    return { kind: 'public', host, region: ECR_PUBLIC_REGION, fips: false, dualStack };
  }
  if (/^(public\.ecr|ecr-public)\./.test(host)) {
    return {
      flaw: `the only hosts of ECR Public are ${PUBLIC_HOSTS.ipv4} and ${PUBLIC_HOSTS.dualStack}`,
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
  if (!isAccount(account)) return { flaw: `the account must have 12 digits, not ${account.length}` };
  if (!isRegion(region)) return { flaw: 'invalid region', ...nearRegion(registry) };
  if (fips && !hasFips(region)) {
    const flaw = `ECR has no FIPS endpoint in ${region}, only in ${FIPS_REGIONS.join(', ')}`;
    return { flaw, meant: ecrHost({ ...registry, fips: false }) };
  }
  if (ecrHost(registry) === host) return { kind: 'private', host, ...registry };
  // Either `.on.aws` or `dkr-ecr` shows that a dual-stack host was meant.
  const dualStack = registry.dualStack || suffix === getPartition(region).dualStackSuffix;
  return { flaw: describeEnd(host, registry, suffix), meant: ecrHost({ ...registry, dualStack }) };
}

/** Why the end of a host with a valid beginning is invalid. */
function describeEnd(host: string, registry: HostParts, end: string): string {
  const { region, dualStack } = registry;
  const { name, suffix, dualStackSuffix } = getPartition(region);
  if (host.replace(/:\d*$/, '') === ecrHost(registry)) return 'ECR hosts have no port';
  if (dualStack && end === suffix) {
    return dualStackSuffix === undefined
      ? `partition ${name} has no hosts with dkr-ecr`
      : `hosts with dkr-ecr end in ${dualStackSuffix}`;
  }
  return end === dualStackSuffix
    ? `hosts that end in ${end} have dkr-ecr instead of dkr.ecr`
    : `region ${region} is in partition ${name}, whose registry hosts do not end in ${end}`;
}

function nearRegion(registry: HostParts): Pick<HostProblem, 'meant'> {
  const region = describeUnknownRegion(registry.region)?.meant;
  if (region === undefined) return {};
  return { meant: ecrHost({ ...registry, region, fips: registry.fips && hasFips(region) }) };
}

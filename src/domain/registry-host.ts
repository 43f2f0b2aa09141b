// Owns the grammar of ECR's private registry hosts and what follows from one: account, region, token group.
// Refuses to guess: a host that does not fit is no ECR registry.

export interface EcrRegistry {
  readonly host: string;
  readonly account: string;
  readonly region: string;
}

/**
 * `<account>.dkr.ecr.<region>.<suffix>`, its FIPS form `dkr.ecr-fips` and its dual-stack form `dkr-ecr`, in every
 * AWS partition. Source: the host patterns of the ECR credential helper and of the kubelet, which agree.
 */
const ECR_HOST =
  /^(?<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?<region>[a-z]{2,}(?:-[a-z]+)+-\d+)\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

/** Twelve digits. */
export function isAccount(text: string): boolean {
  return /^\d{12}$/.test(text);
}

/** What looks like an AWS region, `us-east-1`: whether there is such a one, AWS alone knows. */
export function isRegion(text: string): boolean {
  return /^[a-z]{2,}(?:-[a-z]+)+-\d+$/.test(text);
}

/** What the hosts of a partition end with, by the beginnings of its regions. Source: the endpoints of AWS's SDKs. */
const PARTITION_SUFFIXES: readonly (readonly [prefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['us-iso-', 'c2s.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
  ['eusc-', 'amazonaws.eu'],
];

/** The host of an account's private registry in a region. */
export function ecrHost(account: string, region: string): string {
  const partition = PARTITION_SUFFIXES.find(([prefix]) => region.startsWith(prefix));
  return `${account}.dkr.ecr.${region}.${partition?.[1] ?? 'amazonaws.com'}`;
}

/** The bare host of what people write into a connection: no scheme, no path, no trailing slash, lower case. */
export function bareHost(host: string): string {
  return host
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '');
}

/** The registry behind a bare host; undefined when it is not one of ECR's. */
export function parseEcrHost(host: string): EcrRegistry | undefined {
  const groups = ECR_HOST.exec(host)?.groups;
  if (!groups?.['account'] || !groups['region']) return undefined;
  return { host, account: groups['account'], region: groups['region'] };
}

/**
 * Name of the token group: one token serves every registry that a principal may read in a region.
 * Source: AWS's description of GetAuthorizationToken, which deprecates `registryIds` for this reason.
 */
export function tokenGroup(principal: string, region: string): string {
  return `${principal}/${region}`;
}

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

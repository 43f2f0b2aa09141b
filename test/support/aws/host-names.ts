// AWS host names of the stand-ins: API endpoints, registries, and the suffix of each region. The product's own patterns
// are not imported, so that a mistake in them makes tests fail.

/** Suffixes by the prefix of a region's name; all other regions use amazonaws.com. */
const SUFFIXES: readonly (readonly [regions: RegExp, suffix: string])[] = [
  [/^cn-/, 'amazonaws.com.cn'],
  [/^eusc-/, 'amazonaws.eu'],
  [/^us-isob-/, 'sc2s.sgov.gov'],
  [/^us-isof-/, 'csp.hci.ic.gov'],
  [/^us-iso-/, 'c2s.ic.gov'],
  [/^eu-isoe-/, 'cloud.adc-e.uk'],
];

const SUFFIX =
  '(?:amazonaws\\.com(?:\\.cn)?|amazonaws\\.eu|c2s\\.ic\\.gov|sc2s\\.sgov\\.gov|csp\\.hci\\.ic\\.gov|cloud\\.adc-e\\.uk)';
const DUAL_STACK = 'api\\.(?:aws|amazonwebservices\\.com\\.cn|aws\\.[a-z.-]+)';
const REGION = '[a-z0-9-]+';

/** Endpoints from the SDK's endpoint rules, VPC endpoints, and STS's global endpoint. */
const API_HOSTS = [
  `^(?:vpce-[\\w-]+\\.)?(?:api\\.)?ecr(?:-fips|-public|-public-fips)?\\.${REGION}\\.(?:vpce\\.)?${SUFFIX}$`,
  `^ecr(?:-fips|-public|-public-fips)?\\.${REGION}\\.${DUAL_STACK}$`,
  `^(?:vpce-[\\w-]+\\.)?sts(?:-fips)?(?:\\.${REGION})?\\.(?:vpce\\.)?${SUFFIX}$`,
  `^sts(?:-fips)?\\.${REGION}\\.${DUAL_STACK}$`,
].map((pattern) => new RegExp(pattern));

const REGISTRY_HOST = new RegExp(
  `^(\\d{12})(?:\\.dkr\\.ecr|\\.dkr-ecr)(?:-fips)?\\.(${REGION})\\.(?:${SUFFIX}|on\\.(?:aws|amazonwebservices\\.com\\.cn))$`,
);

const PUBLIC_REGISTRY_HOSTS: readonly string[] = ['public.ecr.aws', 'ecr-public.aws.com'];

/** The host name suffix of a region's partition. */
export function suffixOf(region: string): string {
  return SUFFIXES.find(([regions]) => regions.test(region))?.[1] ?? 'amazonaws.com';
}

/** Whether a host name is an endpoint of ECR's, ECR Public's or STS's API. */
export function isApiHost(host: string): boolean {
  return API_HOSTS.some((pattern) => pattern.test(host));
}

/** Account and region from a private registry's host name; undefined for any other host. */
export function readRegistryHost(host: string): { account: string; region: string } | undefined {
  const match = REGISTRY_HOST.exec(host);
  return match === null ? undefined : { account: match[1] ?? '', region: match[2] ?? '' };
}

/** Whether a host name belongs to ECR Public's registry. */
export function isPublicRegistryHost(host: string): boolean {
  return PUBLIC_REGISTRY_HOSTS.includes(host);
}

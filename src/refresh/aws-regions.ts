// AWS regions and partitions. AWS opens new regions, so a region that is not in the list gets a warning, not an error.
import { suggestKey } from './did-you-mean.js';

export interface Partition {
  /** As in the second field of ARNs. */
  readonly name: string;
  /** The end of ECR registry hosts. */
  readonly suffix: string;
  /** The same for dual-stack hosts (IPv4 and IPv6); absent when none are known. */
  readonly dualStackSuffix?: string;
}

/** The only region of the ECR Public API. Source: AWS's documentation of ECR Public. */
export const ECR_PUBLIC_REGION = 'us-east-1';

const AWS: Partition = { name: 'aws', suffix: 'amazonaws.com', dualStackSuffix: 'on.aws' };

/** The partitions by the prefix of their regions. Sources: the AWS SDK, and the ECR credential helper. */
const PARTITIONS: readonly (readonly [prefix: string, partition: Partition])[] = [
  ['cn-', { name: 'aws-cn', suffix: 'amazonaws.com.cn', dualStackSuffix: 'on.amazonwebservices.com.cn' }],
  ['us-gov-', { ...AWS, name: 'aws-us-gov' }],
  ['us-isob-', { name: 'aws-iso-b', suffix: 'sc2s.sgov.gov' }],
  ['us-isof-', { name: 'aws-iso-f', suffix: 'csp.hci.ic.gov' }],
  ['us-iso-', { name: 'aws-iso', suffix: 'c2s.ic.gov' }],
  ['eu-isoe-', { name: 'aws-iso-e', suffix: 'cloud.adc-e.uk' }],
  ['eusc-', { name: 'aws-eusc', suffix: 'amazonaws.eu' }],
];

/** Source: the partitions of the AWS SDK for JavaScript, release 3.1169. */
const KNOWN_REGIONS =
  'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ' +
  'ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ' +
  'ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 ' +
  'il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 sa-west-1 us-east-1 us-east-2 us-west-1 ' +
  'us-west-2 cn-north-1 cn-northwest-1 eusc-de-east-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 ' +
  'eu-isoe-west-1 us-isof-east-1 us-isof-south-1 us-gov-east-1 us-gov-west-1';

/**
 * The regions in which ECR has FIPS endpoints. Source: AWS's list of ECR endpoints. The SDK cannot be used for this: it
 * builds the name of a FIPS endpoint for every region.
 */
export const FIPS_REGIONS: readonly string[] = [
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
  'us-gov-east-1',
  'us-gov-west-1',
];

const REGION = /^[a-z]{2,}(?:-[a-z]+)+-\d+$/;

/** Whether a text has the form of an AWS region, such as `us-east-1`. The region need not exist. */
export function isRegion(text: string): boolean {
  return text.length <= 40 && REGION.test(text);
}

/** Whether a text has 12 digits. */
export function isAccount(text: string): boolean {
  return /^\d{12}$/.test(text);
}

export function hasFips(region: string): boolean {
  return FIPS_REGIONS.includes(region);
}

export function getPartition(region: string): Partition {
  return PARTITIONS.find(([prefix]) => region.startsWith(prefix))?.[1] ?? AWS;
}

/** Returns undefined for a known region, otherwise the known region with a similar name, if there is one. */
export function describeUnknownRegion(region: string): { readonly meant?: string } | undefined {
  const known = KNOWN_REGIONS.split(' ');
  if (known.includes(region)) return undefined;
  const meant = suggestKey(region, known);
  return meant === undefined ? {} : { meant };
}

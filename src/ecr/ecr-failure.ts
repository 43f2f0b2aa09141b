// Maps errors of GetAuthorizationToken, in ECR and ECR Public, to failures. Messages show names, regions and ARNs, but
// no text sent by AWS.
import { FIPS_REGIONS } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import { AWS_REMEDIES } from '../refresh/remedies/aws.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { getErrorCodes } from '../net/network-error.js';
import { toAwsFailure, isDenied, getErrorName, parseDenial, toUnknownHostFailure } from '../aws/aws-error.js';

/** Neither action supports resource-level permissions. Source: the API references of both services. */
const ACTIONS = {
  ecr: ['ecr:GetAuthorizationToken'],
  'ecr-public': ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
} as const;

/** @param arn the caller's ARN, if it is known */
export async function toEcrFailure(
  group: TokenGroup,
  error: unknown,
  arn?: Promise<string | null>,
): Promise<RefreshFailure> {
  if (error instanceof RefreshFailure) return error;
  const { region, api } = group;
  const where = describePlace(group);
  if (isDenied(error)) return denied(group, where, error, await arn);
  if (getErrorCodes(error).includes('ENOTFOUND')) {
    if (api.endpoint === undefined) return toUnknownHostFailure(region, where);
    return new RefreshFailure('AwsUnavailable', `${where}: no such host`, AWS_REMEDIES.fixEndpoint);
  }
  // The SDK rejects a custom endpoint combined with FIPS or dual-stack, and some partitions support neither.
  if (getErrorName(error) === 'EndpointError') {
    return new RefreshFailure(
      'AwsUnavailable',
      `${where}: the AWS SDK has no such endpoint`,
      AWS_REMEDIES.unsetEndpoint,
    );
  }
  return toAwsFailure(where, error);
}

/** Includes the special properties of the endpoint, such as FIPS. */
export function describePlace({ region, api }: TokenGroup): string {
  const service = api.service === 'ecr-public' ? 'ECR Public' : 'ECR';
  const special = [api.fips && 'FIPS', api.dualStack && 'dual-stack', api.endpoint].filter(Boolean);
  return `${service} in ${region}${special.length > 0 ? ` (${special.join(', ')})` : ''}`;
}

function denied(group: TokenGroup, where: string, error: unknown, arn?: string | null): RefreshFailure {
  const who = arn ?? `the AWS principal (${group.principal.name})`;
  const actions = ACTIONS[group.api.service];
  const { words, remedy } = parseDenial(error);
  const allow = group.api.service === 'ecr' ? AWS_REMEDIES.allowEcr : AWS_REMEDIES.allowEcrPublic;
  return new RefreshFailure(
    'AwsAccessDenied',
    `${where}: ${who} is not authorized to call ${actions.join(' or ')}${words}`,
    remedy ?? allow,
  );
}

/** Otherwise the SDK would build a host name that does not exist. */
export function toNoFipsFailure(region: string): RefreshFailure {
  return new RefreshFailure(
    'AwsUnavailable',
    `ECR in ${region}: AWS_USE_FIPS_ENDPOINT requires a FIPS endpoint, which ECR has only in ` +
      FIPS_REGIONS.join(', '),
    AWS_REMEDIES.unsetFips,
  );
}

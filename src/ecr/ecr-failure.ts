// What an error of GetAuthorizationToken means, for ECR and ECR Public: who has to act, and what to change. Only names,
// regions and ARNs are shown, nothing that AWS sent.
import { FIPS_REGIONS } from '../refresh/aws-regions.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { TokenGroup } from '../refresh/token-group.js';
import { getErrorCodes } from '../net/network-error.js';
import { toAwsFailure, isDenied, getErrorName, parseDenial, toUnknownHostFailure } from '../aws/aws-error.js';

/** Source: the references of both services: neither action can be narrowed to a repository. */
const ACTIONS = {
  ecr: ['ecr:GetAuthorizationToken'],
  'ecr-public': ['ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
} as const;

/**
 * The failure behind a call for a token.
 * @param arn who made the call, where that is known
 */
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
    return new RefreshFailure(
      'AwsUnavailable',
      `${where}: no such host`,
      'Fix `endpoint` of the entry under `registries`, or the DNS that should know the VPC endpoint.',
    );
  }
  // The SDK takes no custom endpoint with FIPS or dual-stack, and some partitions have none of these.
  if (getErrorName(error) === 'EndpointError') {
    return new RefreshFailure(
      'AwsUnavailable',
      `${where}: the AWS SDK has no such endpoint here`,
      'Unset AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_ECR (or endpoint_url of the profile), which exclude FIPS and dual-stack; ' +
        'or name the endpoint of this registry by `endpoint` under `registries`.',
    );
  }
  return toAwsFailure(where, error);
}

/** With what is special about the endpoint. */
export function describePlace({ region, api }: TokenGroup): string {
  const service = api.service === 'ecr-public' ? 'ECR Public' : 'ECR';
  const special = [api.fips && 'FIPS', api.dualStack && 'dual-stack', api.endpoint].filter(Boolean);
  return `${service} in ${region}${special.length > 0 ? ` (${special.join(', ')})` : ''}`;
}

function denied(group: TokenGroup, where: string, error: unknown, arn?: string | null): RefreshFailure {
  const who = arn ?? `the AWS principal (${group.principal.name})`;
  const actions = ACTIONS[group.api.service];
  const { words, remedy } = parseDenial(error, `${actions.join(' and ')} to the principal`);
  const statement = JSON.stringify({ Effect: 'Allow', Action: actions, Resource: '*' });
  return new RefreshFailure(
    'AwsAccessDenied',
    `${where}: ${who} may not call ${actions.join(' or ')}${words}`,
    remedy ?? `Add to a policy of the principal: ${statement}. The run resumes automatically.`,
  );
}

/** The SDK would make up a host name that does not exist. */
export function toNoFipsFailure(region: string): RefreshFailure {
  return new RefreshFailure(
    'AwsUnavailable',
    `ECR in ${region}: AWS_USE_FIPS_ENDPOINT requires a FIPS endpoint, and ECR has them only in ${FIPS_REGIONS.join(', ')}`,
    'Unset it (or use_fips_endpoint of the profile) and set `fips: true` for the registries that have one.',
  );
}

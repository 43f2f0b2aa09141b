// Maps errors from loading credentials to failures. Messages show only what the configuration contains (profile names,
// file names, role ARNs), never what was read.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { toNetworkError } from '../../net/network-error.js';
import { getErrorName, isDenied, parseDenial, toAwsFailure } from '../aws-error.js';
import {
  RoleFailed,
  SourcesFailed,
  type CredentialLoad,
  type CredentialSource,
  type FailedProvider,
  type RoleSource,
} from './load-credentials.js';
import { describeProcess } from './profile-failure.js';
import { describeSource, toSourcesFailure } from './source-failure.js';
import { toStsFailure } from './sts-failure.js';
import type { StsRegion } from '../sts-region.js';

export interface FailedLoad {
  readonly source: CredentialSource;
  /** The region of the AWS STS endpoint. */
  readonly region: StsRegion;
  /** The load, if it has not ended. */
  readonly load: CredentialLoad | undefined;
}

/** @param readMasterArn returns the ARN of the principal that assumes the role, or null */
export async function toCredentialsFailure(
  { source, region, load }: FailedLoad,
  error: unknown,
  readMasterArn: () => Promise<string | null>,
): Promise<RefreshFailure> {
  if (error instanceof RefreshFailure) return error;
  if (error instanceof SourcesFailed) return toSourcesFailure(error, region);
  if (error instanceof RoleFailed && source.kind === 'role')
    return toRoleFailure(source, error.provider, region, readMasterArn);
  const place = describeLoad(source, load);
  if (!load?.isProcess) return toAwsFailure(place, error);
  return new RefreshFailure(
    'AwsUnavailable',
    `${place}: ${toNetworkError(error).message}`,
    AWS_REMEDIES.runSlowProcess,
  );
}

/** The source of credentials, as far as it is known. */
export function describeLoad(source: CredentialSource, load: CredentialLoad | undefined): string {
  if (source.kind === 'role') return `AWS credentials: role ${source.roleArn}`;
  if (!load?.current) return 'AWS credentials';
  const { current, files } = load;
  const isProcess = load.isProcess && current.kind === 'profile' && files;
  const process = isProcess ? `: ${describeProcess(current.profile, files)}` : '';
  return `AWS credentials: ${describeSource(current)}${process}`;
}

async function toRoleFailure(
  source: RoleSource,
  failed: FailedProvider,
  region: StsRegion,
  readMasterArn: () => Promise<string | null>,
): Promise<RefreshFailure> {
  if (isDenied(failed.error)) return roleDenied(source, failed.error, await readMasterArn());
  if (getErrorName(failed.error) === 'ValidationError') return roleInvalid(source);
  return toStsFailure(`AWS credentials: role ${source.roleArn}`, failed, region);
}

function roleDenied(source: RoleSource, error: unknown, masterArn: string | null): RefreshFailure {
  const { roleArn, via } = source;
  const caller = via.at(-1) ?? masterArn ?? 'the AWS principal of the worker';
  const { words, remedy } = parseDenial(error);
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: ${caller} is not authorized to call sts:AssumeRole on ${roleArn}${words}`,
    remedy ?? chooseAllowRemedy(source),
  );
}

/**
 * STS does not report whether the caller or the external id was rejected. Only the last role of a chain has an external
 * id.
 */
function chooseAllowRemedy(source: RoleSource): Remedy {
  if ('isStep' in source) return AWS_REMEDIES.allowAssume;
  return source.externalId === undefined ? AWS_REMEDIES.allowAssumeOrSetId : AWS_REMEDIES.allowAssumeWithId;
}

/**
 * STS returns this error for a duration above the role's maximum. Its other causes, an invalid ARN or name, are ruled
 * out.
 */
function roleInvalid({ roleArn, via }: RoleSource): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: STS rejected the request for role ${roleArn}: the requested session duration is too long`,
    via.length > 0 ? AWS_REMEDIES.removeDuration : AWS_REMEDIES.shortenDuration,
  );
}

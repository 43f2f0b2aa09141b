// Failures of the calls of AWS STS that return credentials.
import { RefreshFailure } from '../../refresh/failures.js';
import { getErrorCodes } from '../../net/network-error.js';
import { getErrorName, toAwsFailure, toForeignFailure, toUnknownHostFailure } from '../aws-error.js';
import type { StsRegion } from '../sts-region.js';
import type { FailedProvider } from './load-credentials.js';

const PROVIDER_ERRORS = ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'];

/** The failure of a call of AWS STS; without one, that of a source that returned nothing. */
export function toStsFailure(
  place: string,
  { error, request }: FailedProvider,
  region: StsRegion,
): RefreshFailure {
  if (getErrorCodes(error).includes('ENOTFOUND'))
    return toUnknownHostFailure(region.region, `${place}: STS in ${region.region}`, region.setting);
  if (isAwsError(error)) return toAwsFailure(place, error);
  // A page with status 200 has no credentials.
  if (request?.status !== undefined && request.isFromAws !== true)
    return toForeignFailure(place, request.status);
  return PROVIDER_ERRORS.includes(getErrorName(error)) ? noCredentials(place) : toAwsFailure(place, error);
}

export function noCredentials(place: string): RefreshFailure {
  return new RefreshFailure('AwsCredentialsMissing', `${place} returned no credentials`);
}

/** Whether a client of the SDK threw it, with or without a response. */
export function isAwsError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && '$metadata' in error;
}

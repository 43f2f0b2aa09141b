// Why a profile returned no credentials.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import { isDenied } from '../aws-error.js';
import type { StsRegion } from '../sts-region.js';
import type { AwsFiles, Section } from './aws-files.js';
import { KEY_VARIABLES, readContainerEndpoint } from './chain-source.js';
import { describeContainerEndpoint, toContainerFailure, toInstanceFailure } from './endpoint-failure.js';
import type { FailedProvider } from './load-credentials.js';
import { toLoginFailure } from './login-failure.js';
import { findProgram } from './process-result.js';
import { followProfile, type ProfileEnd } from './profile.js';
import { isAwsError, noCredentials, toStsFailure } from './sts-failure.js';
import { findHalfSet } from './variable-fault.js';
import { toWebIdentityFailure } from './web-identity-failure.js';

/** The `credential_process` of a profile, with its program. */
export function describeProcess(profile: string, files: AwsFiles): string {
  const result = followProfile(profile, files);
  return describeCommand('end' in result ? result.end.section : {});
}

function describeCommand(section: Section): string {
  const program = findProgram(section['credential_process']);
  return `credential_process${program === undefined ? '' : ` ${program}`}`;
}

/** @param place starts the message */
export async function toProfileFailure(
  place: string,
  profile: string,
  failed: FailedProvider,
  files: AwsFiles,
  region: StsRegion,
): Promise<RefreshFailure> {
  const result = followProfile(profile, files);
  if ('fault' in result) {
    const { reason, remedy } = result.fault;
    return new RefreshFailure('AwsCredentialsMissing', `AWS credentials: ${reason}`, remedy);
  }
  const { end } = result;
  const { region: configured } = files.profiles[profile] ?? {};
  const ownRegion =
    configured === undefined ? region : { region: configured, setting: `region of profile ${profile}` };
  // An error of STS: the role of the profile was not assumed.
  if (isAwsError(failed.error) && end.kind !== 'web-identity') {
    return isDenied(failed.error) ? deniedRole(place) : toStsFailure(place, failed, ownRegion);
  }
  return (await toEndFailure(place, end, failed, files, ownRegion)) ?? toStsFailure(place, failed, ownRegion);
}

async function toEndFailure(
  place: string,
  end: ProfileEnd,
  failed: FailedProvider,
  files: AwsFiles,
  region: StsRegion,
): Promise<RefreshFailure | undefined> {
  switch (end.kind) {
    case 'process':
      return failed.process === undefined ? undefined : processFailure(place, end, failed.process);
    case 'sso':
    case 'login':
      return toLoginFailure(place, end, failed, files);
    case 'web-identity': {
      const { role_arn: roleArn = '', web_identity_token_file: tokenFile = '' } = end.section;
      const identity = { roleArn, tokenFile, setting: 'web_identity_token_file' };
      return toWebIdentityFailure(place, identity, failed, region);
    }
    case 'environment':
      return findHalfSet(place, KEY_VARIABLES) ?? noCredentials(`${place}: credential_source Environment`);
    case 'container': {
      const isOther = failed.request && failed.request.host !== readContainerEndpoint().url?.host;
      return isOther ? undefined : toContainerFailure(`${place}: ${describeContainerEndpoint()}`, failed);
    }
    case 'instance':
      return toInstanceFailure(`${place}: the instance metadata service`, failed);
    case 'keys':
      return undefined;
  }
}

function processFailure(place: string, { section }: ProfileEnd, words: string): RefreshFailure {
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: ${describeCommand(section)} ${words}`,
    AWS_REMEDIES.runProcess,
  );
}

function deniedRole(place: string): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `${place}: not authorized to assume the role`,
    AWS_REMEDIES.allowAssumeByProfile,
  );
}

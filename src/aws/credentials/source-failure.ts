// Why a source of the default chain, or of a principal, returned no credentials, and the fix. Messages show only what
// the configuration contains (variables, profiles, files, hosts, role ARNs, programs), never what was read.
import { RefreshFailure } from '../../refresh/failures.js';
import type { StsRegion } from '../sts-region.js';
import type { AwsFiles } from './aws-files.js';
import { KEY_VARIABLES, WEB_IDENTITY_VARIABLES, type ChainSource } from './chain-source.js';
import { describeContainerEndpoint, toContainerFailure, toInstanceFailure } from './endpoint-failure.js';
import type { FailedSource, SourcesFailed } from './load-credentials.js';
import { toProfileFailure } from './profile-failure.js';
import { noCredentials } from './sts-failure.js';
import { findHalfSet, findVariableFault } from './variable-fault.js';
import { readWebIdentity, toWebIdentityFailure } from './web-identity-failure.js';

/** A source of credentials, as in messages. */
export function describeSource(source: ChainSource): string {
  switch (source.kind) {
    case 'environment':
      return 'the environment variables';
    case 'profile':
      return `profile ${source.profile}`;
    case 'web-identity': {
      if (source.principal) return `role ${source.principal.roleArn}`;
      const roleArn = process.env['AWS_ROLE_ARN'];
      return roleArn ? `role ${roleArn} (AWS_ROLE_ARN)` : 'the web identity (AWS_WEB_IDENTITY_TOKEN_FILE)';
    }
    case 'container':
      return describeContainerEndpoint();
    case 'instance':
      return 'the instance metadata service';
  }
}

/**
 * The failure of the first source that is configured: later ones are probably not meant.
 * @param region the region of the AWS STS endpoint
 */
export async function toSourcesFailure(
  { failed, files }: SourcesFailed,
  region: StsRegion,
): Promise<RefreshFailure> {
  const [first, ...others] = failed;
  if (!first) return noneConfigured(files);
  const failure = await toSourceFailure(first, files, region);
  const also = others
    .filter(({ source }) => source.kind !== 'instance')
    .map(({ source }) => describeSource(source));
  if (also.length === 0) return failure;
  const message = `${failure.message}. Also failed: ${also.join(', ')}`;
  return new RefreshFailure(failure.type, message, failure.remedy);
}

function noneConfigured({ config, credentials }: AwsFiles): RefreshFailure {
  return new RefreshFailure(
    'AwsCredentialsMissing',
    'AWS credentials: the default chain of the AWS SDK found none: no variable for them is set, ' +
      `${config.path} and ${credentials.path} have no profile default with credentials, and ` +
      'AWS_EC2_METADATA_DISABLED is set',
  );
}

async function toSourceFailure(
  failed: FailedSource,
  files: AwsFiles,
  region: StsRegion,
): Promise<RefreshFailure> {
  const { source } = failed;
  const variableFault = findVariableFault(source);
  if (variableFault) return variableFault;
  const place = `AWS credentials: ${describeSource(source)}`;
  switch (source.kind) {
    case 'environment':
      return findHalfSet('AWS credentials', KEY_VARIABLES) ?? noCredentials(place);
    case 'profile':
      return toProfileFailure(place, source.profile, failed, files, region);
    case 'web-identity':
      return (
        (source.principal ? undefined : findHalfSet('AWS credentials', WEB_IDENTITY_VARIABLES)) ??
        toWebIdentityFailure(place, readWebIdentity(source), failed, region)
      );
    case 'container':
      return toContainerFailure(place, failed);
    case 'instance':
      return toInstanceFailure(place, failed);
  }
}

// Failures of roles that are assumed with the token of an identity provider.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import { isBadIdentityToken, isDenied } from '../aws-error.js';
import type { StsRegion } from '../sts-region.js';
import type { ChainSource } from './chain-source.js';
import { describeFileProblem } from './file-problem.js';
import type { FailedProvider } from './load-credentials.js';
import { isAwsError, toStsFailure } from './sts-failure.js';

export interface WebIdentity {
  readonly roleArn: string;
  readonly tokenFile: string;
  /** What sets the file. */
  readonly setting: string;
}

export function readWebIdentity({ principal }: Extract<ChainSource, { kind: 'web-identity' }>): WebIdentity {
  if (principal) return { ...principal, setting: '`webIdentityTokenFile`' };
  const { AWS_ROLE_ARN: roleArn = '', AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile = '' } = process.env;
  return { roleArn, tokenFile, setting: 'AWS_WEB_IDENTITY_TOKEN_FILE' };
}

export function toWebIdentityFailure(
  place: string,
  { roleArn, tokenFile, setting }: WebIdentity,
  failed: FailedProvider,
  region: StsRegion,
): RefreshFailure {
  const { error } = failed;
  if (isDenied(error)) {
    return new RefreshFailure(
      'AwsAccessDenied',
      `${place}: the web identity is not authorized to call sts:AssumeRoleWithWebIdentity on ${roleArn}`,
      AWS_REMEDIES.allowIdentity,
    );
  }
  if (isBadIdentityToken(error)) {
    return new RefreshFailure(
      'AwsCredentialsRejected',
      `${place}: AWS rejected the web identity token in ${tokenFile}`,
      AWS_REMEDIES.checkIdentityToken,
    );
  }
  const problem = isAwsError(error) ? undefined : describeFileProblem(error);
  if (!problem) return toStsFailure(place, failed, region);
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: the web identity token file ${tokenFile} (${setting}) cannot be read: ${problem.words}`,
    AWS_REMEDIES.mountIdentityToken,
  );
}

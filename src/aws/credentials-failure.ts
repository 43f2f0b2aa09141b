// What an error means that came while credentials were loaded: from STS, a profile, a process, metadata or a file. Nothing
// that was read is quoted: names of profiles and files, and ARNs of roles, are in the configuration anyway.
import { RefreshFailure } from '../refresh/failures.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../net/network-error.js';
import {
  toAwsFailure,
  isBadIdentityToken,
  isDenied,
  getErrorName,
  parseDenial,
  toUnknownHostFailure,
} from './aws-error.js';
import type { CredentialSource, RoleSource } from './load-credentials.js';

const NONE_FOUND = ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'];

const FILE_REASONS = new Map([
  ['ENOENT', 'there is none'],
  ['ENOTDIR', 'there is none'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'its permissions do not allow it'],
  ['EPERM', 'its permissions do not allow it'],
]);

/** What was loaded when it failed. */
export interface FailedLoad {
  readonly source: CredentialSource;
  /** Whose AWS STS was called. */
  readonly region: string;
  /** A process of `credential_process` was running. */
  readonly isProcess: boolean;
}

/**
 * The failure behind loading the credentials of a principal.
 * @param readMasterArn returns with whose credentials a role was to be assumed, or null
 */
export async function toCredentialsFailure(
  { source, region, isProcess }: FailedLoad,
  error: unknown,
  readMasterArn: () => Promise<string | null>,
): Promise<RefreshFailure> {
  const place = describeLoad(source);
  if (source.kind === 'role') {
    if (isDenied(error)) return roleDenied(source, error, await readMasterArn());
    if (getErrorName(error) === 'ValidationError') return roleInvalid(source);
  }
  if (isDenied(error)) return denied(source, place);
  if (isProcess && error instanceof DeadlineExceeded) {
    return new RefreshFailure(
      'AwsUnavailable',
      `${describeLoad(source, isProcess)}: ${toNetworkError(error).message}`,
      'Run the command of `credential_process` as the user of the worker: it must print credentials within 90 s, and not wait for input.',
    );
  }
  const missing = identityTokenUnusable(source, place, error) ?? noneFound(source, place, error);
  if (missing) return missing;
  return getErrorCodes(error).includes('ENOTFOUND')
    ? toUnknownHostFailure(region, `${place}: STS in ${region}`)
    : toAwsFailure(place, error);
}

/** Where credentials come from, as far as the configuration shows. */
export function describeLoad(source: CredentialSource, isProcess = false): string {
  const process = isProcess ? ': credential_process' : '';
  if (source.kind === 'default') return `AWS credentials${process}`;
  if (source.kind === 'profile') return `AWS credentials: profile ${source.profile}${process}`;
  return `AWS credentials: role ${source.roleArn}${process}`;
}

function identityTokenUnusable(
  source: CredentialSource,
  place: string,
  error: unknown,
): RefreshFailure | undefined {
  if (source.kind !== 'web-identity') return undefined;
  const { tokenFile } = source;
  if (isBadIdentityToken(error)) {
    return new RefreshFailure(
      'AwsCredentialsRejected',
      `${place}: the web identity token is not accepted`,
      `Check whether ${tokenFile} holds a token that has not expired, and whether the account knows its ` +
        'identity provider. The run resumes automatically.',
    );
  }
  const reason = getErrorCodes(error).flatMap((code) => FILE_REASONS.get(code) ?? [])[0];
  if (reason === undefined) return undefined;
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: the web identity token file ${tokenFile} cannot be read: ${reason}`,
    'Mount the file, fix `webIdentityTokenFile`, or allow the user of the worker to read it.',
  );
}

/** The chain's own error first: its cause may be a mere refused connection to the metadata service of a laptop. */
function noneFound(source: CredentialSource, place: string, error: unknown): RefreshFailure | undefined {
  if (!NONE_FOUND.includes(getErrorName(error))) return undefined;
  if (source.kind === 'profile') {
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `${place} returned no credentials`,
      'Check the profile in the AWS configuration files of the user of the worker (AWS_CONFIG_FILE, ' +
        'AWS_SHARED_CREDENTIALS_FILE), and log in again if it uses SSO.',
    );
  }
  return new RefreshFailure(
    'AwsCredentialsMissing',
    'AWS credentials: the default chain of the AWS SDK found no credentials',
  );
}

/** Roles of a web identity, or that the profile or the environment name, not the configuration. */
function denied(source: CredentialSource, place: string): RefreshFailure {
  if (source.kind === 'web-identity') {
    return new RefreshFailure(
      'AwsAccessDenied',
      `AWS credentials: the web identity may not call sts:AssumeRoleWithWebIdentity on ${source.roleArn}`,
      'Let the trust policy of the role allow the identity provider, with the subject and audience of the token.',
    );
  }
  return new RefreshFailure(
    'AwsAccessDenied',
    `${place}: the role may not be assumed`,
    'Let the trust policy of the role allow the worker (AWS_ROLE_ARN, or role_arn of the profile).',
  );
}

function roleDenied(source: RoleSource, error: unknown, masterArn: string | null): RefreshFailure {
  const { roleArn, via } = source;
  const caller = via.at(-1) ?? masterArn ?? 'the AWS principal of the worker';
  const { words, remedy } = parseDenial(error, `sts:AssumeRole on the role to ${caller}`);
  const statement = JSON.stringify({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn });
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: ${caller} may not call sts:AssumeRole on ${roleArn}${words}`,
    remedy ??
      `Add to a policy of ${caller}: ${statement}, and let the trust policy of the role allow it` +
        `${aboutExternalId(source)}. The run resumes automatically.`,
  );
}

/** STS does not report whether it was the caller or the external id; only the last role of a chain gets one. */
function aboutExternalId(source: RoleSource): string {
  if ('isStep' in source) return '';
  return source.externalId === undefined
    ? '; if that policy requires an external id, write it as `externalId`'
    : ' with this external id';
}

/** STS returns this error for a duration above the role's maximum, and for an invalid ARN or name, which our checks exclude. */
function roleInvalid({ roleArn, via }: RoleSource): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: STS rejects the request for role ${roleArn}: the session duration is too long`,
    via.length > 0
      ? 'Remove `sessionDuration`: AWS ends the session of a role that another role assumed after an hour.'
      : 'Shorten `sessionDuration`, or have the maximum session duration of the role raised; a role that another ' +
          'role assumes has an hour.',
  );
}

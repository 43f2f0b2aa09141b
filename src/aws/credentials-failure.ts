// Maps errors from loading credentials (STS, profile, process, metadata service, file) to failures. Messages show only
// what the configuration contains (profile names, file names, role ARNs), never what was read.
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
  ['ENOENT', 'no such file'],
  ['ENOTDIR', 'no such file'],
  ['EISDIR', 'it is a directory'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
]);

export interface FailedLoad {
  readonly source: CredentialSource;
  /** The region of the AWS STS endpoint. */
  readonly region: string;
  /** A `credential_process` command was running. */
  readonly isProcess: boolean;
}

/** @param readMasterArn returns the ARN of the principal that assumes the role, or null */
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
      "Run the `credential_process` command as the worker's user: it must print credentials within 90 s " +
        'and must not wait for input.',
    );
  }
  const missing = identityTokenUnusable(source, place, error) ?? noneFound(source, place, error);
  if (missing) return missing;
  return getErrorCodes(error).includes('ENOTFOUND')
    ? toUnknownHostFailure(region, `${place}: STS in ${region}`)
    : toAwsFailure(place, error);
}

/** The source of credentials, as far as it is known from the configuration. */
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
      `${place}: AWS rejected the web identity token`,
      `Check that ${tokenFile} contains an unexpired token, and that its identity provider is registered ` +
        'in the account. The run resumes automatically.',
    );
  }
  const reason = getErrorCodes(error).flatMap((code) => FILE_REASONS.get(code) ?? [])[0];
  if (reason === undefined) return undefined;
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: the web identity token file ${tokenFile} cannot be read: ${reason}`,
    "Mount the file, fix `webIdentityTokenFile`, or allow the worker's user to read it.",
  );
}

/** Checked before the error's cause: on a laptop, that is only a refused connection to the metadata service. */
function noneFound(source: CredentialSource, place: string, error: unknown): RefreshFailure | undefined {
  if (!NONE_FOUND.includes(getErrorName(error))) return undefined;
  if (source.kind === 'profile') {
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `${place} returned no credentials`,
      "Check the profile in the AWS configuration files of the worker's user (AWS_CONFIG_FILE, " +
        'AWS_SHARED_CREDENTIALS_FILE), and log in again if it uses SSO.',
    );
  }
  return new RefreshFailure(
    'AwsCredentialsMissing',
    'AWS credentials: the default chain of the AWS SDK found no credentials',
  );
}

/** For the role of a web identity, and for roles named by the profile or the environment. */
function denied(source: CredentialSource, place: string): RefreshFailure {
  if (source.kind === 'web-identity') {
    return new RefreshFailure(
      'AwsAccessDenied',
      `AWS credentials: the web identity is not authorized to call sts:AssumeRoleWithWebIdentity on ${source.roleArn}`,
      "Allow the identity provider in the role's trust policy, with the subject and audience of the token.",
    );
  }
  return new RefreshFailure(
    'AwsAccessDenied',
    `${place}: not authorized to assume the role`,
    "Allow the worker in the role's trust policy (AWS_ROLE_ARN, or role_arn of the profile).",
  );
}

function roleDenied(source: RoleSource, error: unknown, masterArn: string | null): RefreshFailure {
  const { roleArn, via } = source;
  const caller = via.at(-1) ?? masterArn ?? 'the AWS principal of the worker';
  const { words, remedy } = parseDenial(error, `sts:AssumeRole on the role for ${caller}`);
  const statement = JSON.stringify({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn });
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: ${caller} is not authorized to call sts:AssumeRole on ${roleArn}${words}`,
    remedy ??
      `Add to a policy of ${caller}: ${statement}. Allow the same in the role's trust policy` +
        `${aboutExternalId(source)}. The run resumes automatically.`,
  );
}

/**
 * STS does not report whether the caller or the external id was rejected. Only the last role of a chain has an external
 * id.
 */
function aboutExternalId(source: RoleSource): string {
  if ('isStep' in source) return '';
  return source.externalId === undefined
    ? '. If that policy requires an external id, set `externalId` to it'
    : ' with the configured external id';
}

/**
 * STS returns this error for a duration above the role's maximum. Its other causes, an invalid ARN or name, are ruled
 * out.
 */
function roleInvalid({ roleArn, via }: RoleSource): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: STS rejected the request for role ${roleArn}: the requested session duration is too long`,
    via.length > 0
      ? 'Remove `sessionDuration`: AWS limits the session of a role that another role assumes to one hour.'
      : 'Shorten `sessionDuration`, or raise the maximum session duration of the role. For a role that another role ' +
          'assumes, the maximum is one hour.',
  );
}

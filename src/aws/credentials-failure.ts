// Owns what an error means that came while credentials were loaded: from STS, a profile, a process, metadata or a file.
// Refuses to quote what was read: names of profiles and files, and ARNs of roles, are in the configuration anyway.
import { RefreshFailure } from '../refresh/failures.js';
import { DEFAULT_PRINCIPAL, type Principal, type TokenGroup } from '../refresh/token-group.js';
import { getErrorCodes } from '../net/network-error.js';
import {
  toAwsFailure,
  isBadIdentityToken,
  isDenied,
  getErrorName,
  parseDenial,
  toUnknownHostFailure,
} from './aws-error.js';
import { AssumeRoleError, SourceCredentialsError } from './principal-credentials.js';

const NONE_FOUND = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError']);

const FILE_REASONS = new Map([
  ['ENOENT', 'there is none'],
  ['ENOTDIR', 'there is none'],
  ['EISDIR', 'it is a folder'],
  ['EACCES', 'its permissions do not allow it'],
  ['EPERM', 'its permissions do not allow it'],
]);

type ReadArn = (asker: Principal) => Promise<string | null>;

/**
 * The failure behind loading the credentials of a principal.
 * @param readArn answers who a principal is, or null: of the default one, when it may not assume a role
 */
export async function toCredentialsFailure(
  { principal, region }: Pick<TokenGroup, 'principal' | 'region'>,
  error: unknown,
  readArn: ReadArn,
): Promise<RefreshFailure> {
  if (error instanceof SourceCredentialsError) {
    return toCredentialsFailure({ principal: DEFAULT_PRINCIPAL, region }, error.cause, readArn);
  }
  if (error instanceof AssumeRoleError) return failureOfRole(principal, region, error, readArn);
  // Roles that the profile or the environment name, not the configuration.
  if (isDenied(error)) {
    return new RefreshFailure(
      'AwsAccessDenied',
      `${describePlace(principal)}: the role may not be assumed`,
      'Let the trust policy of the role admit the worker (AWS_ROLE_ARN, or role_arn of the profile).',
    );
  }
  return noneFound(principal, error) ?? failureOfCall(describePlace(principal), region, error);
}

async function failureOfRole(
  principal: Principal,
  region: string,
  error: AssumeRoleError,
  readArn: ReadArn,
): Promise<RefreshFailure> {
  const { roleArn, cause } = error;
  const place = `AWS credentials: role ${roleArn}`;
  if (isDenied(cause)) return roleDenied(principal, error, readArn);
  if (principal.kind === 'web-identity' && isBadIdentityToken(cause)) {
    return new RefreshFailure(
      'AwsCredentialsRejected',
      `${place}: the web identity token is not accepted`,
      `Look whether ${principal.tokenFile} holds a token that has not expired, and whether the account knows its ` +
        'identity provider. The run goes on by itself.',
    );
  }
  if (getErrorName(cause) === 'ValidationError') return roleInvalid(principal, roleArn);
  return noneFound(principal, cause) ?? failureOfCall(place, region, cause);
}

function failureOfCall(place: string, region: string, error: unknown): RefreshFailure {
  return getErrorCodes(error).includes('ENOTFOUND')
    ? toUnknownHostFailure(region, `${place}: STS in ${region}`)
    : toAwsFailure(place, error);
}

function describePlace(principal: Principal): string {
  return principal.kind === 'profile' ? `AWS credentials: profile ${principal.profile}` : 'AWS credentials';
}

/** The chain's own error first: its cause may be a mere refused connection to the metadata service of a laptop. */
function noneFound(principal: Principal, error: unknown): RefreshFailure | undefined {
  const reason = getErrorCodes(error).flatMap((code) => FILE_REASONS.get(code) ?? [])[0];
  if (principal.kind === 'web-identity' && reason !== undefined) {
    const { tokenFile } = principal;
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `AWS credentials: the web identity token file ${tokenFile} cannot be read: ${reason}`,
      'Mount the file, mend `webIdentityTokenFile`, or let the user of the worker read it.',
    );
  }
  if (!NONE_FOUND.has(getErrorName(error))) return undefined;
  if (principal.kind === 'profile') {
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `AWS credentials: profile ${principal.profile} gives none`,
      'Look at the profile in the AWS configuration files of the user of the worker (AWS_CONFIG_FILE, ' +
        'AWS_SHARED_CREDENTIALS_FILE), and sign in again if it is one of SSO.',
    );
  }
  return new RefreshFailure(
    'AwsCredentialsMissing',
    'AWS credentials: the default chain of the AWS SDK found none',
  );
}

async function roleDenied(
  principal: Principal,
  { roleArn, askedBy, cause }: AssumeRoleError,
  readArn: ReadArn,
): Promise<RefreshFailure> {
  if (principal.kind === 'web-identity') {
    return new RefreshFailure(
      'AwsAccessDenied',
      `AWS credentials: the web identity may not call sts:AssumeRoleWithWebIdentity on ${roleArn}`,
      'Let the trust policy of the role admit the identity provider, with the subject and audience of the token.',
    );
  }
  const asker = askedBy ?? (await readArn(DEFAULT_PRINCIPAL)) ?? 'the AWS principal of the worker';
  const { words, remedy } = parseDenial(cause, `sts:AssumeRole on the role to the former`);
  const statement = JSON.stringify({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: roleArn });
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: ${asker} may not call sts:AssumeRole on ${roleArn}${words}`,
    remedy ??
      `Add to a policy of the former: ${statement}, and let the trust policy of the role admit it` +
        `${aboutExternalId(principal, roleArn)}. The run goes on by itself.`,
  );
}

/** STS does not say whether it was the asker or the external id; only the last role of a chain gets one. */
function aboutExternalId(principal: Principal, roleArn: string): string {
  if (principal.kind !== 'role' || principal.roleArn !== roleArn) return '';
  return principal.externalId === undefined
    ? '; if that policy asks for an external id, write it as `externalId`'
    : ' with this external id';
}

/** STS says so of a session that may not last as long, and of an ARN or name that is none; only the former passes our checks. */
function roleInvalid(principal: Principal, roleArn: string): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `AWS credentials: STS refuses the request for role ${roleArn} as such: its session may not last as long`,
    principal.kind === 'role' && principal.via.length > 0
      ? 'Remove `sessionDuration`: AWS ends the session of a role that another role assumed after an hour.'
      : 'Shorten `sessionDuration`, or have the maximum session duration of the role raised; a role that another ' +
          'role assumes has an hour.',
  );
}

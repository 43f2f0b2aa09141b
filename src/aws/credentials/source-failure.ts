// Why a source of the default chain, or of a principal, returned no credentials, and the fix. Messages show only what
// the configuration contains (variables, profiles, files, hosts, role ARNs, programs), never what was read.
import { RefreshFailure } from '../../refresh/failures.js';
import { getErrorCodes } from '../../net/network-error.js';
import {
  getErrorName,
  isBadIdentityToken,
  isDenied,
  toAwsFailure,
  toForeignFailure,
  toUnknownHostFailure,
} from '../aws-error.js';
import type { AwsFiles } from './aws-files.js';
import {
  KEY_VARIABLES,
  WEB_IDENTITY_VARIABLES,
  readContainerEndpoint,
  type ChainSource,
} from './chain-source.js';
import { describeContainerEndpoint, toContainerFailure, toInstanceFailure } from './endpoint-failure.js';
import { describeFileProblem } from './file-problem.js';
import type { FailedProvider, FailedSource, SourcesFailed } from './load-credentials.js';
import { toLoginFailure } from './login-failure.js';
import { findProgram } from './process-result.js';
import { followProfile, type ProfileEnd } from './profile.js';
import type { StsRegion } from '../sts-region.js';

/** A source of credentials, as in messages. */
export function describeSource(source: ChainSource): string {
  switch (source.kind) {
    case 'environment':
      return 'the environment variables';
    case 'profile':
      return `profile ${source.profile}`;
    case 'web-identity': {
      const roleArn = source.principal?.roleArn ?? process.env['AWS_ROLE_ARN'];
      return `role ${roleArn}${source.principal ? '' : ' (AWS_ROLE_ARN)'}`;
    }
    case 'container':
      return describeContainerEndpoint();
    case 'instance':
      return 'the instance metadata service';
  }
}

/** The `credential_process` of a profile, with its program. */
export function describeProcess(profile: string, files: AwsFiles): string {
  const result = followProfile(profile, files);
  const program = 'end' in result ? findProgram(result.end.section['credential_process']) : undefined;
  return `credential_process${program === undefined ? '' : ` ${program}`}`;
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
      return halfSet('AWS credentials', KEY_VARIABLES) ?? noCredentials(place);
    case 'profile':
      return toProfileFailure(place, source.profile, failed, files, region);
    case 'web-identity':
      return (
        (source.principal ? undefined : halfSet('AWS credentials', WEB_IDENTITY_VARIABLES)) ??
        toWebIdentityFailure(place, webIdentityOf(source), failed, region)
      );
    case 'container':
      return toContainerFailure(place, failed);
    case 'instance':
      return toInstanceFailure(place, failed);
  }
}

/** A line break or blank that was copied into a variable of the source. */
function findVariableFault(source: ChainSource): RefreshFailure | undefined {
  const isOfProfile = source.kind === 'profile' && source.profile === process.env['AWS_PROFILE'];
  const isOfIdentity = source.kind === 'web-identity' && !source.principal;
  const names = [...(isOfProfile ? ['AWS_PROFILE'] : []), ...(isOfIdentity ? WEB_IDENTITY_VARIABLES : [])];
  const name = names.find((one) => /^\s|\s$/.test(process.env[one] ?? ''));
  if (name === undefined) return undefined;
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: ${name} begins or ends with a blank or line break`,
    'Remove it from the variable, or from the secret or file that sets it.',
  );
}

/** The failure of two variables of which only one is set. */
function halfSet(place: string, names: readonly [string, string]): RefreshFailure | undefined {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length !== 1) return undefined;
  const [set] = names.filter((name) => !missing.includes(name));
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: ${set} is set, but not ${missing[0]}`,
    `Set ${missing[0]}, or unset ${set}.`,
  );
}

async function toProfileFailure(
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
  // An error of STS: the role of the profile was not assumed.
  if (isAwsError(failed.error) && end.kind !== 'web-identity') {
    return isDenied(failed.error)
      ? deniedRole(place, 'role_arn of the profile')
      : toStsFailure(place, failed, region);
  }
  return (await toEndFailure(place, end, failed, files, region)) ?? toStsFailure(place, failed, region);
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
      const identity = { roleArn, tokenFile, setting: 'web_identity_token_file of the profile' };
      return toWebIdentityFailure(place, identity, failed, region);
    }
    case 'environment':
      return halfSet(place, KEY_VARIABLES) ?? noCredentials(`${place}: credential_source Environment`);
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
  const program = findProgram(section['credential_process']);
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `${place}: credential_process${program === undefined ? '' : ` ${program}`} ${words}`,
    "Run the `credential_process` command as the worker's user, with its HOME and PATH: it must print credentials " +
      'in JSON.',
  );
}

interface WebIdentity {
  readonly roleArn: string;
  readonly tokenFile: string;
  /** What sets the file. */
  readonly setting: string;
}

function webIdentityOf({ principal }: Extract<ChainSource, { kind: 'web-identity' }>): WebIdentity {
  if (principal) return { ...principal, setting: '`webIdentityTokenFile`' };
  const { AWS_ROLE_ARN: roleArn = '', AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile = '' } = process.env;
  return { roleArn, tokenFile, setting: 'AWS_WEB_IDENTITY_TOKEN_FILE' };
}

function toWebIdentityFailure(
  place: string,
  { roleArn, tokenFile, setting }: WebIdentity,
  failed: FailedProvider,
  region: StsRegion,
): RefreshFailure {
  const { error } = failed;
  if (isDenied(error)) {
    return new RefreshFailure(
      'AwsAccessDenied',
      `${place}: the web identity is not authorized to call sts:AssumeRoleWithWebIdentity`,
      `Allow the identity provider in the trust policy of ${roleArn}, with the subject and audience of the token.`,
    );
  }
  if (isBadIdentityToken(error)) {
    return new RefreshFailure(
      'AwsCredentialsRejected',
      `${place}: AWS rejected the web identity token`,
      `Check that ${tokenFile} contains an unexpired token, and that its identity provider is registered ` +
        'in the account. The run resumes automatically.',
    );
  }
  const problem = isAwsError(error) ? undefined : describeFileProblem(error);
  if (!problem) return toStsFailure(place, failed, region);
  return new RefreshFailure(
    'AwsCredentialsMissing',
    `AWS credentials: the web identity token file ${tokenFile} cannot be read: ${problem.words}`,
    `Mount the file, fix ${setting}, or allow the worker's user to read it.`,
  );
}

/** @param setting what names the role */
function deniedRole(place: string, setting: string): RefreshFailure {
  return new RefreshFailure(
    'AwsAccessDenied',
    `${place}: not authorized to assume the role`,
    `Allow the worker in the role's trust policy (${setting}).`,
  );
}

/** The failure of a call of AWS STS; without one, that of a source that returned nothing. */
export function toStsFailure(
  place: string,
  { error, request }: FailedProvider,
  region: StsRegion,
): RefreshFailure {
  if (getErrorCodes(error).includes('ENOTFOUND'))
    return toUnknownHostFailure(region.region, `${place}: STS in ${region.region}`, region.variable);
  if (isAwsError(error)) return toAwsFailure(place, error);
  // A page with status 200 has no credentials.
  if (request?.status !== undefined && request.isFromAws !== true)
    return toForeignFailure(place, request.status);
  return PROVIDER_ERRORS.includes(getErrorName(error)) ? noCredentials(place) : toAwsFailure(place, error);
}

const PROVIDER_ERRORS = ['CredentialsProviderError', 'TokenProviderError', 'ProviderError'];

function noCredentials(place: string): RefreshFailure {
  return new RefreshFailure('AwsCredentialsMissing', `${place} returned no credentials`);
}

/** Whether a client of the SDK threw it, with or without a response. */
function isAwsError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && '$metadata' in error;
}

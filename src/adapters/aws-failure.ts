// Owns what an error of the AWS SDK means. Refuses to quote one: it carries the whole answer (`$response`), in which
// a token may be, so only its name, code and status are read.
import { RefreshFailure, type FailureType } from '../domain/failures.js';
import { DeadlineExceeded } from './deadline.js';
import { codesOf, describeTransportError } from './transport-error.js';

const THROTTLED = new Set([
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'RequestLimitExceeded',
  'RequestThrottled',
  'RequestThrottledException',
  'SlowDown',
]);
const DENIED = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation', 'NotAuthorized']);
const EXPIRED = new Set(['ExpiredToken', 'ExpiredTokenException']);
/** Also what an opt-in region answers that the account has not enabled. */
const UNKNOWN_KEY = new Set([
  'UnrecognizedClient',
  'UnrecognizedClientException',
  'InvalidClientTokenId',
  'InvalidAccessKeyId',
  'InvalidSecurityToken',
  'AuthFailure',
]);
const BAD_SIGNATURE = new Set([
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
]);
const SKEWED = new Set([
  'RequestTimeTooSkewed',
  'RequestExpired',
  'RequestInTheFuture',
  'InvalidSignatureException',
  'SignatureDoesNotMatch',
]);
const BAD_IDENTITY_TOKEN = new Set([
  'InvalidIdentityToken',
  'InvalidIdentityTokenException',
  'IDPRejectedClaim',
]);
const NO_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError', 'ProviderError']);

/** The failure behind a GetAuthorizationToken call. `readPrincipal` answers who made it, or null. */
export async function failureOfEcr(
  region: string,
  error: unknown,
  readPrincipal: () => Promise<string | null>,
): Promise<RefreshFailure> {
  if (error instanceof RefreshFailure) return error;
  const where = `ECR in ${region}`;
  if (DENIED.has(nameOf(error))) {
    const principal = (await readPrincipal()) ?? 'the AWS principal';
    const message = `${where}: ${principal} may not call ecr:GetAuthorizationToken`;
    return new RefreshFailure('AwsAccessDenied', message);
  }
  return failureOfName(where, error) ?? failureOfRest(where, region, error);
}

/** The failure behind loading credentials: asking STS, SSO, a process or the instance's metadata for them. */
export function failureOfCredentials(error: unknown): RefreshFailure {
  const where = 'AWS credentials';
  if (DENIED.has(nameOf(error))) {
    return new RefreshFailure(
      'AwsAccessDenied',
      `${where}: the configured role may not be assumed`,
      'Let the trust policy of the role admit the worker (AWS_ROLE_ARN, or role_arn of the profile).',
    );
  }
  // The chain's own error first: its cause may be a mere refused connection to the metadata service of a laptop.
  if (NO_CREDENTIALS.has(nameOf(error))) {
    return new RefreshFailure(
      'AwsCredentialsMissing',
      `${where}: the default chain of the AWS SDK found none`,
    );
  }
  return failureOfName(where, error) ?? failureOfRest(where, undefined, error);
}

function failureOfName(where: string, error: unknown): RefreshFailure | undefined {
  const name = nameOf(error);
  const fail = (type: FailureType, words: string): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`);
  if (THROTTLED.has(name) || statusOf(error) === 429)
    return fail('AwsThrottled', 'AWS asks for fewer requests');
  if (NO_CREDENTIALS.has(name))
    return fail('AwsCredentialsMissing', 'the default chain of the AWS SDK found none');
  if (EXPIRED.has(name)) return fail('AwsCredentialsRejected', 'the AWS credentials have expired');
  if (BAD_IDENTITY_TOKEN.has(name))
    return fail('AwsCredentialsRejected', 'the web identity token is not accepted');
  if (UNKNOWN_KEY.has(name)) {
    return fail(
      'AwsCredentialsRejected',
      'AWS does not know the access key, or the account has not enabled the region',
    );
  }
  if (SKEWED.has(name)) {
    return fail(
      'AwsCredentialsRejected',
      'the signature is not accepted: check the secret key, and the clock of the worker',
    );
  }
  if (BAD_SIGNATURE.has(name)) return fail('AwsCredentialsRejected', 'the signature is not accepted');
  return undefined;
}

function failureOfRest(where: string, region: string | undefined, error: unknown): RefreshFailure {
  const fail = (type: FailureType, words: string): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`);
  if (error instanceof DeadlineExceeded) return fail('AwsUnavailable', describeTransportError(error));
  const status = statusOf(error);
  if (status !== undefined && status >= 500)
    return fail('AwsUnavailable', `AWS failed on its side (${status})`);
  if (codesOf(error).includes('ENOTFOUND') && region) {
    return fail('AwsUnavailable', `no such host; is there an AWS region ${region}?`);
  }
  if (codesOf(error).length > 0) return fail('AwsUnavailable', describeTransportError(error));
  // The SDK's own time limit on connecting: without a code. It gives the name to reset connections as well.
  if (nameOf(error) === 'TimeoutError') return fail('AwsUnavailable', 'no answer (timed out)');
  if (status !== undefined) {
    return fail('EcrResponseInvalid', `${status}, with an answer that is not one of AWS`);
  }
  return fail('AwsUnavailable', 'the request failed');
}

function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name;
  // Some protocols put a namespace before the name.
  return typeof name === 'string' ? name.replace(/^.*#/, '') : '';
}

function statusOf(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata;
  const status = metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

// Owns the reading of an error of the AWS SDK: its name, status and codes, and what follows from these for any service.
// Refuses to quote one: it carries the whole answer (`$response`), in which a token may be.
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { formatDuration } from '../refresh/schedule-margins.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../net/network-error.js';

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
/** Also what an opt-in region answers that the account has not enabled, and a partition that the key is not of. */
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
/** As the SDK has them: it corrects its clock after one of these, and tries again. */
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
  'IDPRejectedClaimException',
]);
/** AWS answers these with 4xx, and they pass. */
const PASSING = new Map([
  ['IDPCommunicationError', 'AWS could not reach the identity provider'],
  ['IDPCommunicationErrorException', 'AWS could not reach the identity provider'],
  ['RequestTimeout', 'AWS did not get the whole request in time'],
  ['RequestTimeoutException', 'AWS did not get the whole request in time'],
]);
const REGION_DISABLED = new Set(['RegionDisabled', 'RegionDisabledException', 'OptInRequired']);
/** What AWS bears, both ways. */
const MOST_SKEW_MS = 300_000;

/**
 * The kind of policy that denied a call. AWS has one code for all of them, `AccessDenied`, and tells the kind in the text
 * alone; this is the only place that reads a message of AWS. Without a match the remedy is that for an identity-based
 * policy. Source: IAM User Guide, "Troubleshoot access denied error messages".
 */
const POLICIES =
  /(?<how>explicit deny in an?|no) (?<policy>service control policy|resource control policy|VPC endpoint policy|permissions boundary|session policy|identity-based policy|resource-based policy)/i;

export function isDenied(error: unknown): boolean {
  return DENIED.has(getErrorName(error));
}

/** Also of an empty one, as a file has it that is being written. */
export function isBadIdentityToken(error: unknown): boolean {
  return BAD_IDENTITY_TOKEN.has(getErrorName(error)) || getErrorName(error) === 'ValidationError';
}

/** What AWS says of the policy that denies. */
export interface DenialReason {
  /** In words that go on a sentence after who may not do what; empty where AWS does not say. */
  readonly words: string;
  /** Undefined where a statement is to be added to a policy of whoever asked; else what to do about that other policy. */
  readonly remedy: string | undefined;
}

/** @param allow what the policy has to allow, in words that go on `Have that policy allow` */
export function parseDenial(error: unknown, allow: string): DenialReason {
  const message = (error as { message?: unknown } | null)?.message;
  const groups = typeof message === 'string' ? POLICIES.exec(message)?.groups : undefined;
  if (!groups) return { words: '', remedy: undefined };
  const policy = groups['policy']?.replace(/^vpc/i, 'VPC') ?? '';
  const isMissing = /^no$/i.test(groups['how'] ?? '');
  const article = /^i/i.test(policy) ? 'an' : 'a';
  const words = isMissing ? `: no ${policy} allows it` : `: ${article} ${policy} denies it explicitly`;
  if (isMissing && /^identity-based/i.test(policy)) return { words, remedy: undefined };
  const remedy = isMissing
    ? `Have that policy allow ${allow}`
    : `Remove that deny: no other policy outweighs it`;
  return { words, remedy: `${remedy}; the run goes on by itself.` };
}

/** The failure of any call that AWS answered with an error of its own, or that did not reach it. */
export function toAwsFailure(where: string, error: unknown): RefreshFailure {
  return failureOfName(where, error) ?? failureOfRest(where, error);
}

/** There is no host of this name: the SDK makes them up for whatever region it is told. */
export function toUnknownHostFailure(region: string, where: string): RefreshFailure {
  const doubt = describeUnknownRegion(region);
  const meant = doubt?.meant === undefined ? '' : `; ${doubt.meant} was meant, perhaps`;
  return new RefreshFailure(
    'AwsUnavailable',
    `${where}: no such host${doubt ? `, and no AWS region ${region} is known${meant}` : ''}`,
    doubt ? 'Mend the region in the host of the connection, or in `registries`.' : undefined,
  );
}

function failureOfName(where: string, error: unknown): RefreshFailure | undefined {
  const name = getErrorName(error);
  const fail = (type: FailureType, words: string, remedy?: string): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`, remedy);
  if (THROTTLED.has(name) || getStatus(error) === 429)
    return fail('AwsThrottled', 'AWS asks for fewer requests');
  if (EXPIRED.has(name)) return fail('AwsCredentialsRejected', 'the AWS credentials have expired');
  if (BAD_IDENTITY_TOKEN.has(name))
    return fail('AwsCredentialsRejected', 'the web identity token is not accepted');
  const passing = PASSING.get(name);
  if (passing !== undefined) return fail('AwsUnavailable', passing, 'Nothing: the run tries again.');
  if (REGION_DISABLED.has(name)) {
    return fail(
      'AwsAccessDenied',
      'the account has not enabled the region, or not STS in it',
      'Enable both in the account settings of AWS and of IAM. The run goes on by itself.',
    );
  }
  if (UNKNOWN_KEY.has(name)) {
    return fail(
      'AwsCredentialsRejected',
      'AWS does not know the access key there: it is wrong, of another partition, or the account has not enabled the region',
    );
  }
  const skewMs = SKEWED.has(name) ? parseSkew(error) : undefined;
  if (skewMs !== undefined && Math.abs(skewMs) > MOST_SKEW_MS) {
    const side = skewMs > 0 ? 'behind' : 'ahead of';
    return fail(
      'AwsClockSkewed',
      `the clock of the worker is ${formatDuration(Math.abs(skewMs))} ${side} that of AWS`,
    );
  }
  if (BAD_SIGNATURE.has(name) || SKEWED.has(name))
    return fail('AwsCredentialsRejected', 'the signature is not accepted: the secret key is wrong');
  return undefined;
}

function failureOfRest(where: string, error: unknown): RefreshFailure {
  const fail = (type: FailureType, words: string, remedy?: string): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`, remedy);
  if (error instanceof DeadlineExceeded) return fail('AwsUnavailable', toNetworkError(error).message);
  const status = getStatus(error);
  if (status !== undefined && status >= 500)
    return fail('AwsUnavailable', `AWS failed on its side (${status})`, 'Nothing: the run tries again.');
  if (getErrorCodes(error).length > 0) {
    const { message, isTlsProblem } = toNetworkError(error);
    return fail('AwsUnavailable', message, isTlsProblem ? TLS_REMEDY : undefined);
  }
  // The SDK's own time limit on connecting: without a code. It gives the name to reset connections as well.
  if (getErrorName(error) === 'TimeoutError') return fail('AwsUnavailable', 'no answer (timed out)');
  if (status !== undefined) {
    return fail('EcrResponseInvalid', `${status}, with an answer that is not one of AWS`);
  }
  return fail('AwsUnavailable', 'the request failed');
}

const TLS_REMEDY =
  'Look for a proxy that opens TLS, or a custom endpoint; name its authority in NODE_EXTRA_CA_CERTS if it is yours.';

export function getErrorName(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name;
  // Some protocols put a namespace before the name.
  return typeof name === 'string' ? name.replace(/^.*#/, '') : '';
}

function getStatus(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata;
  const status = metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Milliseconds that the clock of AWS is ahead of ours, by the header of its answer. */
function parseSkew(error: unknown): number | undefined {
  const response = (error as { $response?: { headers?: Record<string, unknown> } } | null)?.$response;
  const date = response?.headers?.['date'];
  const atMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(atMs) ? undefined : atMs - Date.now();
}

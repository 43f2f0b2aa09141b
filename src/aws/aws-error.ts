// Maps errors of the AWS SDK, for any service, to failures. Their messages are not quoted: the error contains the whole
// response (`$response`), and with it possibly a token.
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { AWS_REMEDIES } from '../refresh/remedies/aws.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { formatDuration } from '../refresh/schedule-margins.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../net/network-error.js';

// Error names, separated by spaces, without the suffix `Exception`.
const DENIED = 'AccessDenied UnauthorizedOperation NotAuthorized';
const BAD_IDENTITY_TOKEN = 'InvalidIdentityToken IDPRejectedClaim';
/** The same list as in the SDK, which corrects its clock after one of these and retries. */
const SKEWED =
  'RequestTimeTooSkewed RequestExpired RequestInTheFuture InvalidSignature SignatureDoesNotMatch';
/** The tolerance of AWS in both directions. */
const MAX_SKEW_MS = 300_000;

interface Meaning {
  readonly names: string;
  readonly type: FailureType;
  readonly words: string;
  readonly remedy?: Remedy;
}

const MEANINGS: readonly Meaning[] = [
  {
    names:
      'Throttling Throttled TooManyRequests RequestLimitExceeded RequestThrottled SlowDown LimitExceeded ' +
      'BandwidthLimitExceeded PriorRequestNotComplete',
    type: 'AwsThrottled',
    words: 'AWS throttled the request',
  },
  { names: 'ExpiredToken', type: 'AwsCredentialsRejected', words: 'the AWS credentials have expired' },
  {
    names: BAD_IDENTITY_TOKEN,
    type: 'AwsCredentialsRejected',
    words: 'AWS rejected the web identity token',
  },
  // AWS returns these two with 4xx, although they are temporary.
  {
    names: 'IDPCommunicationError',
    type: 'AwsUnavailable',
    words: 'AWS could not reach the identity provider',
    remedy: AWS_REMEDIES.wait,
  },
  {
    names: 'RequestTimeout',
    type: 'AwsUnavailable',
    words: 'AWS did not receive the complete request in time',
    remedy: AWS_REMEDIES.wait,
  },
  {
    names: 'RegionDisabled OptInRequired',
    type: 'AwsAccessDenied',
    words: 'the region, or STS in it, is not enabled for the account',
    remedy: AWS_REMEDIES.enableRegion,
  },
  {
    // An opt-in region that is not enabled, and another partition, also return these errors.
    names: 'UnrecognizedClient InvalidClientTokenId InvalidAccessKeyId InvalidSecurityToken AuthFailure',
    type: 'AwsCredentialsRejected',
    words:
      'AWS does not recognize the access key: it is wrong, belongs to another partition, ' +
      'or the region is not enabled for the account',
  },
  {
    names: SKEWED,
    type: 'AwsCredentialsRejected',
    words: 'AWS rejected the signature: the secret key is wrong',
  },
  // Requests are always signed, with keys that are not empty.
  {
    names: 'MissingAuthenticationToken',
    type: 'AwsUnavailable',
    words: 'the signature of the request did not arrive at AWS',
    remedy: AWS_REMEDIES.keepAuthorization,
  },
  {
    names: 'IncompleteSignature',
    type: 'AwsUnavailable',
    words: 'the signature of the request arrived incomplete at AWS',
    remedy: AWS_REMEDIES.keepAuthorization,
  },
];

/**
 * The type of policy that denied a call. AWS uses the code `AccessDenied` for all of them and names the type only in
 * the message; this is the only place that reads a message of AWS. Without a match, the remedy is the one for an
 * identity-based policy. Source: IAM User Guide, "Troubleshoot access denied error messages".
 */
const POLICIES =
  /(?<how>explicit deny in an?|no) (?<policy>service control policy|resource control policy|VPC endpoint policy|permissions boundary|session policy|identity-based policy|resource-based policy)/i;

export function isDenied(error: unknown): boolean {
  return isOneOf(DENIED, getErrorName(error));
}

/** Returns true also for an empty token: the file may be read while it is being written. */
export function isBadIdentityToken(error: unknown): boolean {
  return isOneOf(`${BAD_IDENTITY_TOKEN} ValidationError`, getErrorName(error));
}

export interface DenialReason {
  /** Appended to the message; empty when AWS does not report the policy. */
  readonly words: string;
  /** The fix for a policy other than the caller's; undefined when the caller's own policy needs a statement. */
  readonly remedy: Remedy | undefined;
}

export function parseDenial(error: unknown): DenialReason {
  const message = (error as { message?: unknown } | null)?.message;
  const groups = typeof message === 'string' ? POLICIES.exec(message)?.groups : undefined;
  if (!groups) return { words: '', remedy: undefined };
  const policy = groups['policy']?.replace(/^vpc/i, 'VPC') ?? '';
  if (!/^no$/i.test(groups['how'] ?? '')) {
    const article = /^i/i.test(policy) ? 'an' : 'a';
    return {
      words: `: ${article} ${policy} denies it explicitly`,
      remedy: AWS_REMEDIES.removeDeny,
    };
  }
  const isOwnPolicy = /^identity-based/i.test(policy);
  return { words: `: no ${policy} allows it`, remedy: isOwnPolicy ? undefined : AWS_REMEDIES.allowInPolicy };
}

/** The failure of any call that AWS responded to with an error, or that did not reach AWS. */
export function toAwsFailure(where: string, error: unknown): RefreshFailure {
  const fail = (type: FailureType, words: string, remedy?: Remedy): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`, remedy);
  const status = getStatus(error);
  const name = status === 429 && !isForeign(error) ? 'Throttling' : getErrorName(error);
  const skewMs = isOneOf(SKEWED, name) ? parseSkew(error) : 0;
  if (Math.abs(skewMs) > MAX_SKEW_MS) {
    const side = skewMs > 0 ? 'behind' : 'ahead of';
    const skew = formatDuration(Math.abs(skewMs));
    return fail('AwsClockSkewed', `the worker's clock is ${skew} ${side} the clock of AWS`);
  }
  const meaning = MEANINGS.find(({ names }) => isOneOf(names, name));
  if (meaning) return fail(meaning.type, meaning.words, meaning.remedy);
  if (status !== undefined && status >= 500) {
    const who = hasAwsMark(getHeaders(error)) ? 'AWS' : 'AWS, or a proxy in front of it,';
    return fail('AwsUnavailable', `${who} returned a server error (${status})`, AWS_REMEDIES.wait);
  }
  if (error instanceof DeadlineExceeded || getErrorCodes(error).length > 0) {
    const { isTooLarge, message, isTlsProblem, remedy } = toNetworkError(error);
    if (isTooLarge) return fail('EcrResponseInvalid', message);
    return fail('AwsUnavailable', message, remedy ?? (isTlsProblem ? AWS_REMEDIES.checkTls : undefined));
  }
  // The SDK's connection timeout has no code. The SDK uses this name for reset connections, too.
  if (name === 'TimeoutError') {
    return fail(
      'AwsUnavailable',
      toNetworkError(Object.assign(error as Error, { code: 'ETIMEDOUT' })).message,
    );
  }
  if (status !== undefined) {
    if (!hasAwsMark(getHeaders(error))) return toForeignFailure(where, status);
    const words = status < 400 ? 'the response of AWS cannot be read' : 'AWS rejected the request';
    return fail('EcrResponseInvalid', `${words} (HTTP ${status})`);
  }
  return fail('AwsUnavailable', 'the request failed');
}

/**
 * The failure of a response without any mark of AWS, whatever its status: it says nothing about credentials or
 * permissions.
 */
export function toForeignFailure(where: string, status: number): RefreshFailure {
  const words =
    status === 407
      ? 'a proxy requires authentication (HTTP 407)'
      : `the response is not from AWS, but from something in front of it (HTTP ${status})`;
  return new RefreshFailure('AwsUnavailable', `${where}: ${words}`, AWS_REMEDIES.checkFront);
}

/** Whether a response has a mark that AWS sets in all of its responses, and nothing else does. */
export function hasAwsMark(headers: Readonly<Record<string, unknown>>): boolean {
  return ['x-amzn-requestid', 'x-amz-request-id', 'x-amzn-errortype'].some((name) => name in headers);
}

/**
 * The SDK builds a host name from any text that it gets as a region.
 * @param setting what sets the region, such as an environment variable; default: the configuration, or a connection
 */
export function toUnknownHostFailure(region: string, where: string, setting?: string): RefreshFailure {
  const doubt = describeUnknownRegion(region);
  const meant = doubt?.meant === undefined ? '' : ` (did you mean ${doubt.meant}?)`;
  const from = setting === undefined ? '' : ` in ${setting}`;
  const remedy = setting === undefined ? AWS_REMEDIES.fixRegion : AWS_REMEDIES.fixRegionSetting;
  return new RefreshFailure(
    'AwsUnavailable',
    `${where}: no such host${doubt ? `: unknown AWS region ${region}${from}${meant}` : ''}`,
    doubt ? remedy : undefined,
  );
}

/**
 * Omits the namespace prefix of some protocols and the suffix `Exception` of others. Empty for the name that something in
 * front of AWS has chosen.
 */
export function getErrorName(error: unknown): string {
  if (isForeign(error)) return '';
  const name = (error as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.replace(/^.*#/, '').replace(/Exception$/, '') : '';
}

/** Whether the error is a response, and not one of AWS. A server error counts as one of either. */
function isForeign(error: unknown): boolean {
  const response = (error as { $response?: unknown } | null)?.$response;
  const isRejection = response !== undefined && (getStatus(error) ?? 500) < 500;
  return isRejection && !hasAwsMark(getHeaders(error));
}

function isOneOf(names: string, name: string): boolean {
  return names.split(' ').includes(name);
}

function getStatus(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata;
  const status = metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

function getHeaders(error: unknown): Readonly<Record<string, unknown>> {
  const response = (error as { $response?: { headers?: Record<string, unknown> } } | null)?.$response;
  return response?.headers ?? {};
}

/** Milliseconds that the clock of AWS is ahead of ours, from the `Date` header of the response; 0 without it. */
function parseSkew(error: unknown): number {
  const date = getHeaders(error)['date'];
  const atMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : atMs - Date.now();
}

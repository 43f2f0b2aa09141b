// What an error of the AWS SDK means, for any service. Its message is not quoted: the error carries the whole response
// (`$response`), in which a token may be.
import { describeUnknownRegion } from '../refresh/aws-regions.js';
import { RefreshFailure, type FailureType } from '../refresh/failures.js';
import { formatDuration } from '../refresh/schedule-margins.js';
import { DeadlineExceeded } from '../net/deadline.js';
import { getErrorCodes, toNetworkError } from '../net/network-error.js';

// Names of errors, separated by spaces, without `Exception` at their end.
const DENIED = 'AccessDenied UnauthorizedOperation NotAuthorized';
const BAD_IDENTITY_TOKEN = 'InvalidIdentityToken IDPRejectedClaim';
/** As the SDK has them: it corrects its clock after one of these, and retries. */
const SKEWED =
  'RequestTimeTooSkewed RequestExpired RequestInTheFuture InvalidSignature SignatureDoesNotMatch';
/** What AWS tolerates, both ways. */
const MAX_SKEW_MS = 300_000;

const RETRIED = 'Nothing: the run retries.';

interface Meaning {
  readonly names: string;
  readonly type: FailureType;
  readonly words: string;
  readonly remedy?: string;
}

const MEANINGS: readonly Meaning[] = [
  {
    names: 'Throttling Throttled TooManyRequests RequestLimitExceeded RequestThrottled SlowDown',
    type: 'AwsThrottled',
    words: 'AWS throttled the request',
  },
  { names: 'ExpiredToken', type: 'AwsCredentialsRejected', words: 'the AWS credentials have expired' },
  {
    names: BAD_IDENTITY_TOKEN,
    type: 'AwsCredentialsRejected',
    words: 'the web identity token is not accepted',
  },
  // AWS returns these two with 4xx, and they pass.
  {
    names: 'IDPCommunicationError',
    type: 'AwsUnavailable',
    words: 'AWS could not reach the identity provider',
    remedy: RETRIED,
  },
  {
    names: 'RequestTimeout',
    type: 'AwsUnavailable',
    words: 'AWS did not get the whole request in time',
    remedy: RETRIED,
  },
  {
    names: 'RegionDisabled OptInRequired',
    type: 'AwsAccessDenied',
    words: 'the account has not enabled the region, or not STS in it',
    remedy: 'Enable both in the account settings of AWS and of IAM. The run resumes automatically.',
  },
  {
    // Also returned by an opt-in region that the account has not enabled, and by another partition.
    names: 'UnrecognizedClient InvalidClientTokenId InvalidAccessKeyId InvalidSecurityToken AuthFailure',
    type: 'AwsCredentialsRejected',
    words:
      'AWS does not know the access key there: it is wrong, of another partition, or the account has not enabled the region',
  },
  {
    names: `${SKEWED} IncompleteSignature MissingAuthenticationToken`,
    type: 'AwsCredentialsRejected',
    words: 'the signature is not accepted: the secret key is wrong',
  },
];

const TLS_REMEDY =
  'Check for a proxy that intercepts TLS, or a custom endpoint; if it is yours, add its CA to NODE_EXTRA_CA_CERTS.';

/**
 * The kind of policy that denied a call. AWS has one code for all of them, `AccessDenied`, and names the kind only in the
 * text; this is the only place that reads a message of AWS. Without a match the remedy is that for an identity-based
 * policy. Source: IAM User Guide, "Troubleshoot access denied error messages".
 */
const POLICIES =
  /(?<how>explicit deny in an?|no) (?<policy>service control policy|resource control policy|VPC endpoint policy|permissions boundary|session policy|identity-based policy|resource-based policy)/i;

export function isDenied(error: unknown): boolean {
  return isOneOf(DENIED, getErrorName(error));
}

/** Also for an empty token, as a file has it that is being written. */
export function isBadIdentityToken(error: unknown): boolean {
  return isOneOf(`${BAD_IDENTITY_TOKEN} ValidationError`, getErrorName(error));
}

/** What AWS reports about the policy that denies. */
export interface DenialReason {
  /** Continues a sentence after who may not do what; empty where AWS does not report it. */
  readonly words: string;
  /** What to do about a policy other than the caller's; undefined where the caller's own needs a statement. */
  readonly remedy: string | undefined;
}

/** @param allow what the policy has to allow, in words that continue `Have that policy allow` */
export function parseDenial(error: unknown, allow: string): DenialReason {
  const message = (error as { message?: unknown } | null)?.message;
  const groups = typeof message === 'string' ? POLICIES.exec(message)?.groups : undefined;
  if (!groups) return { words: '', remedy: undefined };
  const policy = groups['policy']?.replace(/^vpc/i, 'VPC') ?? '';
  if (!/^no$/i.test(groups['how'] ?? '')) {
    const article = /^i/i.test(policy) ? 'an' : 'a';
    return {
      words: `: ${article} ${policy} denies it explicitly`,
      remedy: 'Remove that deny: it overrides every allow; the run resumes automatically.',
    };
  }
  const remedy = `Have that policy allow ${allow}; the run resumes automatically.`;
  const isOwnPolicy = /^identity-based/i.test(policy);
  return { words: `: no ${policy} allows it`, remedy: isOwnPolicy ? undefined : remedy };
}

/** The failure of any call to which AWS responded with an error of its own, or that did not reach it. */
export function toAwsFailure(where: string, error: unknown): RefreshFailure {
  const fail = (type: FailureType, words: string, remedy?: string): RefreshFailure =>
    new RefreshFailure(type, `${where}: ${words}`, remedy);
  const status = getStatus(error);
  const name = status === 429 ? 'Throttling' : getErrorName(error);
  const skewMs = isOneOf(SKEWED, name) ? parseSkew(error) : 0;
  if (Math.abs(skewMs) > MAX_SKEW_MS) {
    const side = skewMs > 0 ? 'behind' : 'ahead of';
    const skew = formatDuration(Math.abs(skewMs));
    return fail('AwsClockSkewed', `the clock of the worker is ${skew} ${side} that of AWS`);
  }
  const meaning = MEANINGS.find(({ names }) => isOneOf(names, name));
  if (meaning) return fail(meaning.type, meaning.words, meaning.remedy);
  if (status !== undefined && status >= 500)
    return fail('AwsUnavailable', `AWS returned a server error (${status})`, RETRIED);
  if (error instanceof DeadlineExceeded || getErrorCodes(error).length > 0) {
    const { message, isTlsProblem } = toNetworkError(error);
    return fail('AwsUnavailable', message, isTlsProblem ? TLS_REMEDY : undefined);
  }
  // The SDK's own time limit on connecting: without a code. It gives the name to reset connections as well.
  if (name === 'TimeoutError') return fail('AwsUnavailable', 'no answer (timed out)');
  if (status !== undefined) return fail('EcrResponseInvalid', `${status}, a response that is not from AWS`);
  return fail('AwsUnavailable', 'the request failed');
}

/** There is no such host: the SDK builds one for any region that it is given. */
export function toUnknownHostFailure(region: string, where: string): RefreshFailure {
  const doubt = describeUnknownRegion(region);
  const meant = doubt?.meant === undefined ? '' : `; ${doubt.meant} was meant, perhaps`;
  return new RefreshFailure(
    'AwsUnavailable',
    `${where}: no such host${doubt ? `, and no AWS region ${region} is known${meant}` : ''}`,
    doubt ? 'Fix the region in the host of the connection, or in `registries`.' : undefined,
  );
}

/** Without the prefix (a namespace) of some protocols and the suffix (`Exception`) of others. */
export function getErrorName(error: unknown): string {
  const name = (error as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.replace(/^.*#/, '').replace(/Exception$/, '') : '';
}

function isOneOf(names: string, name: string): boolean {
  return names.split(' ').includes(name);
}

function getStatus(error: unknown): number | undefined {
  const metadata = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata;
  const status = metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** Milliseconds that the clock of AWS is ahead of ours, by the header of its response; 0 without one. */
function parseSkew(error: unknown): number {
  const response = (error as { $response?: { headers?: Record<string, unknown> } } | null)?.$response;
  const date = response?.headers?.['date'];
  const atMs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  return Number.isNaN(atMs) ? 0 : atMs - Date.now();
}

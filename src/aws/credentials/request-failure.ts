// Failures of requests for credentials to services other than AWS STS, by error code and status.
import { RefreshFailure } from '../../refresh/failures.js';
import { AWS_REMEDIES } from '../../refresh/remedies/aws.js';
import type { Remedy } from '../../refresh/remedies/remedy.js';
import { NetworkError, toNetworkError } from '../../net/network-error.js';
import type { TracedRequest } from './request-trace.js';

/**
 * The failure of a request that may succeed later: without a response or its body, throttled, or with a server error.
 * @param where what was called
 * @returns undefined if the service rejected the request, or returned something
 */
export function toTemporaryFailure(
  where: string,
  { error, status }: TracedRequest,
  remedy: Remedy,
): RefreshFailure | undefined {
  if (status === undefined || error !== undefined) {
    // Without an error, the load ended before a response.
    const { message, isTlsProblem } = toNetworkError(error ?? new NetworkError('timed-out'));
    return new RefreshFailure(
      'AwsUnavailable',
      `${where}: ${message}`,
      isTlsProblem ? AWS_REMEDIES.checkTls : remedy,
    );
  }
  if (status === 429)
    return new RefreshFailure(
      'AwsThrottled',
      `${where} throttled the request (HTTP 429)`,
      AWS_REMEDIES.waitForNext,
    );
  if (status < 500) return undefined;
  return new RefreshFailure('AwsUnavailable', `${where} returned a server error (HTTP ${status})`, remedy);
}

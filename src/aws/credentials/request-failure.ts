// Failures of requests for credentials to services other than AWS STS, by error code and status.
import { RefreshFailure } from '../../refresh/failures.js';
import { NetworkError, toNetworkError } from '../../net/network-error.js';
import { TLS_REMEDY } from '../aws-error.js';
import type { TracedRequest } from './request-trace.js';

const NO_ACTION = 'No action needed if the next attempt succeeds: the run retries automatically.';

/**
 * The failure of a request that may succeed later: without a response, throttled, or with a server error.
 * @param where what was called
 * @returns undefined if the service rejected the request, or returned something
 */
export function toTemporaryFailure(
  where: string,
  { error, status }: TracedRequest,
  remedy: string,
): RefreshFailure | undefined {
  if (status === undefined) {
    // Without an error, the load ended before a response.
    const { message, isTlsProblem } = toNetworkError(error ?? new NetworkError('timed-out'));
    return new RefreshFailure('AwsUnavailable', `${where}: ${message}`, isTlsProblem ? TLS_REMEDY : remedy);
  }
  if (status === 429)
    return new RefreshFailure('AwsThrottled', `${where} throttled the request (HTTP 429)`, NO_ACTION);
  if (status < 500) return undefined;
  return new RefreshFailure('AwsUnavailable', `${where} returned a server error (HTTP ${status})`, remedy);
}

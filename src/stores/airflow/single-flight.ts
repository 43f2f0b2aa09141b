// Owns calls that many wait for together: a sign-in, the detection of the version.
// Refuses to let one caller's end be the end of the others: the signal ends the waiting, never the call.
import { RefreshFailure } from '../../refresh/failures.js';
import { waitUnlessAborted } from '../../net/deadline.js';
import { describeNetworkError } from '../../net/network-error.js';
import { failure } from './response-errors.js';
import type { RequestContext } from './transport.js';

/** A function that starts `call`, or joins the one under way. `call` ends by itself within `limitMs`. */
export function singleFlight<T>(
  attempt: RequestContext,
  limitMs: number,
  call: () => Promise<T>,
): (signal: AbortSignal) => Promise<T> {
  let underWay: Promise<T> | undefined;
  return async (signal) => {
    underWay ??= call().finally(() => {
      underWay = undefined;
    });
    // Nobody may be waiting any more when it fails.
    underWay.catch(() => {});
    try {
      return await waitUnlessAborted(underWay, signal, limitMs + 1000);
    } catch (error) {
      if (error instanceof RefreshFailure) throw error;
      throw failure('StoreUnreachable', attempt, describeNetworkError(error));
    }
  };
}

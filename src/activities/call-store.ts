// Sends requests to a store, each with a time limit, at the rate that the store accepts.
import { DeadlineExceeded, withDeadline } from '../net/deadline.js';
import type { Attempt } from '../refresh/attempt.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { AllowedStore } from './allowed-config.js';

/** One request takes no longer than this, and no longer than half of its attempt. */
const LONGEST_REQUEST_MS = 30_000;

/** Time limit of one request of an attempt, in milliseconds. */
export function requestLimitMs({ limitMs }: Pick<Attempt, 'limitMs'>): number {
  return Math.min(LONGEST_REQUEST_MS, limitMs / 2);
}

/**
 * Sends one request to a store. While the store throttles it, repeats it more slowly until the attempt ends.
 * @param what for the message of a timeout, such as `GET connection a`
 * @throws RefreshFailure
 */
export async function callStore<T>(
  { name, title, pace }: AllowedStore,
  attempt: Attempt,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
  limitMs = requestLimitMs(attempt),
): Promise<T> {
  let throttled: RefreshFailure | undefined;
  for (;;) {
    await pace.wait(attempt.signal);
    if (attempt.signal.aborted) throw throttled ?? toTimeUp(attempt.signal);
    try {
      const result = await withDeadline(limitMs, attempt.signal, call);
      pace.noteAccepted();
      return result;
    } catch (error) {
      if (error instanceof DeadlineExceeded) throw toRequestTimeout(`${title} ${name}: ${what}`, error);
      if (!(error instanceof RefreshFailure) || error.type !== 'StoreThrottled') throw error;
      throttled = error;
      pace.noteThrottled();
    }
  }
}

/** The failure of a request that was not sent before the attempt ended. */
export function toTimeUp({ reason }: AbortSignal): RefreshFailure {
  return reason instanceof RefreshFailure
    ? reason
    : new RefreshFailure('AttemptTimedOut', 'The attempt ended before this request was sent.');
}

export function toRequestTimeout(what: string, { endedBy, limitMs }: DeadlineExceeded): RefreshFailure {
  const when =
    endedBy === 'limit' ? `within ${Math.round(limitMs / 100) / 10} s` : 'before the attempt ended';
  return new RefreshFailure('StoreUnreachable', `${what}: no response ${when}.`);
}

/** Reads a connection by its id; undefined when the store does not have it. @throws RefreshFailure */
export async function readById(
  store: AllowedStore,
  attempt: Attempt,
  id: string,
): Promise<ConnectionRecord | undefined> {
  return callStore(store, attempt, `GET connection ${id}`, (signal) => store.connections.read(id, signal));
}

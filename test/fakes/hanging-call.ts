// A call that never gets a response, so that a test can stop a worker during the call.
import { deferred } from './deferred.js';

export interface HangingCall {
  /** Resolves when the call has started. */
  readonly reached: Promise<void>;
  /** Waits until `signal` aborts, then rejects with its reason, as an adapter does. */
  wait(signal: AbortSignal): Promise<never>;
}

export function hangingCall(): HangingCall {
  const reached = deferred();
  return {
    reached: reached.promise,
    wait(signal) {
      const ended = deferred<never>();
      signal.addEventListener('abort', () => ended.reject(signal.reason), { once: true });
      if (signal.aborted) ended.reject(signal.reason);
      reached.resolve();
      return ended.promise;
    },
  };
}

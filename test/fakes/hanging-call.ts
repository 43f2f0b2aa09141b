// Owns a call that is never answered, so that a test can stop a worker in the middle of it.
import { deferred } from './deferred.js';

export interface HangingCall {
  /** Resolves when somebody waits for the answer. */
  readonly reached: Promise<void>;
  /** Waits until `signal` aborts, and ends with its reason, as an adapter does. */
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

// One call that many callers wait for together: a login, a version, a token, credentials.
import { withDeadline } from './deadline.js';

/** The calls in progress, by key. Results are not kept: the next call after an end starts again. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  /**
   * Starts `call`, or joins the call of the same key that is in progress.
   *
   * The caller's signal ends its own waiting, never the call, which has a limit of its own. A caller that has ended
   * starts no call.
   * @param limitMs milliseconds that the call may take, from its start
   * @throws DeadlineExceeded when the limit has passed or the signal fires, or what `call` throws
   */
  async run(
    key: string,
    limitMs: number,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withDeadline(limitMs, signal, () => this.#running.get(key) ?? this.#start(key, limitMs, call));
  }

  #start(key: string, limitMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = withDeadline(limitMs, undefined, call);
    this.#running.set(key, running);
    const end = (): void => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    // Also handles a failure after the last caller has stopped waiting.
    running.then(end, end);
    return running;
  }
}

// Lets concurrent callers share one call: a login, a version, a token, credentials.
import { withDeadline } from './deadline.js';

/** Calls in progress by key. Results are not cached: a call after the end of the last one starts a new one. */
export class SingleFlight<T> {
  readonly #running = new Map<string, Promise<T>>();

  /**
   * Starts `call`, or joins the call in progress with the same key.
   *
   * The caller's signal only stops this caller from waiting; the call continues until its own limit. A caller whose
   * signal has already fired does not start a call.
   * @param limitMs time limit of the call in milliseconds, from its start
   * @throws DeadlineExceeded when the limit has passed or the signal fires, or whatever `call` throws
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
    // `end` also handles a rejection after the last caller has stopped waiting.
    running.then(end, end);
    return running;
  }
}

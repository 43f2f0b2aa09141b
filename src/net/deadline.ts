/** A call was aborted by its own time limit or by the caller's signal. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly endedBy: 'limit' | 'caller';
  readonly limitMs: number;

  constructor(endedBy: 'limit' | 'caller', limitMs: number) {
    super(endedBy === 'limit' ? `timed out after ${limitMs} ms` : 'canceled by the caller');
    this.endedBy = endedBy;
    this.limitMs = limitMs;
  }
}

/**
 * Runs a call with a signal that fires after `limitMs` milliseconds or with the caller's signal, whichever is first,
 * and waits for the call to settle: it can still return a partial result or fail with its own error.
 *
 * Combine a time limit with another signal only here. It uses a timer because Node 20 may garbage-collect an
 * AbortSignal.timeout that is combined with another signal, which then never fires.
 * @param createTimeoutError creates the signal's reason at the limit; the reason of the caller's signal is passed on
 *   unchanged
 */
export async function withSignal<T>(
  limitMs: number,
  caller: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
  createTimeoutError: () => Error = () => new DeadlineExceeded('limit', limitMs),
): Promise<T> {
  const controller = new AbortController();
  const onCallerAbort = (): void => controller.abort(caller?.reason);
  if (caller?.aborted) onCallerAbort();
  caller?.addEventListener('abort', onCallerAbort, { once: true });
  const timer = setTimeout(() => controller.abort(createTimeoutError()), limitMs);
  // A call without a caller must not keep the process alive.
  if (caller === undefined) timer.unref();
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onCallerAbort);
  }
}

/**
 * Runs a call and stops waiting for it when its signal fires: some servers send a byte now and then, and some libraries
 * ignore an AbortSignal. The call is not started when the caller's signal has already fired.
 * @throws DeadlineExceeded, or whatever `run` throws
 */
export async function withDeadline<T>(
  limitMs: number,
  caller: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (caller?.aborted) throw new DeadlineExceeded('caller', limitMs);
  return withSignal(limitMs, caller, (signal) => {
    const ended = new Promise<never>((_resolve, reject) => {
      // Registered before the call can add its own listener, so that this error wins.
      signal.addEventListener('abort', () =>
        reject(new DeadlineExceeded(caller?.aborted ? 'caller' : 'limit', limitMs)),
      );
    });
    return Promise.race([run(signal), ended]);
  });
}

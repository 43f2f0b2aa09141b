/** A call was ended: by its own limit, or by the caller's signal. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
  readonly endedBy: 'limit' | 'caller';
  readonly limitMs: number;

  constructor(endedBy: 'limit' | 'caller', limitMs: number) {
    super(endedBy === 'limit' ? `no answer within ${limitMs} ms` : 'ended by the caller');
    this.endedBy = endedBy;
    this.limitMs = limitMs;
  }
}

/**
 * Runs a call with a signal that fires after `limitMs` milliseconds or with the caller's signal, whichever is first, and
 * waits for the call: it may still return what it has, or fail with its own error.
 *
 * The one place where a time limit meets another signal. It has a timer of its own, since Node 20 may collect an
 * AbortSignal.timeout that is combined with another signal, which then never fires.
 * @param createTimeUp makes the reason of the signal at the limit; the reason of the caller's signal is passed on
 */
export async function withSignal<T>(
  limitMs: number,
  caller: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
  createTimeUp: () => Error = () => new DeadlineExceeded('limit', limitMs),
): Promise<T> {
  const controller = new AbortController();
  const onCallerAbort = (): void => controller.abort(caller?.reason);
  if (caller?.aborted) onCallerAbort();
  caller?.addEventListener('abort', onCallerAbort, { once: true });
  const timer = setTimeout(() => controller.abort(createTimeUp()), limitMs);
  // A call that no one waits for must not keep a process alive.
  if (caller === undefined) timer.unref();
  try {
    return await run(controller.signal);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onCallerAbort);
  }
}

/**
 * Runs a call, and stops waiting for it when its signal fires: for servers that send a byte now and then, and libraries
 * that ignore an AbortSignal. A call whose caller has ended is not started.
 * @throws DeadlineExceeded, or what `run` throws
 */
export async function withDeadline<T>(
  limitMs: number,
  caller: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (caller?.aborted) throw new DeadlineExceeded('caller', limitMs);
  return withSignal(limitMs, caller, (signal) => {
    const ended = new Promise<never>((_resolve, reject) => {
      // Before the call can listen, so that its own error about the signal comes second.
      signal.addEventListener('abort', () =>
        reject(new DeadlineExceeded(caller?.aborted ? 'caller' : 'limit', limitMs)),
      );
    });
    return Promise.race([run(signal), ended]);
  });
}

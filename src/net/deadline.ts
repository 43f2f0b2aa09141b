// Owns the total time an exchange with the outside may take: connecting, waiting and reading together.
// Refuses to wait on, even for a server that drips, or for a library that does not heed an AbortSignal.

/** Who ended an exchange: its own limit, or the caller's signal. */
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
 * Runs an exchange, and ends it after `limitMs` milliseconds or when the caller's signal fires, whichever is first.
 * A timer of our own instead of AbortSignal.timeout: that one is garbage-collected in some versions of Node 20
 * when it is combined with another signal, and then never fires.
 * @throws DeadlineExceeded, or what `run` throws
 */
export async function withDeadline<T>(
  limitMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw new DeadlineExceeded('caller', limitMs);
  const controller = new AbortController();
  let release = (): void => {};
  const ended = new Promise<never>((_resolve, reject) => {
    const end = (endedBy: 'limit' | 'caller'): void => {
      // Rejected first, aborted second: so the race is lost to this reason and not to the library's own error.
      reject(new DeadlineExceeded(endedBy, limitMs));
      controller.abort();
    };
    const timer = setTimeout(() => end('limit'), limitMs);
    const onAbort = (): void => end('caller');
    signal.addEventListener('abort', onAbort, { once: true });
    release = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    };
  });
  try {
    return await Promise.race([run(controller.signal), ended]);
  } finally {
    release();
  }
}

/** Waits for work that others wait for too: the caller's signal ends the waiting, never the work. */
export async function waitUnlessAborted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  limitMs: number,
): Promise<T> {
  return withDeadline(limitMs, signal, () => work);
}

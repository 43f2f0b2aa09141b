// SIGTERM, SIGINT and SIGHUP (a terminal that closes) end the worker: the first gently, a second at once.
import type { Logger } from '../../log/logger.js';

/** Supervisors, and Ctrl-C in npm, send two signals within a moment: these count as one. */
const SAME_SIGNAL_MS = 2_000;
/** What still runs then is cut: the process is gone 40 s after the signal, whatever peer is silent. */
const EXIT_LIMIT_MS = 38_000;

/**
 * Handles the signals from here on. The SDK would handle only the first one, and a second would kill the worker during
 * its shutdown.
 * @returns aborted by the first signal; its reason is the name of the signal
 */
export function handleStopSignals(logger: Logger): AbortSignal {
  const controller = new AbortController();
  let firstMs: number | undefined;

  function stop(signal: string): void {
    const now = performance.now();
    if (firstMs === undefined) {
      firstMs = now;
      setTimeout(() => {
        logger.error({}, 'worker not stopped in time; exiting');
        process.exit(1);
      }, EXIT_LIMIT_MS).unref();
      controller.abort(signal);
    } else if (now - firstMs >= SAME_SIGNAL_MS) {
      logger.warn({ signal }, 'second signal; exiting at once');
      process.exit(1);
    }
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
  return controller.signal;
}

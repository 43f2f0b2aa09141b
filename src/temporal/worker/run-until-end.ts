// Runs a worker of the SDK until it is stopped, or can no longer work.
import { TransportError, type Worker } from '@temporalio/worker';
import { toQuote } from '../outside-text.js';
import { WorkerFailed } from './worker-failed.js';

/** How often the state is read: a worker that has failed may never settle its promise (SDK 1.24). */
const STATE_INTERVAL_MS = 500;

export interface RunOptions {
  readonly stop: AbortSignal;
  /** The error that the SDK logged last: the one that it throws may be about its own cleanup. */
  readonly findError: () => unknown;
  readonly removeSecrets: (text: string) => string;
}

/**
 * Resolves when the worker has stopped after the signal. Activities that do not end within the limits are cut.
 * @throws WorkerFailed
 */
export async function runUntilEnd(
  worker: Worker,
  { stop, findError, removeSecrets }: RunOptions,
): Promise<void> {
  const shutDown = (): void => {
    if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  const running = worker.run();
  running.catch(() => {});
  stop.addEventListener('abort', shutDown, { once: true });
  if (stop.aborted) shutDown();
  let timer: NodeJS.Timeout | undefined;
  const failed = new Promise<never>((_resolve, reject) => {
    timer = setInterval(() => {
      if (worker.getState() === 'FAILED') reject(new Error('the worker has failed'));
    }, STATE_INTERVAL_MS);
  });
  try {
    await Promise.race([running, failed]);
    if (!stop.aborted) throw new Error('the worker has ended without a signal');
  } catch (error) {
    // An activity has outlived the limit for shutdown.
    if (stop.aborted) return;
    const cause = findError() ?? error;
    const text = cause instanceof TransportError ? toQuote(removeSecrets(cause.message)) : undefined;
    throw new WorkerFailed(text, cause);
  } finally {
    clearInterval(timer);
    stop.removeEventListener('abort', shutDown);
  }
}

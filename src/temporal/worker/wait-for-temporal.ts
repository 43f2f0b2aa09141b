// The start of the worker waits for Temporal, as a running worker does.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../log/logger.js';
import type { CurrentSettings } from './current-settings.js';
import type { TemporalHealth } from './health.js';
import { orStopped } from './or-stopped.js';
import { connectWorker, type WorkerConnection } from './worker-connection.js';
import { TemporalUnavailable } from '../unavailable.js';

/** How long a refusal is retried at the start: permissions and certificates may be rolled out at the same time. */
const REFUSAL_LIMIT_MS = 5 * 60_000;
const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 10_000;

export interface Waiting {
  readonly settings: CurrentSettings;
  readonly health: TemporalHealth;
  readonly logger: Logger;
  readonly taskQueue: string;
  /** When the worker was started, in milliseconds of the monotonic clock. */
  readonly startedMs: number;
  readonly stop: AbortSignal;
}

/**
 * Waits until Temporal responds and the namespace exists. Returns undefined if the worker is stopped before.
 * @throws TemporalUnavailable when the server has refused the worker for five minutes
 */
export async function waitForTemporal(waiting: Waiting): Promise<WorkerConnection | undefined> {
  const { settings, health, startedMs, stop } = waiting;
  for (let retryMs = FIRST_RETRY_MS; !stop.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
    try {
      const connected = await orStopped(stop, connect(waiting));
      if (connected) health.end();
      return connected;
    } catch (error) {
      if (!(error instanceof TemporalUnavailable)) throw error;
      const isFinal = performance.now() - startedMs >= REFUSAL_LIMIT_MS && !settings.areBeingReplaced;
      if (error.isRefusal && isFinal) throw error;
      health.report(error);
    }
    await delay(retryMs, undefined, { signal: stop }).catch(() => {});
    // A certificate or key that was replaced meanwhile counts.
    settings.reload();
  }
  return undefined;
}

async function connect({ settings, logger, taskQueue }: Waiting): Promise<WorkerConnection> {
  const connected = await connectWorker(settings.current, taskQueue);
  if (connected.undescribed) {
    const { code, message: reason } = connected.undescribed;
    logger.warn({ code, reason }, 'DescribeNamespace failed; continuing without it');
  }
  return connected;
}

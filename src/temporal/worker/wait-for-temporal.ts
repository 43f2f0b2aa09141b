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
  readonly stop: AbortSignal;
}

interface Clock {
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Ends early with the signal. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => {}),
};

/**
 * Waits until Temporal responds and the namespace exists. Returns undefined if the worker is stopped before.
 * @param connect and `clock` are replaced in tests
 * @throws TemporalUnavailable when the server has refused the worker for five minutes
 */
export async function waitForTemporal(
  waiting: Waiting,
  connect = connectWorker,
  { now, wait }: Clock = CLOCK,
): Promise<WorkerConnection | undefined> {
  const { settings, health, logger, taskQueue, stop } = waiting;
  let refusedSinceMs: number | undefined;
  for (let retryMs = FIRST_RETRY_MS; !stop.aborted; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
    try {
      const connected = await orStopped(stop, connect(settings.current, taskQueue));
      if (connected) logUndescribed(connected, logger);
      return connected;
    } catch (error) {
      if (!(error instanceof TemporalUnavailable)) throw error;
      // Nothing but a restart or a person can help with these.
      const isFinal = error.isRefusal || error.code === 'native-client';
      refusedSinceMs = isFinal ? (refusedSinceMs ?? now()) : undefined;
      const isTooLong = refusedSinceMs !== undefined && now() - refusedSinceMs >= REFUSAL_LIMIT_MS;
      if (isTooLong && !settings.areIncomplete) throw error;
      health.report(error);
    }
    await wait(retryMs, stop);
    // A certificate or key that was replaced meanwhile counts.
    settings.reload();
  }
  return undefined;
}

function logUndescribed({ undescribed }: WorkerConnection, logger: Logger): void {
  if (!undescribed) return;
  const { code, message: reason } = undescribed;
  logger.warn({ code, reason }, 'DescribeNamespace failed; continuing without it');
}

// Whether Temporal can be reached, with the cause if not.
import { setTimeout as delay } from 'node:timers/promises';
import { findConnectionFault } from './probe.js';
import type { TemporalSettings } from './settings/settings.js';
import { formatTemporal, TemporalUnavailable, type TemporalReason } from './unavailable.js';

const PROBE_LIMIT_MS = 5_000;
const RETRY_AFTER_MS = 500;

/** A server or network that restarts. */
const TRANSIENT: ReadonlySet<TemporalReason> = new Set([
  'connection-refused',
  'connection-reset',
  'connection-closed',
  'dns-failure',
  'host-unreachable',
  'network-unreachable',
]);

/**
 * Undefined if a gRPC server responds at the address.
 * @param retryForMs milliseconds to retry what a restart of the server can cause
 */
export async function findUnreachable(
  settings: TemporalSettings,
  retryForMs: number,
): Promise<TemporalUnavailable | undefined> {
  const startedMs = performance.now();
  for (;;) {
    const fault = await findConnectionFault(settings, PROBE_LIMIT_MS);
    if (!fault) return undefined;
    const leftMs = retryForMs - (performance.now() - startedMs);
    if (!TRANSIENT.has(fault.code) || leftMs < RETRY_AFTER_MS) {
      return new TemporalUnavailable(fault.code, `${formatTemporal(settings)}: ${fault.text}`);
    }
    await delay(RETRY_AFTER_MS);
  }
}

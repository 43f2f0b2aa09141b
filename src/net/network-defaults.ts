// Defaults of Node that do not suit slow networks, for all connections of the process: also those of libraries.
import net from 'node:net';

/**
 * How long one address of a host may take before the next one is tried. Node's 250 ms is less than a round trip to
 * another continent: it gives up each address of a host that has several, and reports a timeout.
 */
const ATTEMPT_TIMEOUT_MS = 1000;

/** Keeps a longer time that NODE_OPTIONS sets (`--network-family-autoselection-attempt-timeout`). */
export function setNetworkDefaults(): void {
  const timeoutMs = Math.max(net.getDefaultAutoSelectFamilyAttemptTimeout(), ATTEMPT_TIMEOUT_MS);
  net.setDefaultAutoSelectFamilyAttemptTimeout(timeoutMs);
}

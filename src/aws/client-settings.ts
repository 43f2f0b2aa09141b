// Limits, proxy, TLS rules and clock offset for all AWS clients.
import { createHttpsAgent } from '../net/https-agent.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

/**
 * Logs nothing: the SDK passes tokens in plain text, and what it warns about ends as a failure anyway. Without a logger,
 * it prints its warnings to the console.
 */
const NO_LOG = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** @throws RefreshFailure ConfigInvalid when the proxy in the environment is invalid */
export function clientSettings() {
  return {
    // The workflow does the retries; the second attempt is only for a dropped connection.
    maxAttempts: 2,
    // Milliseconds that the clock of AWS is ahead of ours. With it, the first call of a new client is not rejected.
    systemClockOffset: 0,
    logger: NO_LOG,
    requestHandler: {
      logger: NO_LOG,
      httpsAgent: createHttpsAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Otherwise the SDK only warns on the console and keeps waiting.
      throwOnRequestTimeout: true,
    },
  };
}

// Limits, proxy, TLS rules and clock offset for all AWS clients. The SDK's logger is not set: it prints tokens in plain
// text.
import { createHttpsAgent } from '../net/https-agent.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

/** @throws RefreshFailure ConfigInvalid when the proxy in the environment is invalid */
export function clientSettings() {
  return {
    // The workflow does the retries; the second attempt is only for a dropped connection.
    maxAttempts: 2,
    // Milliseconds that the clock of AWS is ahead of ours. With it, the first call of a new client is not rejected.
    systemClockOffset: 0,
    requestHandler: {
      httpsAgent: createHttpsAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Otherwise the SDK only warns on the console and keeps waiting.
      throwOnRequestTimeout: true,
    },
  };
}

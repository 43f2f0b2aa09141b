// Limits, proxy, TLS rules and clock of every call to AWS. The SDK's own logger is not set: it prints tokens in plain text.
import { createHttpsAgent } from '../net/https-agent.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

/** @throws RefreshFailure ConfigInvalid when the environment names an invalid proxy */
export function clientSettings() {
  return {
    // The workflow's retries are the real ones; the second attempt is for a dropped connection.
    maxAttempts: 2,
    // Milliseconds that the clock of AWS is ahead of ours: a new client need not find out by a rejected call.
    systemClockOffset: 0,
    requestHandler: {
      httpsAgent: createHttpsAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Without it the SDK only warns on the console, and waits on.
      throwOnRequestTimeout: true,
    },
  };
}

// Owns the limits, proxy and TLS rules of every call to AWS. Refuses the SDK's own logger, which prints tokens in clear.
import { createHttpsAgent } from '../net/https-agent.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

export function clientSettings() {
  return {
    // The workflow's retries are the real ones; the second attempt is for a dropped connection.
    maxAttempts: 2,
    requestHandler: {
      httpsAgent: createHttpsAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Without it the SDK only warns on the console, and waits on.
      throwOnRequestTimeout: true,
    },
  };
}

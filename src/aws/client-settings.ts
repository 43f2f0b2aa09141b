// Owns the limits, proxy and TLS rules of every call to AWS. Refuses the SDK's own logger, which prints tokens in clear.
import type https from 'node:https';
import { createHttpsAgent } from '../net/https-agent.js';
import { NetworkError } from '../net/network-error.js';
import { RefreshFailure } from '../refresh/failures.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

/** @throws RefreshFailure ConfigInvalid when the environment names a proxy that is none */
export function clientSettings() {
  return {
    // The workflow's retries are the real ones; the second attempt is for a dropped connection.
    maxAttempts: 2,
    requestHandler: {
      httpsAgent: createAgent(),
      connectionTimeout: 3_000,
      requestTimeout: 10_000,
      // Without it the SDK only warns on the console, and waits on.
      throwOnRequestTimeout: true,
    },
  };
}

function createAgent(): https.Agent {
  try {
    return createHttpsAgent();
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    throw new RefreshFailure('ConfigInvalid', error.message, error.remedy);
  }
}

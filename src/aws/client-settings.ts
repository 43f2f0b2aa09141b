// Limits, proxy, TLS rules and clock offset for all AWS clients.
import { NO_LOG } from './no-log.js';
import { AwsRequestHandler } from './request-handler.js';

export type ClientSettings = ReturnType<typeof clientSettings>;

export function clientSettings() {
  return {
    // The workflow does the retries; the second attempt is only for a dropped connection.
    maxAttempts: 2,
    // Milliseconds that the clock of AWS is ahead of ours. With it, the first call of a new client is not rejected.
    systemClockOffset: 0,
    logger: NO_LOG,
    requestHandler: new AwsRequestHandler(),
  };
}

// The time of the AWS stand-in, which a test may set off from the machine's, and what AWS says of requests that
// were signed at another time.
import { type AwsErrorName, refuseAs } from './errors.js';
import type { AwsService } from '../../../sandbox/aws/signed-request.js';

/** The stand-in's clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now: () => number;
  setOffset: (ms: number) => void;
}

const TOLERANCE_MS = 5 * 60_000;

export function createClock(): Clock {
  let offsetMs = 0;
  return { now: () => Date.now() + offsetMs, setOffset: (ms) => void (offsetMs = ms) };
}

/**
 * Checks the time of the signature, `X-Amz-Date`; a request without one passes.
 * @throws AwsRefusal in the words of the service
 */
export function checkSignedAt(service: AwsService, amzDate: string | undefined, now: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate ?? '');
  if (match === null) return;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const signedAt = Date.UTC(year, month - 1, ...rest);
  const name: AwsErrorName = service === 'sts' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';
  const here = amzDateOf(now);
  if (signedAt < now - TOLERANCE_MS) {
    const limit = amzDateOf(now - TOLERANCE_MS);
    throw refuseAs(name, `Signature expired: ${amzDate} is now earlier than ${limit} (${here} - 5 min.)`);
  }
  if (signedAt > now + TOLERANCE_MS) {
    const limit = amzDateOf(now + TOLERANCE_MS);
    throw refuseAs(
      name,
      `Signature not yet current: ${amzDate} is still later than ${limit} (${here} + 5 min.)`,
    );
  }
}

function amzDateOf(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

// The clock of the AWS stand-in, which a test can offset from the machine's, and AWS's check of the signing time.
import { type AwsErrorName, refuseAs } from './errors.js';
import type { AwsService } from '../../../sandbox/aws/signed-request.js';

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
 * Checks the signing time, `X-Amz-Date`. A request without one passes.
 * @throws AwsRefusal with the service's message
 */
export function checkSignedAt(service: AwsService, amzDate: string | undefined, now: number): void {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate ?? '');
  if (match === null) return;
  const [year = 0, month = 0, ...rest] = match.slice(1).map(Number);
  const signedAt = Date.UTC(year, month - 1, ...rest);
  const name: AwsErrorName = service === 'sts' ? 'SignatureDoesNotMatch' : 'InvalidSignatureException';
  const here = toAmzDate(now);
  if (signedAt < now - TOLERANCE_MS) {
    const limit = toAmzDate(now - TOLERANCE_MS);
    throw refuseAs(name, `Signature expired: ${amzDate} is now earlier than ${limit} (${here} - 5 min.)`);
  }
  if (signedAt > now + TOLERANCE_MS) {
    const limit = toAmzDate(now + TOLERANCE_MS);
    throw refuseAs(
      name,
      `Signature not yet current: ${amzDate} is still later than ${limit} (${here} + 5 min.)`,
    );
  }
}

function toAmzDate(at: number): string {
  return new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

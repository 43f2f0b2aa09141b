// Owns a session without a sign-in request: a value is read once and kept until Airflow rejects it.
// Refuses to read it again for each of many requests that were rejected together.
import type { Secret } from '../../../log/secret.js';
import type { AirflowCredential } from '../transport.js';

/** A session over what `read` answers. */
export function createCachedCredential(
  read: () => Promise<Secret>,
  refusal: string,
): Pick<AirflowCredential, 'authorize' | 'renew' | 'refusal'> {
  let kept: Promise<Secret> | undefined;
  let current: Secret | undefined;

  async function authorize(): Promise<Secret> {
    kept ??= read();
    const reading = kept;
    try {
      const value = await reading;
      if (kept === reading) current = value;
      return value;
    } catch (error) {
      // Read again next time; but a reading that somebody has begun since is not ours to drop.
      if (kept === reading) kept = undefined;
      throw error;
    }
  }

  async function renew(rejected: Secret): Promise<Secret> {
    if (current === rejected) {
      current = undefined;
      kept = undefined;
    }
    return authorize();
  }

  return { authorize, renew, refusal };
}

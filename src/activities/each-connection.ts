// Owns the rule that a sick connection fails alone, while a sick Airflow fails the whole attempt.
import { RefreshFailure } from '../domain/failures.js';
import type { ConnectionProblem } from '../domain/steps.js';

/** After this many attempts (35 s of back-off) a server error for one connection among others is its own. */
const PATIENT_ATTEMPTS = 3;

/**
 * Calls for one connection after the other. A failure that Airflow gives for some connections, while it answers
 * well for others, becomes a problem of those: at once when it cannot pass, after a few attempts when it may.
 *
 * @throws RefreshFailure when Airflow as a whole is sick, or when the failure may pass: rather one that may
 */
export async function eachConnection<T>(
  ids: readonly string[],
  attemptNumber: number,
  call: (id: string) => Promise<T>,
): Promise<{ results: T[]; problems: ConnectionProblem[] }> {
  const results: T[] = [];
  const failed: { id: string; failure: RefreshFailure }[] = [];
  for (const id of ids) {
    try {
      results.push(await call(id));
    } catch (error) {
      if (!(error instanceof RefreshFailure) || !mayBeItsOwn(error)) throw error;
      failed.push({ id, failure: error });
    }
  }
  const passing = failed.find(({ failure }) => failure.type === 'AirflowUnavailable');
  const worst = passing ?? failed[0];
  if (worst && results.length === 0) throw worst.failure;
  if (passing && attemptNumber <= PATIENT_ATTEMPTS) throw passing.failure;
  return { results, problems: failed.map(({ id, failure }) => problemOf(id, failure)) };
}

export function problemOf(connection: string, failure: RefreshFailure): ConnectionProblem {
  return { connection, type: failure.type, message: failure.message, remedy: failure.remedy };
}

function mayBeItsOwn(failure: RefreshFailure): boolean {
  return failure.type === 'AirflowUnavailable' || failure.type === 'AirflowRequestRejected';
}

// Owns the rule that a sick connection fails alone, while a sick Airflow fails the whole attempt.
import { RefreshFailure } from '../refresh/failures.js';
import type { ConnectionProblem } from '../refresh/activity-types.js';

/** After this many attempts (35 s of back-off) a server error for one connection among others is its own. */
export const ATTEMPTS_BEFORE_ISOLATING = 3;

/**
 * Collects the failures that Airflow gives for some connections, while it answers well for others: these become
 * problems of those connections, at once when they cannot pass, after a few attempts when they may.
 */
export class ConnectionFailures {
  readonly #failed: { id: string; failure: RefreshFailure }[] = [];
  #anyHealthy = false;

  /** Calls for one connection; undefined when that failed in a way that may be the connection's own. */
  async try<T>(id: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof RefreshFailure) || !mayBeItsOwn(error)) throw error;
      this.add(id, error);
      return undefined;
    }
  }

  /** Takes a failure that Airflow gave for one connection among others. */
  add(id: string, failure: RefreshFailure): void {
    this.#failed.push({ id, failure });
  }

  /** Airflow did for one connection all that it was asked. */
  markHealthy(): void {
    this.#anyHealthy = true;
  }

  /**
   * The problems of the connections that failed.
   *
   * @param witness asks Airflow for something that worked before, where nothing has worked in this attempt
   * @throws RefreshFailure when Airflow as a whole is sick, or when the failure may pass: rather one that may
   */
  async problems(attemptNumber: number, witness?: () => Promise<unknown>): Promise<ConnectionProblem[]> {
    const passing = this.#failed.find(({ failure }) => failure.type === 'StoreUnavailable');
    const worst = passing ?? this.#failed[0];
    if (worst && !this.#anyHealthy && !(witness && (await succeeds(witness)))) throw worst.failure;
    if (passing && attemptNumber <= ATTEMPTS_BEFORE_ISOLATING) throw passing.failure;
    return this.#failed.map(({ id, failure }) => toProblem(id, failure.with({ scope: 'connection' })));
  }
}

/** Calls for one connection after the other. @throws as ConnectionFailures */
export async function forEachConnection<T>(
  ids: readonly string[],
  attemptNumber: number,
  call: (id: string) => Promise<T>,
): Promise<{ results: T[]; problems: ConnectionProblem[] }> {
  const failures = new ConnectionFailures();
  const results: T[] = [];
  for (const id of ids) {
    await failures.try(id, async () => {
      results.push(await call(id));
      failures.markHealthy();
    });
  }
  return { results, problems: await failures.problems(attemptNumber) };
}

export function toProblem(connection: string, failure: RefreshFailure): ConnectionProblem {
  const { type, scope, message, remedy } = failure;
  return { connection, type, scope, message, remedy };
}

async function succeeds(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (error instanceof RefreshFailure && mayBeItsOwn(error)) return false;
    throw error;
  }
}

function mayBeItsOwn(failure: RefreshFailure): boolean {
  return failure.type === 'StoreUnavailable' || failure.type === 'StoreRequestRejected';
}

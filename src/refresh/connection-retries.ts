// Retries the connections that a step could not finish while it finished others. They are steps of their own, so that each
// shows as a pending activity and none delays another.
import type { ConnectionProblem } from './activity-types.js';
import type { FailureInfo } from './failures.js';
import { toFailure, type Step, type StepRunner } from './step-runner.js';

/** The connections that are left, as a step of their own. */
export type Again<T> = (connections: readonly string[]) => {
  readonly step: Step<T>;
  readonly take: (outcome: T) => void;
};

/** Reports connections for which no time is left. */
export type GiveUp = (connection: string, failure: FailureInfo) => void;

interface Unfinished {
  readonly toRetry: readonly ConnectionProblem[];
}

/**
 * Retries connections until each is done or no time is left, those of one type of failure together: what waits ten minutes
 * for a permission does not delay what waits five seconds.
 * @param attempts that were made
 */
export async function retryConnections<T extends Unfinished>(
  runner: StepRunner,
  toRetry: readonly ConnectionProblem[],
  again: Again<T>,
  giveUp: GiveUp,
  attempts = 1,
): Promise<void> {
  const types = new Set(toRetry.map(({ type }) => type));
  await Promise.all([...types].map((type) => retryAlike(toRetry.filter((problem) => problem.type === type))));

  async function retryAlike(problems: readonly ConnectionProblem[]): Promise<void> {
    const [first] = problems;
    if (!first) return;
    const { step, take } = again(problems.map(({ connection }) => connection));
    let outcome: T;
    try {
      outcome = await runner.retry(step, first, attempts);
    } catch (error) {
      const failure = toFailure(error);
      // Where no further attempt was made, each has a failure of its own.
      for (const { connection, ...own } of problems) giveUp(connection, failure === first ? own : failure);
      return;
    }
    take(outcome);
    await retryConnections(runner, outcome.toRetry, again, giveUp, attempts + 1);
  }
}

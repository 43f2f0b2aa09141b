// Retries the connections that a step could not finish while it finished others. Each retry is a separate step, so that
// it shows as a pending activity and does not delay others.
import type { ConnectionProblem } from './activity-types.js';
import type { FailureInfo } from './failures.js';
import { toFailure, type Step, type StepRunner } from './step-runner.js';

/** Builds the step that retries the given connections. */
export type Again<T> = (connections: readonly string[]) => {
  readonly step: Step<T>;
  readonly take: (outcome: T) => void;
};

/** Reports a connection for which no time is left. */
export type GiveUp = (connection: string, failure: FailureInfo) => void;

interface Unfinished {
  readonly toRetry: readonly ConnectionProblem[];
}

/**
 * Retries connections until each is done or no time is left. Connections with the same failure type are retried
 * together, so that a wait of ten minutes for a permission does not delay a retry after five seconds.
 * @param attempts number of attempts so far
 */
export async function retryConnections<T extends Unfinished>(
  runner: StepRunner,
  toRetry: readonly ConnectionProblem[],
  again: Again<T>,
  giveUp: GiveUp,
  attempts = 1,
  failingSinceMs = runner.nowMs(),
): Promise<void> {
  const types = new Set(toRetry.map(({ type }) => type));
  await Promise.all([...types].map((type) => retryAlike(toRetry.filter((problem) => problem.type === type))));

  async function retryAlike(problems: readonly ConnectionProblem[]): Promise<void> {
    const [first] = problems;
    if (!first) return;
    const { step, take } = again(problems.map(({ connection }) => connection));
    let outcome: T;
    try {
      outcome = await runner.retry(step, first, attempts, failingSinceMs);
    } catch (error) {
      const failure = toFailure(error);
      // When no further attempt was made, each connection keeps its own failure.
      for (const { connection, ...own } of problems) giveUp(connection, failure === first ? own : failure);
      return;
    }
    take(outcome);
    await retryConnections(runner, outcome.toRetry, again, giveUp, attempts + 1, failingSinceMs);
  }
}

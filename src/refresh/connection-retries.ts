// What becomes of connections that a step could not finish while it did finish others: they are tried again as steps of
// their own, and given up one by one.
import type { ConnectionProblem } from './activity-types.js';
import { failureEntry, type FailureType } from './failures.js';
import type { FailureInfo, FailureLocation, ReportBuilder } from './report-builder.js';
import type { Stage } from './report.js';
import { toFailure, type Step, type StepRunner } from './step-runner.js';

/** With back-off 2.5 minutes: after these attempts a server error for one connection among others is its own. */
const ATTEMPTS_OF_A_CONNECTION = 6;

const MAY_BE_ITS_OWN: ReadonlySet<FailureType> = new Set<FailureType>([
  'StoreUnavailable',
  'StoreUnreachable',
]);

/** The connections that are left, as a step of their own. */
export type Again<T> = (connections: readonly string[]) => {
  readonly step: Step<T>;
  readonly take: (outcome: T) => void;
};

type Place = Pick<FailureLocation, 'registry'> & { readonly stage: Stage };

interface Unfinished {
  readonly toRetry: readonly ConnectionProblem[];
}

export class ConnectionRetries {
  readonly #store: string;
  readonly #runner: StepRunner;
  readonly #record: ReportBuilder;
  /** Something of this store was read or written. */
  #works = false;

  constructor(store: string, { runner, record }: { runner: StepRunner; record: ReportBuilder }) {
    this.#store = store;
    this.#runner = runner;
    this.#record = record;
  }

  get storeWorks(): boolean {
    return this.#works;
  }

  /** From now on a server error for one connection may be its own. */
  noteSuccess(): void {
    this.#works = true;
  }

  /** Tries connections again until they are done or given up; those are reported. Each kind of failure by itself. */
  async finish<T extends Unfinished>(
    place: Place,
    toRetry: readonly ConnectionProblem[],
    again: Again<T>,
    attempts = 1,
  ): Promise<void> {
    const types = new Set(toRetry.map(({ type }) => type));
    await Promise.all(
      [...types].map((type) =>
        this.#retry(
          place,
          toRetry.filter((problem) => problem.type === type),
          again,
          attempts,
        ),
      ),
    );
  }

  async #retry<T extends Unfinished>(
    place: Place,
    problems: readonly ConnectionProblem[],
    again: Again<T>,
    attempts: number,
  ): Promise<void> {
    const [first] = problems;
    if (!first) return;
    const { step, take } = again(problems.map(({ connection }) => connection));
    let outcome: T;
    try {
      outcome = await this.#runner.retry(step, first, attempts);
    } catch (error) {
      const failure = toFailure(error);
      for (const { connection, ...own } of problems) {
        // Where no further attempt was made, each has a failure of its own.
        const concluded = this.conclude(failure === first ? own : failure);
        this.#record.fail({ ...place, store: this.#store, connections: [connection] }, concluded);
      }
      return;
    }
    take(outcome);
    await this.finish(place, outcome.toRetry, again, attempts + 1);
  }

  /** Attempts after which a failure is final; undefined: the deadline. */
  countAttempts({ type }: FailureInfo): number | undefined {
    return this.#works && MAY_BE_ITS_OWN.has(type) ? ATTEMPTS_OF_A_CONNECTION : undefined;
  }

  /** What is reported of connections that were given up. The advice for one among others is right only where others work. */
  conclude(failure: FailureInfo): FailureInfo {
    if (!this.#works || !MAY_BE_ITS_OWN.has(failure.type)) return failure;
    const { scope, remedy } = failureEntry('ConnectionUnavailable');
    return { type: 'ConnectionUnavailable', scope, message: failure.message, remedy };
  }
}

// Sends requests for several connections of a store, a few at a time: one that fails or hangs does not fail or delay
// the others, and a store that fails for all of them gets few requests.
import type { ConnectionProblem } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { RefreshFailure, failureEntry, getRemedy, type FailureType } from '../refresh/failures.js';
import type { Remedy } from '../refresh/remedies/remedy.js';
import { STORE_REMEDIES } from '../refresh/remedies/store.js';
import { toTimeUp } from './call-store.js';

/** An API server has few processes, and other clients. */
const AT_ONCE = 5;
/** This many failures at the start, without a success, count as a failure of the store. */
const FAILURES_OF_A_STORE = AT_ONCE;
/** Tries after a server error while other requests succeed: one of several server processes may be failing. */
const TRIES = 3;
/** From this attempt on (35 s of back-off), a server error or timeout for one connection counts as its own failure. */
const ATTEMPTS_OF_A_CONNECTION = 4;

/** Failures that may concern only one connection; all others concern every request. */
export const MAY_BE_ITS_OWN: ReadonlySet<FailureType> = new Set<FailureType>([
  'StoreUnreachable',
  'StoreUnavailable',
  'StoreForbidden',
  'StoreRequestRejected',
  'StoreResponseTooLarge',
  'WriteUnconfirmed',
]);

/** Each list is in the order of the connections. */
export interface Outcomes<T> {
  readonly results: readonly T[];
  /** Failed, and not retried within the run. */
  readonly refused: readonly ConnectionProblem[];
  readonly toRetry: readonly ConnectionProblem[];
}

export interface ForEachOptions {
  /** Attempts for these connections, including this one. Default: 1. */
  readonly attempts?: number;
  /** Other requests to the store are known to succeed. */
  readonly storeWorks?: boolean;
  /** A request that shows whether others succeed when none of these connections did; throws if not. */
  readonly witness?: () => Promise<unknown>;
  /** Default: 5. */
  readonly atOnce?: number;
}

/**
 * Runs `call` for each connection. When the attempt's time is up, the remaining connections are returned in
 * `toRetry`. Each call limits its own requests (`callStore`) and throws only RefreshFailure; any other error is a
 * bug, and is rethrown.
 * @throws RefreshFailure when nothing succeeded: the failure of one connection, preferably one that is retried
 */
export async function forEachConnection<T>(
  ids: readonly string[],
  attempt: Attempt,
  call: (id: string) => Promise<T>,
  options: ForEachOptions = {},
): Promise<Outcomes<T>> {
  if (ids.length === 0) return { results: [], refused: [], toRetry: [] };
  return new ConnectionWork(ids, attempt, call, options).run();
}

class ConnectionWork<T> {
  readonly #attempt: Attempt;
  readonly #call: (id: string) => Promise<T>;
  readonly #options: ForEachOptions;
  readonly #ids: readonly string[];
  readonly #waiting: string[];
  readonly #results = new Map<string, T>();
  readonly #failures = new Map<string, RefreshFailure>();
  readonly #tries = new Map<string, number>();
  /** Concerns every request: no more calls are started. */
  #failureOfAll: RefreshFailure | undefined;
  /** The store works for others: a failure may concern only one connection. */
  #othersWork: boolean;

  constructor(
    ids: readonly string[],
    attempt: Attempt,
    call: (id: string) => Promise<T>,
    options: ForEachOptions,
  ) {
    this.#ids = [...new Set(ids)];
    // Each attempt starts with a different connection, so that a few failing ones do not block the others.
    const turn = (((options.attempts ?? 1) - 1) * AT_ONCE) % this.#ids.length;
    this.#waiting = [...this.#ids.slice(turn), ...this.#ids.slice(0, turn)];
    this.#attempt = attempt;
    this.#call = call;
    this.#options = options;
    this.#othersWork = options.storeWorks ?? false;
  }

  async run(): Promise<Outcomes<T>> {
    await this.#workOff();
    if (await this.#checkWhetherOthersWork()) {
      this.#waiting.push(...this.#findRepeatable());
      await this.#workOff();
    }
    return this.#settle();
  }

  #findRepeatable(): string[] {
    const isRepeatable = ({ type, scope }: RefreshFailure): boolean =>
      type === 'StoreUnavailable' && scope !== 'registry';
    return [...this.#failures].filter(([, failure]) => isRepeatable(failure)).map(([id]) => id);
  }

  async #workOff(): Promise<void> {
    const atOnce = Math.min(this.#options.atOnce ?? AT_ONCE, this.#waiting.length);
    await Promise.all(Array.from({ length: atOnce }, () => this.#work()));
  }

  /** Makes no request in the first attempt, because its failures may be gone by the next one. */
  async #checkWhetherOthersWork(): Promise<boolean> {
    const { attempts = 1, witness } = this.#options;
    const isOver = this.#failureOfAll !== undefined || this.#attempt.signal.aborted;
    const mayBeTheirOwn = this.#tries.size > 0;
    if (!witness || attempts === 1 || this.#othersWork || isOver || !mayBeTheirOwn) return false;
    try {
      await witness();
    } catch (error) {
      if (!(error instanceof RefreshFailure)) throw error;
      return false;
    }
    this.#othersWork = true;
    return true;
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.#isOver()) return;
      const id = this.#waiting.shift();
      if (id === undefined) return;
      await this.#try(id);
    }
  }

  async #try(id: string): Promise<void> {
    try {
      this.#results.set(id, await this.#call(id));
      this.#othersWork = true;
      this.#failures.delete(id);
    } catch (error) {
      if (error instanceof RefreshFailure) {
        this.#fail(id, error);
        return;
      }
      // A bug, which fails the step: the others must not continue unnoticed.
      this.#waiting.length = 0;
      throw error;
    }
  }

  #fail(id: string, failure: RefreshFailure): void {
    this.#failures.set(id, failure);
    // For example a Variable for its registry, which may come from another store.
    if (failure.scope === 'registry') return;
    if (!MAY_BE_ITS_OWN.has(failure.type)) {
      this.#failureOfAll ??= failure;
      return;
    }
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    if (failure.type === 'StoreUnavailable' && tries < TRIES && this.#othersWork) this.#waiting.push(id);
  }

  #isOver(): boolean {
    const isFailing = !this.#othersWork && this.#tries.size >= FAILURES_OF_A_STORE;
    return isFailing || this.#failureOfAll !== undefined || this.#attempt.signal.aborted;
  }

  #settle(): Outcomes<T> {
    const failures = this.#ids.flatMap((id) => {
      const failure = this.#failures.get(id);
      return failure ? [[id, this.#conclude(failure)] as const] : [];
    });
    const refused = failures.filter(([, { type }]) => !failureEntry(type).retryable);
    const toRetry = failures.filter(([, { type }]) => failureEntry(type).retryable);
    // There is no result, or only the evidence that others work.
    if (this.#results.size === 0 && (!this.#othersWork || refused.length === 0)) {
      throw this.#pickWorst([...toRetry, ...refused]);
    }
    const why = this.#failureOfAll ?? toTimeUp(this.#attempt.signal);
    const notStarted = this.#ids.filter((id) => !this.#results.has(id) && !this.#failures.has(id));
    return {
      results: this.#ids.filter((id) => this.#results.has(id)).map((id) => this.#results.get(id) as T),
      refused: refused.map(([id, failure]) => toProblem(id, failure)),
      toRetry: [
        ...toRetry.map(([id, failure]) => toProblem(id, failure)),
        ...notStarted.map((id) => toProblem(id, why)),
      ],
    };
  }

  /** Decides whether a failure concerns one connection or the store. */
  #conclude(failure: RefreshFailure): RefreshFailure {
    const own = this.#othersWork ? narrowToConnection(failure) : failure;
    const { attempts = 1 } = this.#options;
    const mayPass = own.type === 'StoreUnavailable' || own.type === 'StoreUnreachable';
    if (own.scope !== 'connection' || !mayPass || attempts < ATTEMPTS_OF_A_CONNECTION) return own;
    // A server error of Airflow usually has one cause; a failure with another cause has its own remedy.
    const isServerError = failure.type === 'StoreUnavailable' && !hasOwnRemedy(failure);
    return new RefreshFailure('ConnectionUnavailable', own.message, isServerError ? undefined : own.remedy);
  }

  #pickWorst(failures: readonly (readonly [string, RefreshFailure])[]): RefreshFailure {
    const worst = this.#failureOfAll ?? failures[0]?.[1] ?? toTimeUp(this.#attempt.signal);
    return worst.with({ connections: this.#ids });
  }
}

/** Limits a failure to its connection while others succeed. */
export function narrowToConnection(failure: RefreshFailure): RefreshFailure {
  const { type, message, scope } = failure;
  if (scope !== 'store' || !MAY_BE_ITS_OWN.has(type)) return failure;
  return new RefreshFailure(type, message, findOwnRemedy(failure), { scope: 'connection' });
}

/** The catalogue's remedy is for the store; a remedy of the failure itself is more specific. */
function findOwnRemedy(failure: RefreshFailure): Remedy {
  return (hasOwnRemedy(failure) ? undefined : REMEDIES_OF_ONE[failure.type]) ?? failure.remedy;
}

function hasOwnRemedy({ type, remedy }: RefreshFailure): boolean {
  return remedy !== getRemedy(type);
}

const REMEDIES_OF_ONE: Partial<Readonly<Record<FailureType, Remedy>>> = {
  StoreUnavailable: STORE_REMEDIES.recreateConnection,
  StoreUnreachable: STORE_REMEDIES.checkDelay,
  StoreRequestRejected: STORE_REMEDIES.checkConnection,
};

export function toProblem(connection: string, failure: RefreshFailure): ConnectionProblem {
  const { type, scope, message, remedy } = failure;
  return { connection, type, scope, message, remedy };
}

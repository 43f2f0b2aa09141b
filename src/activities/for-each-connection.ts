// Requests for several connections of a store, a few side by side: one that fails or hangs neither fails nor delays the
// others, while a store that fails for all of them is not asked again and again.
import { setTimeout as delay } from 'node:timers/promises';
import { DeadlineExceeded, withDeadline } from '../net/deadline.js';
import type { ConnectionProblem } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { failureEntry, RefreshFailure, type FailureType } from '../refresh/failures.js';

/** An API server has few processes, and others need it. */
const AT_ONCE = 5;
/** So many failures at the start, and no success, are taken for a failure of the store. */
const FAILURES_OF_A_STORE = AT_ONCE;
/** A server error is repeated at once so often, where other requests succeed: one of several server processes may be bad. */
const TRIES = 3;
/** One request takes no longer than this, and no longer than half of its attempt. */
const LONGEST_REQUEST_MS = 30_000;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;

/** Failures that may be one connection's own; all others concern every request alike. */
export const MAY_BE_ITS_OWN: ReadonlySet<FailureType> = new Set<FailureType>([
  'StoreUnreachable',
  'StoreUnavailable',
  'StoreForbidden',
  'StoreRequestRejected',
  'StoreResponseTooLarge',
  'WriteUnconfirmed',
]);

/** Each in the order of the connections. */
export interface Outcomes<T> {
  readonly results: readonly T[];
  /** Failed in a way that a retry does not change. */
  readonly refused: readonly ConnectionProblem[];
  readonly toRetry: readonly ConnectionProblem[];
}

export interface ForEachOptions {
  /** Other requests to the store are known to succeed. */
  readonly storeWorks?: boolean;
  /** Attempts that were made before, as calls of their own. Default 0. */
  readonly attemptsBefore?: number;
  /** Others were seen to succeed a moment ago: all are tried, even when the first ones fail. */
  readonly triesAll?: boolean;
  /** Default 5. */
  readonly atOnce?: number;
}

/** Milliseconds that one request of an attempt may take. */
export function requestLimitMs({ limitMs }: Pick<Attempt, 'limitMs'>): number {
  return Math.min(LONGEST_REQUEST_MS, limitMs / 2);
}

/**
 * Calls for each of the connections. When the attempt's time is up, what is not done is to be retried.
 * @throws RefreshFailure when nothing succeeded: the failure of one of them, rather one that a retry may change
 */
export async function forEachConnection<T>(
  ids: readonly string[],
  attempt: Attempt,
  call: (id: string, signal: AbortSignal) => Promise<T>,
  options: ForEachOptions = {},
): Promise<Outcomes<T>> {
  if (ids.length === 0) return { results: [], refused: [], toRetry: [] };
  return new ConnectionWork(ids, attempt, call, options).run();
}

class ConnectionWork<T> {
  readonly #attempt: Attempt;
  readonly #call: (id: string, signal: AbortSignal) => Promise<T>;
  readonly #options: ForEachOptions;
  readonly #ids: readonly string[];
  readonly #waiting: string[];
  readonly #results = new Map<string, T>();
  readonly #failures = new Map<string, RefreshFailure>();
  readonly #tries = new Map<string, number>();
  /** Concerns every request: nothing more is started. */
  #failureOfAll: RefreshFailure | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #pausedUntil = 0;

  constructor(
    ids: readonly string[],
    attempt: Attempt,
    call: (id: string, signal: AbortSignal) => Promise<T>,
    options: ForEachOptions,
  ) {
    this.#ids = ids;
    this.#waiting = rotate(ids, (attempt.number - 1 + (options.attemptsBefore ?? 0)) * AT_ONCE);
    this.#attempt = attempt;
    this.#call = call;
    this.#options = options;
  }

  async run(): Promise<Outcomes<T>> {
    const atOnce = this.#options.atOnce ?? AT_ONCE;
    const workers = Array.from({ length: Math.min(atOnce, this.#waiting.length) }, () => this.#work());
    await Promise.all(workers);
    return this.#settle();
  }

  async #work(): Promise<void> {
    for (;;) {
      await this.#pause();
      if (this.#isOver()) return;
      const id = this.#waiting.shift();
      if (id === undefined) return;
      await this.#try(id);
    }
  }

  async #try(id: string): Promise<void> {
    const { signal } = this.#attempt;
    try {
      const result = await withDeadline(requestLimitMs(this.#attempt), signal, (within) =>
        this.#call(id, within),
      );
      this.#results.set(id, result);
      this.#failures.delete(id);
      this.#pauseMs = FIRST_PAUSE_MS;
    } catch (error) {
      if (!(error instanceof RefreshFailure) && !(error instanceof DeadlineExceeded)) {
        // A defect, which fails the step: the others must not continue unseen.
        this.#waiting.length = 0;
        throw error;
      }
      this.#fail(id, error instanceof RefreshFailure ? error : toRequestTimeout(`Connection ${id}`, error));
    }
  }

  #fail(id: string, failure: RefreshFailure): void {
    this.#failures.set(id, failure);
    // Such as the Variable that its registry is read from, which another store may have.
    if (failure.scope === 'registry') return;
    if (failure.type === 'StoreThrottled') {
      this.#waiting.push(id);
      this.#slowDown();
      return;
    }
    if (!MAY_BE_ITS_OWN.has(failure.type)) {
      this.#failureOfAll ??= failure;
      return;
    }
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    const othersWork = this.#results.size > 0 || this.#options.storeWorks === true;
    if (failure.type === 'StoreUnavailable' && tries < TRIES && othersWork) this.#waiting.push(id);
  }

  #isOver(): boolean {
    const mayFail = this.#results.size > 0 || this.#options.triesAll === true;
    const isFailing = !mayFail && this.#tries.size >= FAILURES_OF_A_STORE;
    return isFailing || this.#failureOfAll !== undefined || this.#attempt.signal.aborted;
  }

  /** All wait: requests that come sooner would be throttled, too, and count against the limit. */
  #slowDown(): void {
    const now = performance.now();
    if (now < this.#pausedUntil) return;
    this.#pausedUntil = now + this.#pauseMs;
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  async #pause(): Promise<void> {
    for (;;) {
      const leftMs = this.#pausedUntil - performance.now();
      if (leftMs <= 0 || this.#attempt.signal.aborted) return;
      await delay(leftMs, undefined, { signal: this.#attempt.signal }).catch(() => undefined);
    }
  }

  #settle(): Outcomes<T> {
    const ids = [...new Set(this.#ids)];
    const isDone = (id: string): boolean => this.#results.has(id) || this.#failures.has(id);
    if (this.#results.size === 0) throw this.#pickWorst(ids);
    const why = this.#failureOfAll ?? timeUp(this.#attempt.signal);
    const failures = ids.flatMap((id): [string, RefreshFailure][] => {
      const failure = this.#failures.get(id);
      return failure ? [[id, failure]] : [];
    });
    const isRetryable = ([, { type }]: [string, RefreshFailure]): boolean => failureEntry(type).retryable;
    return {
      results: ids.filter((id) => this.#results.has(id)).map((id) => this.#results.get(id) as T),
      refused: failures.filter((failed) => !isRetryable(failed)).map((failed) => toOwnProblem(...failed)),
      toRetry: [
        ...failures.filter(isRetryable).map((failed) => toOwnProblem(...failed)),
        ...ids.filter((id) => !isDone(id)).map((id) => toProblem(id, why)),
      ],
    };
  }

  #pickWorst(connections: readonly string[]): RefreshFailure {
    const failures = [...this.#failures.values()];
    const worst =
      this.#failureOfAll ??
      failures.find(({ type }) => failureEntry(type).retryable) ??
      failures[0] ??
      timeUp(this.#attempt.signal);
    return worst.with({ connections });
  }
}

/** Each attempt begins with others: the first ones may be those that fail, and the store works for the rest. */
function rotate(ids: readonly string[], count: number): string[] {
  const start = count % ids.length;
  return [...ids.slice(start), ...ids.slice(0, start)];
}

export function toProblem(connection: string, failure: RefreshFailure): ConnectionProblem {
  const { type, scope, message, remedy } = failure;
  return { connection, type, scope, message, remedy };
}

/** Of a connection while others succeed: the failure stops this one alone. */
export function toOwnProblem(id: string, failure: RefreshFailure): ConnectionProblem {
  const isOwn = failure.scope === 'store' && MAY_BE_ITS_OWN.has(failure.type);
  return toProblem(id, isOwn ? failure.with({ scope: 'connection' }) : failure);
}

function timeUp(signal: AbortSignal): RefreshFailure {
  const reason: unknown = signal.reason;
  return reason instanceof RefreshFailure
    ? reason
    : new RefreshFailure('AttemptTimedOut', 'The attempt ended before this connection had its turn.');
}

export function toRequestTimeout(what: string, { endedBy, limitMs }: DeadlineExceeded): RefreshFailure {
  const when =
    endedBy === 'limit' ? `within ${Math.round(limitMs / 100) / 10} s` : 'before the attempt ended';
  return new RefreshFailure('StoreUnreachable', `${what}: no response ${when}.`);
}

// Requests for several connections of a store, a few side by side: one that fails or hangs neither fails nor delays the
// others, while a store that fails for all of them gets few requests.
import type { ConnectionProblem } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import { failureEntry, RefreshFailure, type FailureType } from '../refresh/failures.js';
import { toTimeUp } from './call-store.js';

/** An API server has few processes, and others need it. */
const AT_ONCE = 5;
/** So many failures at the start, and no success, are taken for a failure of the store. */
const FAILURES_OF_A_STORE = AT_ONCE;
/** A server error is repeated at once so often, where other requests succeed: one of several server processes may be bad. */
const TRIES = 3;
/** After these attempts, 35 s of back-off, a server error or silence for one connection among others is its own. */
const ATTEMPTS_OF_A_CONNECTION = 4;

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
  /** Attempts for these connections, this one included; default 1. */
  readonly attempts?: number;
  /** Other requests to the store are known to succeed. */
  readonly storeWorks?: boolean;
  /** A request that shows whether others succeed, where none of the connections did; throws if not. */
  readonly witness?: () => Promise<unknown>;
  /** Default 5. */
  readonly atOnce?: number;
}

/**
 * Calls for each of the connections. When the attempt's time is up, what is not done is to be retried. Each call bounds its
 * own requests (`callStore`) and throws RefreshFailure alone; another error is a defect, and is thrown again.
 * @throws RefreshFailure when nothing succeeded: the failure of one of them, rather one that a retry may change
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
  /** Concerns every request: nothing more is started. */
  #failureOfAll: RefreshFailure | undefined;
  /** The store works for others: a failure may be one connection's own. */
  #othersWork: boolean;

  constructor(
    ids: readonly string[],
    attempt: Attempt,
    call: (id: string) => Promise<T>,
    options: ForEachOptions,
  ) {
    this.#ids = [...new Set(ids)];
    // Each attempt begins with another one: where the first few are at fault, the others still have their turn.
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

  /** Not in the first attempt: what fails there may have passed by the next. */
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
      // A defect, which fails the step: the others must not continue unseen.
      this.#waiting.length = 0;
      throw error;
    }
  }

  #fail(id: string, failure: RefreshFailure): void {
    this.#failures.set(id, failure);
    // Such as the Variable that its registry is read from, which another store may have.
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
    // Nothing was found out; or only that others work.
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

  /** Whether a failure is that of one connection among others, or the store's. */
  #conclude(failure: RefreshFailure): RefreshFailure {
    const own = this.#othersWork ? narrowToConnection(failure) : failure;
    const { attempts = 1 } = this.#options;
    const mayPass = own.type === 'StoreUnavailable' || own.type === 'StoreUnreachable';
    if (own.scope !== 'connection' || !mayPass || attempts < ATTEMPTS_OF_A_CONNECTION) return own;
    // A server error of Airflow itself usually has one cause; a failure with another cause has its own remedy.
    const isServerError = failure.type === 'StoreUnavailable' && !hasOwnRemedy(failure);
    return new RefreshFailure('ConnectionUnavailable', own.message, isServerError ? undefined : own.remedy);
  }

  #pickWorst(failures: readonly (readonly [string, RefreshFailure])[]): RefreshFailure {
    const worst = this.#failureOfAll ?? failures[0]?.[1] ?? toTimeUp(this.#attempt.signal);
    return worst.with({ connections: this.#ids });
  }
}

/** A failure for one connection while others succeed stops this one alone. */
export function narrowToConnection(failure: RefreshFailure): RefreshFailure {
  const { type, message, scope } = failure;
  if (scope !== 'store' || !MAY_BE_ITS_OWN.has(type)) return failure;
  return new RefreshFailure(type, message, findOwnRemedy(failure), { scope: 'connection' });
}

/** The remedy of the catalogue is for the store; the failure's own, where it has one, fits better. */
function findOwnRemedy(failure: RefreshFailure): string {
  return (hasOwnRemedy(failure) ? undefined : REMEDIES_OF_ONE[failure.type]) ?? failure.remedy;
}

function hasOwnRemedy({ type, remedy }: RefreshFailure): boolean {
  return remedy !== failureEntry(type).remedy;
}

const REMEDIES_OF_ONE: Partial<Readonly<Record<FailureType, string>>> = {
  StoreUnavailable:
    'Other connections work. If the next attempts fail for this one only, its stored password cannot be decrypted because ' +
    'the Fernet key was changed: delete the connection and create it again.',
  StoreUnreachable:
    'Other connections work. Check the log of the API server and its database for what delays requests for this one.',
  StoreRequestRejected:
    'Other connections work. Check this one in Airflow: its API rejects the request for it.',
};

export function toProblem(connection: string, failure: RefreshFailure): ConnectionProblem {
  const { type, scope, message, remedy } = failure;
  return { connection, type, scope, message, remedy };
}

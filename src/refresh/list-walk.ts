// How a store's list is followed from part to part. The list is not trusted: it ends where its parts show it, whatever total
// it states. A part that cannot be read does not stop the others.
import type { Inspection, PlannedStore, Range } from './activity-types.js';
import { describeFailure, type FailureInfo } from './failures.js';
import type { StepContext } from './step-runner.js';

/** Airflow's own default for the most rows of one response. */
const ROWS_PER_PART = 100;
/** 50,000 connections; also what keeps the history of a run within Temporal's limits. */
const MOST_PARTS = 500;
/** Parts that may wait for a retry while later ones are read: of a store that is down, not every part is requested. */
const RETRYING_AT_ONCE = 5;

/**
 * Inspects a part; `onRetry` is called when it will be retried. Undefined: it failed for good, and is reported. Without
 * `onRetry`: one attempt, and a failure is not reported.
 */
export type InspectPart = (range: Range, onRetry?: () => void) => Promise<Inspection | undefined>;

/** Parts that are read past the deadline of the run although the list should have ended by its own statement. */
const IMPLAUSIBLE_PARTS = 10;

type ListedStore = Pick<PlannedStore, 'name' | 'title'>;

export interface ListEnd {
  /** Why the list was not followed to its end. */
  readonly failure?: FailureInfo;
  readonly warning?: string;
}

/** Inspects the list of a store part by part. Parts that are retried are waited for at the end. */
export async function walkList(
  store: ListedStore,
  context: Pick<StepContext, 'now' | 'deadlineMs'>,
  inspect: InspectPart,
): Promise<ListEnd> {
  const walk = new ListWalk(store, context, inspect);
  const problem = await walk.follow();
  await walk.waitForRetries();
  if (problem !== undefined) {
    return { failure: describeFailure('StoreListInvalid', `The list of ${store.name} ${problem}.`) };
  }
  const warning = walk.describeTotal();
  return warning === undefined ? {} : { warning };
}

class ListWalk {
  readonly #store: ListedStore;
  readonly #context: Pick<StepContext, 'now' | 'deadlineMs'>;
  readonly #inspect: InspectPart;
  readonly #retrying = new Set<Promise<void>>();
  /** Rows of the first part; a shorter part is the last. */
  #rowsPerPart: number | undefined;
  #rows = 0;
  readonly #totals: number[] = [];
  #isWhole = true;
  #hasRead = false;
  #implausibleParts = 0;

  constructor(store: ListedStore, context: Pick<StepContext, 'now' | 'deadlineMs'>, inspect: InspectPart) {
    this.#store = store;
    this.#context = context;
    this.#inspect = inspect;
  }

  /** @returns what is wrong with the list, where it does not end */
  async follow(): Promise<string | undefined> {
    let offset = 0;
    let before: string | undefined;
    /** A part that cannot be read may be the last: the rest of the list is unknown, and its failure is reported. */
    let hasSkipped = false;
    for (let parts = 0; parts < MOST_PARTS; parts += 1) {
      if (this.#isEndless(offset, hasSkipped ? 0 : IMPLAUSIBLE_PARTS)) {
        return hasSkipped ? undefined : 'does not end';
      }
      const limit = this.#rowsPerPart ?? ROWS_PER_PART;
      const part = await this.#read({ offset, limit });
      if (part === 'stop') return undefined;
      if (part === 'skip') {
        hasSkipped = true;
        offset += limit;
        continue;
      }
      const { rows = 0, first, total, isSplit = false } = part.list ?? {};
      if (first !== undefined && first === before) return 'repeats itself';
      // A first part that is short is the whole list, or shows how many rows the store returns at once: its total decides.
      // One that was read in pieces does not show it.
      const mayBeCut = this.#rowsPerPart === undefined && !isSplit && offset + rows !== total;
      if (rows === 0 || (rows < limit && !mayBeCut)) return undefined;
      if (!isSplit) this.#rowsPerPart ??= rows;
      before = first;
      offset += rows;
    }
    return `has more than ${MOST_PARTS * ROWS_PER_PART} rows`;
  }

  async waitForRetries(): Promise<void> {
    await Promise.all(this.#retrying);
  }

  /** A list that is edited meanwhile may differ from its first total or its last, but not from both. */
  describeTotal(): string | undefined {
    const { title, name } = this.#store;
    const last = this.#totals.at(-1);
    if (!this.#isWhole || last === undefined || this.#totals.at(0) === this.#rows || last === this.#rows) {
      return undefined;
    }
    return `${title} ${name} lists ${this.#rows} connections and states a total of ${last}.`;
  }

  /**
   * A part that was read; `skip`: it is retried, or failed for good, and the walk continues; `stop`: the walk ends. Where
   * no part was read before, the store may be down or its list forbidden: the walk waits, unless the part after it can be
   * read.
   */
  async #read(range: Range): Promise<Inspection | 'skip' | 'stop'> {
    let startRetry = (): void => undefined;
    const retried = new Promise<'retried'>((resolve) => {
      startRetry = () => resolve('retried');
    });
    const part = this.#inspect(range, startRetry);
    const first = await Promise.race([part, retried]);
    const mayGoOn = this.#hasRead || (first === 'retried' && (await this.#peek(range)));
    if (first === 'retried' && mayGoOn && this.#retrying.size < RETRYING_AT_ONCE) {
      this.#follow(range, part);
      return 'skip';
    }
    const result = this.#count(await part);
    return result ?? (mayGoOn ? 'skip' : 'stop');
  }

  /** Reads the part after one that fails, once: it is read again when the walk comes to it. */
  async #peek({ offset, limit }: Range): Promise<boolean> {
    const next = await this.#inspect({ offset: offset + limit, limit });
    return (next?.list?.rows ?? 0) > 0;
  }

  #follow(range: Range, part: Promise<Inspection | undefined>): void {
    const counted: Promise<void> = part.then(async (result) => {
      this.#count(result);
      await this.#readRest(range, result);
      this.#retrying.delete(counted);
    });
    // A cancellation is thrown by `waitForRetries`.
    counted.catch(() => undefined);
    this.#retrying.add(counted);
  }

  /** The walk has gone past a part whose rows the server may not return all at once. */
  async #readRest({ offset, limit }: Range, part: Inspection | undefined): Promise<void> {
    const { rows = 0, isSplit = false } = part?.list ?? {};
    if (rows === 0 || rows >= limit || isSplit) return;
    const rest = { offset: offset + rows, limit: limit - rows };
    await this.#readRest(rest, this.#count(await this.#inspect(rest, () => undefined)));
  }

  #count(part: Inspection | undefined): Inspection | undefined {
    if (!part?.list) {
      this.#isWhole = false;
      return part;
    }
    this.#hasRead = true;
    this.#rows += part.list.rows;
    this.#totals.push(part.list.total);
    return part;
  }

  /** Past the deadline, a list is followed as far as its total goes, and a little further: the total may be too small. */
  #isEndless(offset: number, most: number): boolean {
    const total = this.#totals.at(-1);
    if (total === undefined || this.#context.now().getTime() < this.#context.deadlineMs) return false;
    const isPlausible = total <= MOST_PARTS * ROWS_PER_PART && offset <= total;
    if (!isPlausible) this.#implausibleParts += 1;
    return this.#implausibleParts > most;
  }
}

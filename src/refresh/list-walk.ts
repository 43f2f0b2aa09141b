// Reads a store's list of connections page by page. The total that the store returns is not trusted: the pages decide
// where the list ends. A page that cannot be read does not stop the others.
import type { Inspection, PlannedStore, Range } from './activity-types.js';
import { describeFailure, type FailureInfo } from './failures.js';
import type { StepContext } from './step-runner.js';

/** Airflow's default for the maximum of connections in one response. */
export const ROWS_PER_PAGE = 100;
/** At most 50,000 connections. This also keeps the history of a run within Temporal's limits. */
const MAX_PAGES = 500;
/** Pages that may wait for a retry while later ones are read. This limits the requests to a store that is down. */
const MAX_RETRYING_PAGES = 5;

/**
 * Inspects a page; `onRetry` is called when the page will be retried. Returns undefined if the page failed permanently;
 * the failure is then reported. Without `onRetry`, makes one attempt and reports no failure.
 */
export type InspectPage = (range: Range, onRetry?: () => void) => Promise<Inspection | undefined>;

/** Pages that are read after the deadline of the run, although the list should have ended according to its total. */
const MAX_IMPLAUSIBLE_PAGES = 10;

type ListedStore = Pick<PlannedStore, 'name' | 'title'>;

export interface ListEnd {
  /** Why the list was not read to its end. */
  readonly failure?: FailureInfo;
  readonly warning?: string;
}

/** Inspects the list of a store page by page, and waits for retried pages at the end. */
export async function walkList(
  store: ListedStore,
  context: Pick<StepContext, 'now' | 'deadlineMs'>,
  inspect: InspectPage,
): Promise<ListEnd> {
  const walk = new ListWalk(store, context, inspect);
  const problem = await walk.follow();
  await walk.waitForRetries();
  if (problem !== undefined) {
    return {
      failure: describeFailure(
        'StoreListInvalid',
        `The connection list of ${store.title} ${store.name} ${problem}.`,
      ),
    };
  }
  const warning = walk.describeTotal();
  return warning === undefined ? {} : { warning };
}

class ListWalk {
  readonly #store: ListedStore;
  readonly #context: Pick<StepContext, 'now' | 'deadlineMs'>;
  readonly #inspect: InspectPage;
  readonly #retrying = new Set<Promise<void>>();
  /** Number of rows of the first page; a shorter page is the last one. */
  #rowsPerPage: number | undefined;
  #rows = 0;
  readonly #totals: number[] = [];
  #isWhole = true;
  #hasRead = false;
  #implausiblePages = 0;

  constructor(store: ListedStore, context: Pick<StepContext, 'now' | 'deadlineMs'>, inspect: InspectPage) {
    this.#store = store;
    this.#context = context;
    this.#inspect = inspect;
  }

  /** @returns why the list is invalid, or undefined if it ended */
  async follow(): Promise<string | undefined> {
    let offset = 0;
    let before: string | undefined;
    // A skipped page may be the last one: the rest of the list is unknown, and the failure of the page is reported.
    let hasSkipped = false;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      if (this.#isEndless(offset, hasSkipped ? 0 : MAX_IMPLAUSIBLE_PAGES)) {
        return hasSkipped ? undefined : 'does not end';
      }
      const limit = this.#rowsPerPage ?? ROWS_PER_PAGE;
      const page = await this.#read({ offset, limit });
      if (page === 'stop') return undefined;
      if (page === 'skip') {
        hasSkipped = true;
        offset += limit;
        continue;
      }
      const { rows = 0, first, total, isSplit = false } = page.list ?? {};
      if (first !== undefined && first === before) return 'repeats itself';
      // A short first page is the whole list if its total matches. Otherwise it shows how many rows the store returns
      // at once, unless it was read in pieces.
      const mayBeCut = this.#rowsPerPage === undefined && !isSplit && offset + rows !== total;
      if (rows === 0 || (rows < limit && !mayBeCut)) return undefined;
      if (!isSplit) this.#rowsPerPage ??= rows;
      before = first;
      offset += rows;
    }
    return 'has more than 50,000 connections';
  }

  async waitForRetries(): Promise<void> {
    await Promise.all(this.#retrying);
  }

  /** If connections are edited during the walk, the rows may differ from the first or the last total, but not both. */
  describeTotal(): string | undefined {
    const { title, name } = this.#store;
    const last = this.#totals.at(-1);
    if (!this.#isWhole || last === undefined || this.#totals.at(0) === this.#rows || last === this.#rows) {
      return undefined;
    }
    const effect =
      last > this.#rows ? 'Some may be missing; the next run reads the list again.' : 'No action needed.';
    return `${title} ${name} listed ${this.#rows} connections but returned a total of ${last}. ${effect}`;
  }

  /**
   * Returns the page; `skip` if the page is retried or failed permanently, and the walk continues; or `stop` if the
   * walk ends. If no page was read before, the store may be down or may deny access to its list: the walk then waits,
   * unless the next page can be read.
   */
  async #read(range: Range): Promise<Inspection | 'skip' | 'stop'> {
    let startRetry = (): void => undefined;
    const retried = new Promise<'retried'>((resolve) => {
      startRetry = () => resolve('retried');
    });
    const page = this.#inspect(range, startRetry);
    const first = await Promise.race([page, retried]);
    const canContinue = this.#hasRead || (first === 'retried' && (await this.#peek(range)));
    if (first === 'retried' && canContinue && this.#retrying.size < MAX_RETRYING_PAGES) {
      this.#follow(range, page);
      return 'skip';
    }
    const result = this.#count(await page);
    return result ?? (canContinue ? 'skip' : 'stop');
  }

  /** Makes one attempt to read the page after a failing one. The walk reads it again later. */
  async #peek({ offset, limit }: Range): Promise<boolean> {
    const next = await this.#inspect({ offset: offset + limit, limit });
    return (next?.list?.rows ?? 0) > 0;
  }

  #follow(range: Range, page: Promise<Inspection | undefined>): void {
    const counted: Promise<void> = page.then(async (result) => {
      this.#count(result);
      await this.#readRest(range, result);
      this.#retrying.delete(counted);
    });
    // A cancellation is thrown by `waitForRetries`.
    counted.catch(() => undefined);
    this.#retrying.add(counted);
  }

  /** Reads the remaining rows of a retried page that the server did not return in one response. */
  async #readRest({ offset, limit }: Range, page: Inspection | undefined): Promise<void> {
    const { rows = 0, isSplit = false } = page?.list ?? {};
    if (rows === 0 || rows >= limit || isSplit) return;
    const rest = { offset: offset + rows, limit: limit - rows };
    await this.#readRest(rest, this.#count(await this.#inspect(rest, () => undefined)));
  }

  #count(page: Inspection | undefined): Inspection | undefined {
    if (!page?.list) {
      this.#isWhole = false;
      return page;
    }
    this.#hasRead = true;
    this.#rows += page.list.rows;
    this.#totals.push(page.list.total);
    return page;
  }

  /** After the deadline, the list is read up to its total and a little further, because the total may be too small. */
  #isEndless(offset: number, maxImplausible: number): boolean {
    const total = this.#totals.at(-1);
    if (total === undefined || this.#context.now().getTime() < this.#context.deadlineMs) return false;
    const isPlausible = total <= MAX_PAGES * ROWS_PER_PAGE && offset <= total;
    if (!isPlausible) this.#implausiblePages += 1;
    return this.#implausiblePages > maxImplausible;
  }
}

// One part of a store's list. A part that the store cannot return is split until the rows at fault are found, so that one
// connection that cannot be read does not hide those next to it.
import type { ConnectionProblem, ListPart, Range } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import type { ConnectionPage } from '../stores/port.js';
import type { AllowedStore } from './allowed-config.js';
import { callStore, requestLimitMs } from './call-store.js';
import { forEachConnection, MAY_BE_ITS_OWN, toProblem } from './for-each-connection.js';

/** A part of 100 takes 10 requests, and 10 more for each of these that has a row at fault. */
const ROWS_PER_CHUNK = 10;
/** After half of the attempt for the part: one row, a chunk and a row of it may each hang within the rest. */
const PIECES_PER_ATTEMPT = 8;

export interface ReadRange {
  readonly connections: readonly ConnectionRecord[];
  /** Rows that could not be read, or are no connections. */
  readonly problems: readonly ConnectionProblem[];
  readonly part: ListPart;
}

/**
 * @param attemptsBefore attempts that were made before for the same part
 * @throws RefreshFailure whatever ConnectionStore.readPage throws, when no part of the range can be read
 */
export async function readList(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  attemptsBefore: number,
): Promise<ReadRange> {
  try {
    return toReadRange(store, [await readPage(store, range, attempt)], []);
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    const attempts = attemptsBefore + attempt.number;
    if (!(await maySplit(store, range, attempt, attempts, error))) throw error;
    return readSplit(store, range, attempt, error);
  }
}

/**
 * A store that fails for everything must not get more requests for it: the first failure may pass, and later one row
 * shows whether others can be read, a different one in each attempt, since it may be the one at fault.
 */
async function maySplit(
  store: AllowedStore,
  { offset, limit }: Range,
  attempt: Attempt,
  attempts: number,
  { type }: RefreshFailure,
): Promise<boolean> {
  if (limit === 1 || attempt.signal.aborted) return false;
  if (type === 'StoreResponseTooLarge') return true;
  if ((type !== 'StoreUnavailable' && type !== 'StoreUnreachable') || attempts === 1) return false;
  const position = offset + ((attempts * 37) % limit);
  try {
    await readPiece(store, { offset: position, limit: 1 }, attempt);
    return true;
  } catch (error) {
    if (!(error instanceof RefreshFailure)) throw error;
    return false;
  }
}

async function readSplit(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  failure: RefreshFailure,
): Promise<ReadRange> {
  const chunks = await readRanges(store, split(range, ROWS_PER_CHUNK), attempt, true);
  const singles = chunks.failed.flatMap(({ range: chunk }) => split(chunk, 1));
  // Several neighbours may be at fault: where chunks could be read, each row is tried before it is reported.
  const rows = await readRanges(store, singles, attempt, chunks.parts.length > 0);
  const parts = [...chunks.parts, ...rows.parts];
  if (parts.length === 0) throw failure;
  return toReadRange(store, parts, rows.failed);
}

interface ReadPart {
  readonly offset: number;
  readonly page: ConnectionPage;
}

interface FailedPart {
  readonly range: Range;
  readonly problem: ConnectionProblem;
}

async function readRanges(
  store: AllowedStore,
  ranges: readonly Range[],
  attempt: Attempt,
  storeWorks: boolean,
): Promise<{ readonly parts: readonly ReadPart[]; readonly failed: readonly FailedPart[] }> {
  const byName = new Map(ranges.map((range) => [`${range.offset}`, range]));
  const names = [...byName.keys()];
  const call = (name: string): Promise<ReadPart> => readPiece(store, byName.get(name) as Range, attempt);
  const outcomes = await forEachConnection(names, attempt, call, { storeWorks }).catch((error: unknown) => {
    if (!(error instanceof RefreshFailure)) throw error;
    return { results: [], refused: [], toRetry: names.map((name) => toProblem(name, error)) };
  });
  // What was not tried for lack of time must not be taken for rows at fault.
  attempt.signal.throwIfAborted();
  const failed = [...outcomes.refused, ...outcomes.toRetry];
  // A login that is rejected meanwhile, for instance, is the fault of no row.
  const ofAll = failed.find(({ type }) => !MAY_BE_ITS_OWN.has(type));
  if (ofAll) throw new RefreshFailure(ofAll.type, ofAll.message, ofAll.remedy, { scope: ofAll.scope });
  return {
    parts: outcomes.results,
    failed: failed.map((problem) => ({ range: byName.get(problem.connection) as Range, problem })),
  };
}

function split({ offset, limit }: Range, size: number): Range[] {
  const count = Math.ceil(limit / size);
  return Array.from({ length: count }, (_, index) => ({
    offset: offset + index * size,
    limit: Math.min(size, limit - index * size),
  }));
}

function readPiece(store: AllowedStore, range: Range, attempt: Attempt): Promise<ReadPart> {
  const limitMs = Math.min(requestLimitMs(attempt), attempt.limitMs / PIECES_PER_ATTEMPT);
  return readPage(store, range, attempt, limitMs);
}

async function readPage(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  limitMs?: number,
): Promise<ReadPart> {
  const read = (signal: AbortSignal): Promise<ConnectionPage> =>
    store.connections.readPage({ ...range, pattern: listPattern(store) }, signal);
  const page = await callStore(store, attempt, 'list of connections', read, limitMs);
  return { offset: range.offset, page };
}

/** Whether the store returns anything: throws RefreshFailure if not. */
export async function readFirstRow(store: AllowedStore, attempt: Attempt): Promise<void> {
  await callStore(store, attempt, 'list of connections', (signal) =>
    store.connections.readPage({ pattern: '*', offset: 0, limit: 1 }, signal),
  );
}

/** The store's own filter takes one pattern. */
function listPattern({ rules }: AllowedStore): string {
  const patterns = rules.flatMap((rule) => (rule.kind === 'match' ? [rule.pattern] : []));
  return patterns.length === 1 && patterns[0] !== undefined ? patterns[0] : '*';
}

function toReadRange(
  store: AllowedStore,
  parts: readonly ReadPart[],
  failed: readonly FailedPart[],
): ReadRange {
  const rows = new Map(parts.flatMap(({ offset, page }) => toRows(offset, page)));
  const positions = [...rows.keys()].sort((a, b) => a - b);
  const first = positions.map((position) => rows.get(position)?.id).find((id) => id !== undefined);
  const malformed = parts.flatMap(({ page }) => page.malformed);
  return {
    connections: positions.flatMap((position) => rows.get(position) ?? []),
    problems: [
      ...malformed.map(({ position, id }) =>
        id === undefined
          ? toMalformed(store, nameRow(position, rows), 'store')
          : toMalformed(store, id, 'connection'),
      ),
      ...failed.map(({ range, problem }) => toUnreadable(nameRow(range.offset, rows), problem)),
    ],
    part: {
      rows: rows.size + malformed.length + failed.length,
      total: parts[0]?.page.total ?? 0,
      isComplete: parts.every(({ page }) => page.isComplete),
      ...(first === undefined ? {} : { first }),
    },
  };
}

/** The connections of a page by their positions in the list. */
function toRows(offset: number, { connections, malformed }: ConnectionPage): [number, ConnectionRecord][] {
  const gaps = new Set(malformed.map(({ position }) => position));
  let position = offset;
  return connections.map((connection) => {
    while (gaps.has(position)) position += 1;
    position += 1;
    return [position - 1, connection];
  });
}

/** A row that could not be read has no id: its place tells which it is, by the order of ids. */
function nameRow(position: number, rows: ReadonlyMap<number, ConnectionRecord>): string {
  const before = [...rows.keys()].filter((other) => other < position);
  const after = [...rows.keys()].filter((other) => other > position);
  const idAt = (other: number | undefined): string | undefined =>
    other === undefined ? undefined : rows.get(other)?.id;
  const [previous, next] = [idAt(maximum(before)), idAt(minimum(after))];
  const where = [previous && `after ${previous}`, next && `before ${next}`].filter(Boolean).join(', ');
  return `row ${position + 1} of the list${where === '' ? '' : ` (${where})`}`;
}

function maximum(positions: readonly number[]): number | undefined {
  return positions.length === 0 ? undefined : Math.max(...positions);
}

function minimum(positions: readonly number[]): number | undefined {
  return positions.length === 0 ? undefined : Math.min(...positions);
}

/** Of scope store: which connection it is, and whether it is one of ours, is not known. */
function toUnreadable(row: string, { message }: ConnectionProblem): ConnectionProblem {
  const failure = new RefreshFailure('ConnectionUnavailable', message, undefined, { scope: 'store' });
  return toProblem(row, failure);
}

function toMalformed(
  { name, title }: AllowedStore,
  which: string,
  scope: 'connection' | 'store',
): ConnectionProblem {
  const message = `${title} ${name}: ${which} is not a valid connection.`;
  const remedy = 'Check what the API returns for this connection.';
  return toProblem(which, new RefreshFailure('ConnectionUnavailable', message, remedy, { scope }));
}

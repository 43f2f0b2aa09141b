// Reads one part of a store's list. A part that the store cannot return is split until the failing rows are found, so
// that one unreadable connection does not hide its neighbors.
import type { ConnectionProblem, ListPart, Range } from '../refresh/activity-types.js';
import type { Attempt } from '../refresh/attempt.js';
import type { ConnectionRecord } from '../refresh/check-connection.js';
import { RefreshFailure } from '../refresh/failures.js';
import { STORE_REMEDIES } from '../refresh/remedies/store.js';
import type { ConnectionPage } from '../stores/port.js';
import type { AllowedStore } from './allowed-config.js';
import { callStore, requestLimitMs } from './call-store.js';
import { forEachConnection, MAY_BE_ITS_OWN, toProblem } from './for-each-connection.js';

/** A part of 100 rows takes 10 requests, and 10 more for each chunk with a failing row. */
const ROWS_PER_CHUNK = 10;
/** A piece is small, and several may hang one after another within an attempt. */
const LONGEST_PIECE_MS = 5_000;
const PIECES_PER_ATTEMPT = 8;
/** From this attempt on (35 s of back-off), an unreadable row is reported. */
const ATTEMPTS_OF_A_ROW = 4;

export interface ReadRange {
  readonly connections: readonly ConnectionRecord[];
  /** Rows that could not be read, or are not valid connections. */
  readonly problems: readonly ConnectionProblem[];
  readonly part: ListPart;
}

/**
 * Later attempts first read one row, so that a store that fails for everything gets one request per attempt; a
 * different row each time, since that row may be the failing one. A part is not split in its first attempt: the
 * failure may pass.
 * @param attemptsBefore earlier attempts for the same part
 * @throws RefreshFailure whatever ConnectionStore.readPage throws, when no part of the range can be read
 */
export async function readList(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  attemptsBefore: number,
): Promise<ReadRange> {
  const attempts = attemptsBefore + attempt.number;
  const isFirst = attempts === 1;
  if (!isFirst && range.limit > 1) {
    const position = range.offset + ((attempts * 37) % range.limit);
    await readPiece(store, { offset: position, limit: 1 }, attempt);
  }
  try {
    const part = isFirst ? await readPage(store, range, attempt) : await readPiece(store, range, attempt);
    return toReadRange(store, [part], [], attempts);
  } catch (error) {
    if (!(error instanceof RefreshFailure) || range.limit === 1) throw error;
    if (!maySplit(error, isFirst)) throw error;
    return readSplit(store, range, attempt, attempts, error);
  }
}

function maySplit({ type }: RefreshFailure, isFirst: boolean): boolean {
  if (type === 'StoreResponseTooLarge') return true;
  return !isFirst && (type === 'StoreUnavailable' || type === 'StoreUnreachable');
}

async function readSplit(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  attempts: number,
  failure: RefreshFailure,
): Promise<ReadRange> {
  const chunks = await readRanges(store, split(range, ROWS_PER_CHUNK), attempt, true);
  const singles = [...chunks.failed.map((chunk) => chunk.range), ...chunks.parts.flatMap(findUnread)];
  // Several adjacent rows may fail: if a chunk could be read, each row is tried before it is reported.
  const rows = await readRanges(
    store,
    singles.flatMap((chunk) => split(chunk, 1)),
    attempt,
    chunks.parts.length > 0,
  );
  const parts = [...chunks.parts, ...rows.parts];
  if (parts.length === 0) throw failure;
  const { part, ...read } = toReadRange(store, parts, rows.failed, attempts);
  return { ...read, part: { ...part, isSplit: true } };
}

/** The store may return fewer rows at once than were requested. */
function findUnread({ offset, limit, page }: ReadPart): Range[] {
  const read = page.connections.length + page.malformed.length;
  return read === 0 || read >= limit ? [] : [{ offset: offset + read, limit: limit - read }];
}

interface ReadPart extends Range {
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
  // Rows that were not tried for lack of time must not be reported as failing.
  attempt.signal.throwIfAborted();
  const failed = [...outcomes.refused, ...outcomes.toRetry];
  // A failure such as a rejected login is not caused by a row.
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
  const limitMs = Math.min(requestLimitMs(attempt), attempt.limitMs / PIECES_PER_ATTEMPT, LONGEST_PIECE_MS);
  return readPage(store, range, attempt, limitMs);
}

async function readPage(
  store: AllowedStore,
  range: Range,
  attempt: Attempt,
  limitMs?: number,
): Promise<ReadPart> {
  const read = (signal: AbortSignal): Promise<ConnectionPage> =>
    store.connections.readPage({ ...range, pattern: store.rules.listPattern ?? '*' }, signal);
  const page = await callStore(store, attempt, `GET ${nameRange(range)}`, read, limitMs);
  return { ...range, page };
}

function nameRange({ offset, limit }: Range): string {
  return `connections ${offset + 1} to ${offset + limit}`;
}

/** Checks that the store returns anything at all. @throws RefreshFailure */
export async function readFirstRow(store: AllowedStore, attempt: Attempt): Promise<void> {
  const range = { offset: 0, limit: 1 };
  await callStore(store, attempt, `GET ${nameRange(range)}`, (signal) =>
    store.connections.readPage({ pattern: '*', ...range }, signal),
  );
}

function toReadRange(
  store: AllowedStore,
  parts: readonly ReadPart[],
  failed: readonly FailedPart[],
  attempts: number,
): ReadRange {
  const rows = new Map(
    parts.flatMap(({ offset, page }) => toRows(offset, page)).toSorted(([a], [b]) => a - b),
  );
  const connections = [...rows.values()];
  const first = connections.at(0)?.id;
  const malformed = parts.flatMap(({ page }) => page.malformed);
  const unreadable = failed.map(({ range, problem }) => toUnreadable(nameRow(range.offset, rows), problem));
  const isFinal = attempts >= ATTEMPTS_OF_A_ROW || failed.every(({ problem }) => isTooLarge(problem));
  return {
    connections,
    problems: [
      ...malformed.map(({ position, id }) =>
        id === undefined
          ? toMalformed(store, nameRow(position, rows), 'store')
          : toMalformed(store, id, 'connection'),
      ),
      ...(isFinal ? unreadable : []),
    ],
    part: {
      rows: rows.size + malformed.length + failed.length,
      total: parts[0]?.page.total ?? 0,
      isComplete: parts.every(({ page }) => page.isComplete),
      ...(first === undefined ? {} : { first }),
      ...(isFinal || unreadable.length === 0 ? {} : { toRetry: unreadable }),
    },
  };
}

/** The connections of a page with their positions in the list. */
function toRows(offset: number, { connections, malformed }: ConnectionPage): [number, ConnectionRecord][] {
  const gaps = new Set(malformed.map(({ position }) => position));
  let position = offset;
  return connections.map((connection) => {
    while (gaps.has(position)) position += 1;
    position += 1;
    return [position - 1, connection];
  });
}

/**
 * Identifies a row whose id is unknown by its neighbors in the list, which is ordered by id.
 * @param rows in the order of their positions
 */
function nameRow(position: number, rows: ReadonlyMap<number, ConnectionRecord>): string {
  const entries = [...rows];
  const previous = entries.findLast(([other]) => other < position)?.[1].id;
  const next = entries.find(([other]) => other > position)?.[1].id;
  const where = [previous && `after ${previous}`, next && `before ${next}`].filter(Boolean).join(', ');
  return `row ${position + 1} of the list${where === '' ? '' : ` (${where})`}`;
}

function isTooLarge({ type }: ConnectionProblem): boolean {
  return type === 'StoreResponseTooLarge';
}

/** Scope store: it is not known which connection this is, and whether the configuration names it. */
function toUnreadable(row: string, problem: ConnectionProblem): ConnectionProblem {
  const remedy = problem.type === 'StoreUnavailable' ? undefined : problem.remedy;
  const failure = new RefreshFailure('ConnectionUnavailable', problem.message, remedy, { scope: 'store' });
  return toProblem(row, failure);
}

function toMalformed(
  { name, title }: AllowedStore,
  which: string,
  scope: 'connection' | 'store',
): ConnectionProblem {
  const message = `${title} ${name}: ${which} is not a valid connection.`;
  const { checkRow } = STORE_REMEDIES;
  return toProblem(which, new RefreshFailure('ConnectionUnavailable', message, checkRow, { scope }));
}

import assert from 'node:assert/strict';
import { walkList, type InspectPage, type ListEnd } from '../../src/refresh/list-walk.js';
import type { Inspection, ListPart, Range } from '../../src/refresh/activity-types.js';
import { deferred, settle, type Deferred } from '../fakes/deferred.js';
import { Cancelled, FakeContext } from '../fakes/fake-context.js';
import { listedStore } from '../fakes/fake-steps.js';
import { ids, listPart } from '../fakes/flow-fixture.js';

const STORE = listedStore();

/** How pages are read; by default, all successfully. */
interface Behaviour {
  /** Maximum rows that the server returns at once. */
  readonly serverLimit?: number;
  /** Changes what each page returns about the list. */
  readonly returns?: (range: Range) => Partial<ListPart>;
  /** `fail`: the page fails permanently; a promise: it is retried until the promise settles. */
  readonly instead?: (range: Range) => Promise<'read' | 'fail'> | 'fail' | undefined;
}

interface Walked {
  readonly offsets: number[];
  readonly end: Promise<ListEnd>;
}

function walk(
  rows: readonly string[],
  { serverLimit = 100, returns = () => ({}), instead = () => undefined }: Behaviour = {},
  context = new FakeContext(),
): Walked {
  const offsets: number[] = [];
  let rowsAtOnce = 100;
  const inspect: InspectPage = async (range, onRetry): Promise<Inspection | undefined> => {
    offsets.push(range.offset);
    assert.ok(range.limit === 100 || range.limit === rowsAtOnce, `${range.limit} rows`);
    const other = instead(range);
    if (other === 'fail') return undefined;
    if (other) {
      if (!onRetry) return undefined;
      onRetry();
      if ((await other) === 'fail') return undefined;
    }
    const read = listPart(rows, { ...range, limit: Math.min(range.limit, serverLimit) }, returns(range));
    rowsAtOnce = read.list?.rows ?? 0;
    return read;
  };
  return { offsets, end: walkList(STORE, context, inspect) };
}

/** The requested offsets, in order, and how the walk ended. */
async function walkToEnd(...args: Parameters<typeof walk>): Promise<[number[], ListEnd]> {
  const { offsets, end } = walk(...args);
  return [offsets, await end];
}

const MISSING = 'Some may be missing; the next run reads the list again.';

function toMessage({ failure }: ListEnd): string | undefined {
  assert.equal(failure?.type, 'StoreListInvalid');
  assert.equal(failure.scope, 'store');
  return failure.message;
}

/** A promise for each retried page, by its offset. */
function retryFrom(isRetried: (offset: number) => boolean): {
  waiting: Map<number, Deferred<'read' | 'fail'>>;
  instead: NonNullable<Behaviour['instead']>;
} {
  const waiting = new Map<number, Deferred<'read' | 'fail'>>();
  return {
    waiting,
    instead({ offset }) {
      if (!isRetried(offset)) return undefined;
      const gate = deferred<'read' | 'fail'>();
      waiting.set(offset, gate);
      return gate.promise;
    },
  };
}

describe('walkList: the end of a list', () => {
  for (const { title, count, offsets } of [
    { title: 'an empty first page', count: 0, offsets: [0] },
    { title: 'a first page that contains the total', count: 99, offsets: [0] },
    { title: 'a page that is shorter than the first', count: 150, offsets: [0, 100] },
    { title: 'an empty page after full ones', count: 200, offsets: [0, 100, 200] },
    { title: 'an empty page after a full one that contains the total', count: 100, offsets: [0, 100] },
  ]) {
    it(`ends at ${title}`, async () => assert.deepEqual(await walkToEnd(ids(count)), [offsets, {}]));
  }

  it('ends at an empty first page, whatever its total', async () =>
    assert.deepEqual(await walkToEnd([], { returns: () => ({ total: 300 }) }), [
      [0],
      { warning: `Airflow main listed 0 connections but returned a total of 300. ${MISSING}` },
    ]));

  it('continues after the returned rows when the server returns fewer than requested', async () =>
    assert.deepEqual(await walkToEnd(ids(120), { serverLimit: 50 }), [[0, 50, 100], {}]));

  it('reads all rows when every page has a total of 0, and warns', async () => {
    const [offsets, end] = await walkToEnd(ids(150), { returns: () => ({ total: 0 }) });
    assert.deepEqual(offsets, [0, 100]);
    assert.deepEqual(end, {
      warning: 'Airflow main listed 150 connections but returned a total of 0. No action needed.',
    });
  });

  it('continues after a short first page with another total', async () => {
    const [offsets, end] = await walkToEnd(ids(30), { returns: () => ({ total: 0 }) });
    assert.deepEqual(offsets, [0, 30]);
    assert.deepEqual(end, {
      warning: 'Airflow main listed 30 connections but returned a total of 0. No action needed.',
    });
  });

  it('warns of a total that is larger than the list', async () => {
    const [offsets, end] = await walkToEnd(ids(150), { returns: () => ({ total: 700 }) });
    assert.deepEqual(offsets, [0, 100]);
    assert.deepEqual(end, {
      warning: `Airflow main listed 150 connections but returned a total of 700. ${MISSING}`,
    });
  });

  for (const { title, totals } of [
    { title: 'first', totals: [150, 151] },
    { title: 'last', totals: [151, 150] },
  ]) {
    it(`does not warn when only the ${title} total matches, since the list may change meanwhile`, async () => {
      const returns = ({ offset }: Range) => ({ total: totals[offset / 100] ?? NaN });
      assert.deepEqual(await walkToEnd(ids(150), { returns }), [[0, 100], {}]);
    });
  }
});

describe('walkList: a list without an end', () => {
  it('ends when a page begins with the same row as the previous one', async () => {
    const [offsets, end] = await walkToEnd(ids(1000), { returns: () => ({ first: 'id_0' }) });
    assert.deepEqual(offsets, [0, 100]);
    assert.equal(toMessage(end), 'The connection list of Airflow main repeats itself.');
  });

  it('does not treat pages without readable rows as the same page', async () => {
    const inspect: InspectPage = async (range) => {
      const { first: _unread, ...list } = listPart(ids(250), range).list ?? { rows: 0, total: 0 };
      return { ...listPart([], range), list: { isComplete: true, ...list } };
    };
    assert.deepEqual(await walkList(STORE, new FakeContext(), inspect), {});
  });

  it('ends after 500 pages', async () => {
    const [offsets, end] = await walkToEnd(ids(50_100));
    assert.equal(offsets.length, 500);
    assert.equal(toMessage(end), 'The connection list of Airflow main has more than 50,000 connections.');
  });

  it('reads the rest of a plausible list after the deadline', async () => {
    const late = new FakeContext({ leftMs: -1 });
    for (const { count, offsets } of [
      { count: 250, offsets: [0, 100, 200] },
      { count: 200, offsets: [0, 100, 200] },
    ]) {
      assert.deepEqual(await walkToEnd(ids(count), {}, late), [offsets, {}]);
    }
  });

  it('reads ten pages beyond the total after the deadline, since the total may be too small', async () => {
    const late = new FakeContext({ leftMs: -1 });
    assert.deepEqual(await walkToEnd(ids(150), { returns: () => ({ total: 0 }) }, late), [
      [0, 100],
      { warning: 'Airflow main listed 150 connections but returned a total of 0. No action needed.' },
    ]);
    const [offsets, end] = await walkToEnd(ids(2000), { returns: () => ({ total: 150 }) }, late);
    assert.equal(offsets.length, 12);
    assert.equal(toMessage(end), 'The connection list of Airflow main does not end.');
  });

  it('ignores an implausible total after the deadline', async () => {
    const late = new FakeContext({ leftMs: -1 });
    const [offsets, end] = await walkToEnd(ids(2000), { returns: () => ({ total: 50_001 }) }, late);
    assert.equal(offsets.length, 11);
    assert.equal(toMessage(end), 'The connection list of Airflow main does not end.');
  });

  it('requests no pages beyond the total of a failing store after the deadline', async () => {
    const late = new FakeContext({ leftMs: -1 });
    const instead = ({ offset }: Range) => (offset === 0 ? undefined : 'fail');
    assert.deepEqual(await walkToEnd(ids(450), { instead }, late), [[0, 100, 200, 300, 400], {}]);
  });
});

describe('walkList: pages that fail', () => {
  it('requests nothing more when the first page fails permanently', async () =>
    assert.deepEqual(await walkToEnd(ids(300), { instead: () => 'fail' }), [[0], {}]));

  it('waits for the retry of the first page when the second also fails', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 0);
    let isDown = true;
    const { offsets, end } = walk(ids(250), {
      instead: (range) => (range.offset > 0 && isDown ? 'fail' : instead(range)),
    });
    await settle();
    assert.deepEqual(offsets, [0, 100]);
    isDown = false;
    waiting.get(0)?.resolve('read');
    assert.deepEqual(await end, {});
    assert.deepEqual(offsets, [0, 100, 100, 200]);
  });

  it('continues while the first page is retried if the second can be read, and waits for it at the end', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 0);
    const { offsets, end } = walk(ids(250), { instead, returns: () => ({ total: 900 }) });
    let isDone = false;
    void end.then(() => (isDone = true));
    await settle();
    assert.deepEqual([offsets, isDone], [[0, 100, 100, 200], false]);
    waiting.get(0)?.resolve('read');
    assert.deepEqual(await end, {
      warning: `Airflow main listed 250 connections but returned a total of 900. ${MISSING}`,
    });
  });

  it('reads the rest of a retried first page when the server returns fewer rows at once', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 0);
    const { offsets, end } = walk(ids(220), { serverLimit: 50, instead });
    await settle();
    assert.deepEqual(offsets, [0, 100, 100, 150, 200]);
    waiting.get(0)?.resolve('read');
    assert.deepEqual(await end, {});
    assert.deepEqual(offsets.slice(5), [50]);
  });

  it('does not use the rows of a split page as the number that the server returns at once', async () => {
    const limits: number[] = [];
    const inspect: InspectPage = async (range) => {
      limits.push(range.limit);
      if (range.offset === 0) return listPart(ids(220), range, { isSplit: true });
      return listPart(ids(220), { ...range, limit: Math.min(range.limit, 50) });
    };
    // With a missing row, the total would not match and cause a warning.
    assert.deepEqual(await walkList(STORE, new FakeContext(), inspect), {});
    assert.deepEqual(limits, [100, 100, 50, 50]);
  });

  it('ends at a split page with fewer rows than requested', async () => {
    const returns = ({ offset }: Range) => ({
      total: 500,
      ...(offset === 100 ? { isSplit: true as const } : {}),
    });
    const [offsets] = await walkToEnd(ids(150), { returns });
    assert.deepEqual(offsets, [0, 100]);
  });

  it('requests nothing more when the retry of the first page fails', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 0);
    const { offsets, end } = walk(ids(250), {
      instead: (range) => (range.offset > 0 ? 'fail' : instead(range)),
    });
    await settle();
    waiting.get(0)?.resolve('fail');
    assert.deepEqual(await end, {});
    assert.deepEqual(offsets, [0, 100]);
  });

  it('reads the pages after a retried one, and waits for it at the end', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 100);
    const { offsets, end } = walk(ids(350), { instead });
    let isDone = false;
    void end.then(() => (isDone = true));
    await settle();
    assert.deepEqual([offsets, isDone], [[0, 100, 200, 300], false]);
    waiting.get(100)?.resolve('read');
    assert.deepEqual(await end, {});
  });

  it('reads the pages after two adjacent ones that are retried or fail', async () => {
    const isMiddle = (offset: number): boolean => offset === 100 || offset === 200;
    const { waiting, instead } = retryFrom(isMiddle);
    const { offsets, end } = walk(ids(450), { instead });
    await settle();
    assert.deepEqual(offsets, [0, 100, 200, 300, 400]);
    for (const gate of waiting.values()) gate.resolve('fail');
    assert.deepEqual(await end, {});
    const failing = await walkToEnd(ids(450), {
      instead: ({ offset }) => (isMiddle(offset) ? 'fail' : undefined),
    });
    assert.deepEqual(failing, [[0, 100, 200, 300, 400], {}]);
  });

  it('skips as many rows as the server returns at once', async () => {
    const instead = ({ offset }: Range) => (offset === 50 ? 'fail' : undefined);
    assert.deepEqual(await walkToEnd(ids(120), { serverLimit: 50, instead }), [[0, 50, 100], {}]);
  });

  it('counts the rows of a retried page', async () => {
    const { waiting, instead } = retryFrom((offset) => offset === 100);
    const { end } = walk(ids(350), { instead, returns: () => ({ total: 900 }) });
    await settle();
    waiting.get(100)?.resolve('read');
    assert.deepEqual(await end, {
      warning: `Airflow main listed 350 connections but returned a total of 900. ${MISSING}`,
    });
  });

  it('does not warn of a total when a page is missing', async () => {
    const instead = ({ offset }: Range) => (offset === 100 ? 'fail' : undefined);
    assert.deepEqual(await walkToEnd(ids(350), { instead }), [[0, 100, 200, 300], {}]);
  });

  it('continues while 5 pages are retried, and waits for the sixth', async () => {
    const { waiting, instead } = retryFrom((offset) => offset > 0);
    const { offsets, end } = walk(ids(950), { instead });
    await settle();
    assert.deepEqual(offsets, [0, 100, 200, 300, 400, 500, 600]);
    waiting.get(600)?.resolve('read');
    await settle();
    assert.deepEqual(offsets.slice(7), [700]);
    waiting.get(100)?.resolve('read');
    await settle();
    assert.deepEqual(offsets.slice(7), [700]);
    waiting.get(700)?.resolve('read');
    await settle();
    assert.deepEqual(offsets.slice(7), [700, 800, 900]);
    for (const gate of waiting.values()) gate.resolve('read');
    assert.deepEqual(await end, {});
  });

  it('ends with the cancellation of a page, also of a retried one', async () => {
    for (const cancelled of [0, 100]) {
      const { waiting, instead } = retryFrom((offset) => offset === cancelled);
      const { end } = walk(ids(250), { instead });
      await settle();
      waiting.get(cancelled)?.reject(new Cancelled());
      await assert.rejects(end, Cancelled);
    }
  });
});

import assert from 'node:assert/strict';
import { compareMedians, computeStatistics } from './statistics.js';

const of = (median: number) => ({ median, min: 0, max: 1000 });

describe('benchmark statistics', () => {
  it('uses the middle value as the median of an odd number of values', () => {
    assert.deepEqual(computeStatistics([30, 9, 100]), { median: 30, min: 9, max: 100 });
  });

  it('uses the mean of the two middle values as the median of an even number', () => {
    assert.deepEqual(computeStatistics([4, 1, 2, 9]), { median: 3, min: 1, max: 9 });
  });

  it('rejects an empty list of values', () => {
    assert.throws(() => computeStatistics([]), RangeError);
  });

  it('compares medians by ratio and difference', () => {
    const { ratio, differenceMs } = compareMedians(of(200), of(300), { factor: 1, plusMs: 0 });
    assert.deepEqual([ratio, differenceMs], [1.5, 100]);
  });

  it('meets a target up to its factor times the floor plus its extra time', () => {
    const target = { factor: 1.5, plusMs: 50 };
    assert.equal(compareMedians(of(200), of(350), target).isMet, true);
    assert.equal(compareMedians(of(200), of(351), target).isMet, false);
  });
});

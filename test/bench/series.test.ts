import assert from 'node:assert/strict';
import { runSeries, type Contestant } from './series.js';

describe('benchmark series', () => {
  const calls: string[] = [];
  const create = (name: string, times: readonly number[]): Contestant => {
    const left = [...times];
    return {
      name,
      prepare: async () => void calls.push(`prepare ${name}`),
      run: async () => {
        calls.push(name);
        return left.shift() ?? 0;
      },
    };
  };
  const run = () => {
    calls.length = 0;
    const target = { factor: 1.5, plusMs: 10 };
    const others = [{ ...create('product', [1700, 1500]), target, getLongestDelayMs: () => 1234.5 }];
    return runSeries({ title: 'start', rounds: 2, floor: create('floor', [1000, 1000]), others }, () => {});
  };

  it('alternates between the contestants and prepares each before each of its rounds', async () => {
    await run();
    const round = ['prepare floor', 'floor', 'prepare product', 'product'];
    assert.deepEqual(calls, [...round, ...round]);
  });

  it('shows median, minimum and maximum, and how the product compares with the floor and its target', async () => {
    const cells = (await run()).map((line) => line.trim().split(/ {2,}/));
    assert.deepEqual(cells, [
      ['start, 2 rounds', 'median', 'min', 'max', 'against the floor'],
      ['floor', '1,000 ms', '1,000 ms', '1,000 ms'],
      ['product', '1,600 ms', '1,500 ms', '1,700 ms', '1.60 x, +600 ms; target at most 1.5 x +10 ms: missed'],
      ['longest delay of the event loop, product: 1,235 ms'],
    ]);
  });
});

import assert from 'node:assert/strict';
import { parseOptions } from './options.js';

describe('benchmark options', () => {
  it('runs every series with 1,000 and 10,000 connections by default', () => {
    assert.deepEqual(parseOptions([]), {
      rounds: undefined,
      only: ['commands', 'worker', 'refresh-once'],
      connections: [1000, 10_000],
    });
  });

  it('accepts the number of rounds, one or more series, and numbers of connections', () => {
    const args = ['--rounds', '5', '--only', 'worker', '--only', 'commands', '--connections', '300'];
    assert.deepEqual(parseOptions(args), { rounds: 5, only: ['worker', 'commands'], connections: [300] });
  });

  const INVALID: readonly { args: readonly string[]; message: RegExp }[] = [
    { args: ['--rounds', '0'], message: /^--rounds must be a number/ },
    { args: ['--connections', '1e3'], message: /^--connections must be a number/ },
    {
      args: ['--only', 'nothing'],
      message: /^--only must be one of commands, worker, refresh-once, not nothing$/,
    },
    { args: ['--fast'], message: /Unknown option '--fast'/ },
  ];
  for (const { args, message } of INVALID) {
    it(`rejects ${args.join(' ')}`, () => {
      assert.throws(() => parseOptions(args), { message });
    });
  }
});

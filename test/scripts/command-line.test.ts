import assert from 'node:assert/strict';
import { CommanderError, InvalidArgumentError } from 'commander';
import { CommandFailed, describeError, EXIT, toExitCode } from '../../scripts/command-line.js';
import { durationArgument } from '../../scripts/duration-argument.js';
import { ConfigError } from '../../src/config/config-error.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

const PROBLEM = { path: 'airflows', line: 3, message: 'is missing', remedy: 'Write one.' };

describe('toExitCode', () => {
  for (const [what, error, code] of [
    ['help that was asked for', new CommanderError(0, 'commander.help', ''), EXIT.done],
    ['wrong usage', new CommanderError(1, 'commander.unknownOption', ''), EXIT.usage],
    ['an argument of the wrong form', new InvalidArgumentError('no'), EXIT.usage],
    ['an invalid configuration', new ConfigError('refresh.yaml', [PROBLEM]), EXIT.configInvalid],
    ['a failure', new RefreshFailure('AwsThrottled', 'x'), EXIT.failed],
    ['a command that could not do it', new CommandFailed('x'), EXIT.failed],
    ['anything else', 'text', EXIT.failed],
  ] as const) {
    it(`is ${code} for ${what}`, () => assert.equal(toExitCode(error), code));
  }

  it('keeps to the codes that are documented', () =>
    assert.deepEqual(EXIT, { done: 0, failed: 1, usage: 2, configInvalid: 78 }));
});

describe('describeError', () => {
  it('shows every problem of a configuration, counted, and that nothing was changed', () => {
    assert.equal(
      describeError(new ConfigError('refresh.yaml', [PROBLEM])),
      'The configuration is invalid (1 problem). Nothing was changed.\nrefresh.yaml:3 airflows: is missing. Write one.',
    );
    assert.match(describeError(new ConfigError('refresh.yaml', [PROBLEM, PROBLEM])), /\(2 problems\)/);
  });

  it('shows a failure with its remedy', () =>
    assert.equal(describeError(new RefreshFailure('AwsThrottled', 'what', 'do')), 'what\ndo'));

  it('shows what a command says itself', () => assert.equal(describeError(new CommandFailed('why')), 'why'));

  it('shows of a defect its class and place, not its message', () => {
    const text = describeError(new TypeError(`quotes ${SECRET}`));
    assert.match(text, /^Unexpected TypeError; this is a defect\.\nat .*command-line\.test\.ts:\d+/);
    assert.ok(!text.includes(SECRET), text);
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    // Nobody can ask it for its class, which commander does as well: not an error that code throws by accident.
    if (what === 'a proxy that throws at every touch') continue;
    it(`shows nothing secret of ${what}`, () => assert.ok(!describeError(make()).includes(SECRET)));
  }
});

describe('durationArgument', () => {
  for (const [text, ms] of [
    ['0s', 0],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['2d', 172_800_000],
    ['999999s', 999_999_000],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(durationArgument(text), ms));
  }

  for (const text of [
    '',
    '5',
    'm',
    '-5m',
    '1.5h',
    '5 m',
    '5M',
    '1w',
    '5ms',
    '1000000s',
    '5m5s',
    'Infinity',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => durationArgument(text), InvalidArgumentError));
  }
});

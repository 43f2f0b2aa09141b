import assert from 'node:assert/strict';
import { CommanderError, InvalidArgumentError } from 'commander';
import { CommandFailed, describeError, EXIT, toExitCode } from '../../scripts/command-line.js';
import { durationArgument } from '../../scripts/duration-argument.js';
import { ConfigError } from '../../src/config/config-error.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

const PROBLEM = {
  code: 'missing',
  path: 'airflows',
  line: 3,
  message: 'is missing',
  remedy: 'Add it.',
} as const;

describe('toExitCode', () => {
  for (const { title, error, code } of [
    { title: '--help', error: new CommanderError(0, 'commander.help', ''), code: EXIT.done },
    { title: 'wrong usage', error: new CommanderError(1, 'commander.unknownOption', ''), code: EXIT.usage },
    { title: 'an invalid argument', error: new InvalidArgumentError('no'), code: EXIT.usage },
    {
      title: 'an invalid configuration',
      error: new ConfigError('refresh.yaml', [PROBLEM]),
      code: EXIT.configInvalid,
    },
    { title: 'a failure', error: new RefreshFailure('AwsThrottled', 'x'), code: EXIT.failed },
    { title: 'a failed command', error: new CommandFailed('x'), code: EXIT.failed },
    { title: 'any other error', error: 'text', code: EXIT.failed },
  ] as const) {
    it(`returns ${code} for ${title}`, () => assert.equal(toExitCode(error), code));
  }

  it('uses the documented codes', () =>
    assert.deepEqual(EXIT, { done: 0, failed: 1, usage: 2, configInvalid: 78 }));
});

describe('describeError', () => {
  it('shows all problems of a configuration with their number, and that nothing was changed', () => {
    assert.equal(
      describeError(new ConfigError('refresh.yaml', [PROBLEM])),
      'The configuration is invalid (1 problem). Nothing was changed.\nrefresh.yaml:3 airflows: is missing. Add it.',
    );
    assert.match(describeError(new ConfigError('refresh.yaml', [PROBLEM, PROBLEM])), /\(2 problems\)/);
  });

  it('shows a failure with its fix', () =>
    assert.equal(describeError(new RefreshFailure('AwsThrottled', 'what', 'do')), 'what\ndo'));

  it('shows the message of a failed command', () =>
    assert.equal(describeError(new CommandFailed('why')), 'why'));

  it('shows the class and location of an unexpected error, but not its message', () => {
    const text = describeError(new TypeError(`quotes ${SECRET}`));
    assert.match(text, /^Unexpected TypeError; this is a bug\.\nat .*command-line\.test\.ts:\d+/);
    assert.ok(!text.includes(SECRET), text);
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    // Reading its class throws, also in commander. Code does not throw such an error by accident.
    if (what === 'a proxy that throws on every access') continue;
    it(`shows no secret of ${what}`, () => assert.ok(!describeError(make()).includes(SECRET)));
  }
});

describe('durationArgument', () => {
  for (const { text, ms } of [
    { text: '0s', ms: 0 },
    { text: '30s', ms: 30_000 },
    { text: '5m', ms: 300_000 },
    { text: '1h', ms: 3_600_000 },
    { text: '2d', ms: 172_800_000 },
    { text: '999999s', ms: 999_999_000 },
  ] as const) {
    it(`accepts ${text}`, () => assert.equal(durationArgument(text), ms));
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
    it(`rejects ${JSON.stringify(text)}`, () =>
      assert.throws(() => durationArgument(text), InvalidArgumentError));
  }
});

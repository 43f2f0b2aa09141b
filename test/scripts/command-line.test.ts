import assert from 'node:assert/strict';
import { CommanderError, InvalidArgumentError } from 'commander';
import { CommandFailed, describeError, EXIT, toExitCode } from '../../scripts/command-line.js';
import { durationArgument } from '../../scripts/duration-argument.js';
import { ConfigError } from '../../src/config/config-error.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { NativeLibraryMissing } from '../../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';
import { AWS_REMEDIES } from '../../src/refresh/remedies/aws.js';

const PROBLEM = {
  code: 'missing',
  path: 'airflows',
  line: 3,
  message: 'is missing',
  remedy: 'Add it.',
} as const;

const SETTING = {
  setting: 'TEMPORAL_ADDRESS',
  message: 'is not a valid address',
  remedy: 'Write host:port.',
} as const;
const PLATFORM = { os: 'linux', arch: 'x64', libc: 'musl', node: '22.0.0' } as const;

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
    {
      title: 'invalid settings of Temporal',
      error: new TemporalSettingsInvalid([SETTING]),
      code: EXIT.configInvalid,
    },
    {
      title: 'a native library that does not load',
      error: new NativeLibraryMissing('is missing', PLATFORM),
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
    assert.equal(
      describeError(new RefreshFailure('AwsThrottled', 'what', AWS_REMEDIES.wait)),
      `what\n${AWS_REMEDIES.wait}`,
    ));

  it('shows the message of a failed command', () =>
    assert.equal(describeError(new CommandFailed('why')), 'why'));

  it('shows class, code and cause of an unexpected error in one line, but not its message', () => {
    const cause = Object.assign(new Error(SECRET), { code: 'ERR_CAUSE' });
    assert.equal(
      describeError(new TypeError(`quotes ${SECRET}`, { cause })),
      'Unexpected TypeError, caused by Error ERR_CAUSE; this is a bug. Run the command with `--debug`, and report the stack trace.',
    );
  });

  it('shows all problems of the Temporal settings with their number, and that nothing was changed', () =>
    assert.equal(
      describeError(new TemporalSettingsInvalid([SETTING])),
      'The Temporal settings are invalid (1 problem). Nothing was changed.\nTEMPORAL_ADDRESS: is not a valid address. Write host:port.',
    ));

  it('shows why the native library does not load, with the fix', () =>
    assert.match(
      describeError(new NativeLibraryMissing('is missing', PLATFORM)),
      /^Temporal's native library is missing \(linux x64, musl, Node 22\.0\.0\)\.\nRun the worker on Linux/,
    ));

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

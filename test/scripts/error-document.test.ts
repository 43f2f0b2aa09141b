import assert from 'node:assert/strict';
import { CommanderError } from 'commander';
import { CommandFailed, toErrorDocument } from '../../scripts/error-document.js';
import { ConfigError } from '../../src/config/config-error.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { NativeLibraryMissing } from '../../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';
import { TemporalUnavailable } from '../../src/temporal/unavailable.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';
import { AWS_REMEDIES } from '../../src/refresh/remedies/aws.js';

const PROBLEM = {
  code: 'missing',
  path: 'airflows',
  line: 3,
  message: 'is missing',
  remedy: 'Add it.',
} as const;

describe('toErrorDocument', () => {
  for (const { title, error, code, message, remedy } of [
    {
      title: 'an invalid configuration',
      error: new ConfigError('refresh.yaml', [PROBLEM]),
      code: 'config-invalid',
      message: 'The configuration is invalid (1 problem). Nothing was changed.',
      remedy: null,
    },
    {
      title: 'Temporal being unreachable',
      error: new TemporalUnavailable('connection-refused', 'Temporal at x: connection refused'),
      code: 'temporal-connection-refused',
      message: 'Temporal at x: connection refused.',
      remedy: 'Start the Temporal server, or set TEMPORAL_ADDRESS to its address.',
    },
    {
      title: 'a failed command',
      error: new CommandFailed('It failed.', 'Fix it.', 'schedule-missing'),
      code: 'schedule-missing',
      message: 'It failed.',
      remedy: 'Fix it.',
    },
    {
      title: 'a failure of the catalogue',
      error: new RefreshFailure('AwsThrottled', 'what', AWS_REMEDIES.wait),
      code: 'command-failed',
      message: 'what',
      remedy: AWS_REMEDIES.wait,
    },
    {
      title: 'wrong usage',
      error: new CommanderError(
        1,
        'commander.unknownOption',
        "error: unknown option '--x'\n(Did you mean --y?)",
      ),
      code: 'usage',
      message: "unknown option '--x' (Did you mean --y?)",
      remedy: 'See `--help`.',
    },
    {
      title: 'a missing command',
      error: new CommanderError(1, 'commander.help', '(outputHelp)'),
      code: 'usage',
      message: 'A command is missing.',
      remedy: 'See `--help`.',
    },
    {
      title: 'a bug',
      error: new TypeError(`quotes ${SECRET}`),
      code: 'unexpected',
      message: 'Unexpected TypeError; this is a bug.',
      remedy: 'Run the command with `--debug`, and report the stack trace.',
    },
    {
      title: 'a fault of the environment',
      error: Object.assign(new Error(SECRET), { code: 'ENOSPC' }),
      code: 'environment',
      message: 'Fault of the environment: no space left on device (Error ENOSPC).',
      remedy: 'Free space on the disk.',
    },
    {
      title: 'an error with a code of a library',
      error: Object.assign(new Error(SECRET), { code: 'ERR_SOMETHING' }),
      code: 'unexpected',
      message: 'Unexpected Error ERR_SOMETHING.',
      remedy: 'Run the command with `--debug` to see where it occurred.',
    },
    {
      title: 'a native library that does not load',
      error: new NativeLibraryMissing('does not load', {
        os: 'linux',
        arch: 'x64',
        libc: 'glibc 2.36',
        node: '22.0.0',
      }),
      code: 'native-library-missing',
      message: "Temporal's native library does not load (linux x64, glibc 2.36, Node 22.0.0).",
      remedy:
        'Run `npm ci` on the machine or in the image that runs the worker: files of another platform do not load.',
    },
  ]) {
    it(`describes ${title}`, () => {
      const { problems, ...document } = toErrorDocument(error).error;
      assert.deepEqual(document, { code, message, remedy });
      assert.equal(problems.length, error instanceof ConfigError ? 1 : 0);
    });
  }

  it('lists the problems of a configuration with their place', () => {
    assert.deepEqual(toErrorDocument(new ConfigError('refresh.yaml', [PROBLEM])).error.problems, [
      { ...PROBLEM, file: 'refresh.yaml', column: null },
    ]);
  });

  it('lists the problems of the Temporal settings, with the setting as path and without a file', () => {
    const [setting, message, remedy] = ['TEMPORAL_TLS', 'is neither true nor false', 'Write true or false.'];
    const { error } = toErrorDocument(new TemporalSettingsInvalid([{ setting, message, remedy }]));
    const place = { file: null, line: null, column: null, path: setting };
    assert.deepEqual(error, {
      code: 'temporal-settings-invalid',
      message: 'The Temporal settings are invalid (1 problem). Nothing was changed.',
      remedy: null,
      problems: [{ code: 'temporal-setting', ...place, message, remedy }],
    });
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    if (what === 'a proxy that throws on every access') continue;
    it(`shows no secret of ${what}`, () => {
      assert.ok(!JSON.stringify(toErrorDocument(make())).includes(SECRET));
    });
  }
});

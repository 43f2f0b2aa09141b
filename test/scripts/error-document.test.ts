import assert from 'node:assert/strict';
import { CommanderError } from 'commander';
import { CommandFailed, toErrorDocument } from '../../scripts/error-document.js';
import { ConfigError } from '../../src/config/config-error.js';
import { RefreshFailure } from '../../src/refresh/failures.js';
import { TemporalUnavailable } from '../../src/temporal/unavailable.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

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
      error: new TemporalUnavailable('unreachable', 'Temporal at x: could not be reached'),
      code: 'temporal-unreachable',
      message: 'Temporal at x: could not be reached.',
      remedy: 'Start the Temporal server, or set TEMPORAL_ADDRESS (and TLS) to its address.',
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
      error: new RefreshFailure('AwsThrottled', 'what', 'do'),
      code: 'command-failed',
      message: 'what',
      remedy: 'do',
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

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    if (what === 'a proxy that throws on every access') continue;
    it(`shows no secret of ${what}`, () => {
      assert.ok(!JSON.stringify(toErrorDocument(make())).includes(SECRET));
    });
  }
});

import assert from 'node:assert/strict';
import { logError } from '../../scripts/worker-log.js';
import { logFrames } from '../../src/log/redact-error.js';
import { NativeLibraryMissing } from '../../src/temporal/worker/native-library.js';
import { TemporalSettingsInvalid } from '../../src/temporal/settings/settings-error.js';
import { captureLog, type CapturedLog } from '../fakes/captured-log.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

describe('the log of why a worker could not start, or ended', () => {
  let log: CapturedLog;
  beforeEach(() => (log = captureLog()));
  afterEach(() => log.close());

  function linesOf(error: unknown): Record<string, unknown>[] {
    logError(log.logger, error);
    return log.lines().map(({ time: _time, ...line }) => line);
  }

  it('has a line for each problem of the Temporal settings', () => {
    const problems = ['TEMPORAL_ADDRESS', 'TEMPORAL_TLS'].map((setting) => ({
      setting,
      message: 'is not valid',
      remedy: 'Fix it.',
    }));
    assert.deepEqual(
      linesOf(new TemporalSettingsInvalid(problems)),
      problems.map(({ setting, message, remedy }) => ({
        level: 'error',
        code: 'temporal-setting',
        place: setting,
        problem: message,
        remedy,
        msg: 'Temporal settings invalid',
      })),
    );
  });

  it('has one line for a native library that does not load', () => {
    const platform = { os: 'linux', arch: 'arm64', libc: 'musl', node: '22.0.0' };
    const error = new NativeLibraryMissing('does not load', platform);
    assert.deepEqual(linesOf(error), [
      {
        level: 'error',
        code: 'native-library-missing',
        reason: "Temporal's native library does not load (linux arm64, musl, Node 22.0.0)",
        remedy: error.remedy,
        msg: 'worker not started',
      },
    ]);
  });

  it('has one line for a fault of the environment, which is not called a bug', () => {
    const cause = Object.assign(new Error(SECRET), { code: 'EMFILE' });
    assert.deepEqual(linesOf(new Error(SECRET, { cause })), [
      {
        level: 'error',
        error: 'Error',
        cause: 'Error EMFILE',
        reason: 'too many open files',
        remedy: 'Raise the limit of open files of the process (`ulimit -n`).',
        msg: 'worker failed: fault of the environment',
      },
    ]);
  });

  it('has one line for a bug, with stack frames only for --debug', () => {
    const expected = {
      level: 'error',
      error: 'TypeError',
      remedy: 'Run the worker with `--debug`, and report the stack trace.',
      msg: 'worker failed unexpectedly; this is a bug',
    };
    const error = new TypeError(SECRET);
    assert.deepEqual(linesOf(error), [expected]);
    logFrames();
    const [, { frames, ...line } = {}] = linesOf(error);
    logFrames(false);
    assert.deepEqual(line, expected);
    assert.match((frames as string[])[0] ?? '', /worker-log\.test\.ts/);
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    // `instanceof` throws; code does not throw such an error by accident.
    if (what === 'a proxy that throws on every access') continue;
    it(`shows no secret of ${what}`, () => assert.ok(!JSON.stringify(linesOf(make())).includes(SECRET)));
  }
});

import assert from 'node:assert/strict';
import { describeUnexpected } from '../../src/log/unexpected-error.js';
import { DeadlineExceeded } from '../../src/net/deadline.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

function withCode(code: unknown, options: ErrorOptions = {}): Error {
  return Object.assign(new Error(SECRET, options), { code });
}

describe('describeUnexpected', () => {
  for (const { code, reason, remedy } of [
    { code: 'ENOSPC', reason: 'no space left on device', remedy: /^Free space/ },
    { code: 'EMFILE', reason: 'too many open files', remedy: /ulimit/ },
    { code: 'EACCES', reason: 'permission denied', remedy: /permissions/ },
    { code: 'ENOMEM', reason: 'not enough memory', remedy: /memory/ },
    { code: 'EIO', reason: 'i/o error', remedy: /^Run the command with `--debug` to see/ },
    { code: 'ERR_DLOPEN_FAILED', reason: 'a native library does not load', remedy: /npm ci/ },
    { code: 'ERR_MODULE_NOT_FOUND', reason: 'a file of the installation is missing', remedy: /npm ci/ },
  ]) {
    it(`reports ${code} as a fault of the environment`, () => {
      const { kind, message, ...rest } = describeUnexpected(withCode(code));
      assert.deepEqual(
        [kind, rest.reason, message],
        ['environment', reason, `Fault of the environment: ${reason} (Error ${code}).`],
      );
      assert.match(rest.remedy, remedy);
    });
  }

  it('finds a fault of the environment by its number, and in the causes', () => {
    assert.equal(
      describeUnexpected(Object.assign(new Error(), { errno: -28 })).reason,
      'no space left on device',
    );
    const failedFetch = new TypeError(SECRET, { cause: withCode('ECONNREFUSED') });
    assert.equal(
      describeUnexpected(failedFetch).message,
      'Fault of the environment: connection refused (TypeError, caused by Error ECONNREFUSED).',
    );
    const { kind } = describeUnexpected(new AggregateError([withCode('ETIMEDOUT')], SECRET));
    assert.equal(kind, 'environment');
  });

  it('takes no error of a class of its own for a bug: a time-out, or a library that reports a connection', () => {
    class TransportError extends Error {}
    for (const error of [new DeadlineExceeded('limit', 1000), new TransportError(SECRET)]) {
      assert.equal(describeUnexpected(error).kind, 'unknown');
    }
  });

  for (const { what, error } of [
    { what: 'a TypeError', error: new TypeError(SECRET) },
    { what: 'a RangeError', error: new RangeError(SECRET) },
    { what: 'a ReferenceError', error: new ReferenceError(SECRET) },
    {
      what: 'a TypeError with a code of Node',
      error: Object.assign(new TypeError(), { code: 'ERR_INVALID_URL' }),
    },
    { what: 'a failed assertion', error: new assert.AssertionError({ message: SECRET }) },
    { what: 'an error without a code', error: new Error(SECRET) },
    { what: 'a thrown text', error: SECRET },
  ]) {
    it(`reports ${what} as a bug`, () => {
      const { kind, message, remedy } = describeUnexpected(error);
      assert.equal(kind, 'bug');
      assert.match(message, /^Unexpected [^.]*; this is a bug\.$/);
      assert.equal(remedy, 'Run the command with `--debug`, and report the stack trace.');
    });
  }

  for (const { what, error, message } of [
    {
      what: 'a code of a library',
      error: withCode('ERR_BAD_REQUEST'),
      message: 'Unexpected Error ERR_BAD_REQUEST.',
    },
    { what: 'a code that may be any text', error: withCode(SECRET), message: 'Unexpected Error.' },
    { what: 'a small number as code', error: withCode(13), message: 'Unexpected Error 13.' },
  ]) {
    it(`does not report ${what} as a bug`, () => {
      const described = describeUnexpected(error, 'worker');
      assert.deepEqual([described.kind, described.message], ['unknown', message]);
      assert.equal(described.remedy, 'Run the worker with `--debug` to see where it occurred.');
    });
  }

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows no secret of ${what} and does not throw`, () =>
      assert.ok(!JSON.stringify(describeUnexpected(make())).includes(SECRET)));
  }
});

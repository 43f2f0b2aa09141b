import assert from 'node:assert/strict';
import {
  errorClassName,
  findErrorCode,
  identifyError,
  listStacks,
  safeStackFrames,
} from '../../src/log/redact-error.js';
import { HOSTILE_ERRORS, SECRET } from '../fakes/hostile-errors.js';

describe('errorClassName', () => {
  it('returns the class name of an error', () => {
    assert.equal(errorClassName(new TypeError('x')), 'TypeError');
    assert.equal(errorClassName(new DOMException('x')), 'DOMException');
  });

  it('ignores the name property of an error', () =>
    assert.equal(errorClassName(Object.assign(new Error('x'), { name: 'Mine' })), 'Error'));

  it('returns only class names of up to 60 letters and digits', () => {
    const named = (name: string): string =>
      errorClassName(new (Object.defineProperty(class extends Error {}, 'name', { value: name }))());
    assert.equal(named('E'.repeat(60)), 'E'.repeat(60));
    for (const name of ['E'.repeat(61), '', 'two words', '1st', 'a=b', 'É'])
      assert.equal(named(name), 'An error');
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows no secret of ${what} and does not throw`, () => {
      assert.match(errorClassName(make()), /^[A-Z][\w ]+$/);
      assert.ok(!errorClassName(make()).includes(SECRET));
      assert.ok(!safeStackFrames(make()).join('\n').includes(SECRET));
    });
  }
});

describe('findErrorCode', () => {
  const find = (code: unknown): string | undefined => findErrorCode(Object.assign(new Error(), { code }));

  it('returns constants and small numbers', () => {
    for (const code of ['ENOSPC', 'ERR_HTTP2_STREAM_ERROR', 'E2', `E${'X'.repeat(60)}`]) {
      assert.equal(find(code), code);
    }
    assert.deepEqual([find(0), find(16), find(-2)], ['0', '16', '-2']);
  });

  it('returns nothing else', () => {
    const texts = [SECRET, 'E', 'enoent', '1A', 'E NOENT', 'ENOENT\n', `E${'X'.repeat(61)}`];
    for (const code of [...texts, 1.5, 1000, NaN, null, undefined, {}, ['ENOSPC']]) {
      assert.equal(find(code), undefined);
    }
    assert.equal(findErrorCode('ENOSPC'), undefined);
  });
});

describe('identifyError', () => {
  it('returns class and code of an error and of its causes', () => {
    const root = Object.assign(new Error(SECRET), { code: 'ENOENT' });
    const error = new RangeError(SECRET, { cause: new TypeError(SECRET, { cause: root }) });
    assert.deepEqual(identifyError(error), { error: 'RangeError', cause: 'TypeError, Error ENOENT' });
    assert.deepEqual(identifyError(root), { error: 'Error', code: 'ENOENT' });
    assert.deepEqual(identifyError(new Error('x', { cause: SECRET })), { error: 'Error' });
  });

  it('ends for an error that is its own cause', () => {
    const error = new Error('x');
    error.cause = error;
    assert.equal(identifyError(error).cause, 'Error, Error, Error, Error');
  });

  for (const [what, make] of Object.entries(HOSTILE_ERRORS)) {
    it(`shows no secret of ${what} and does not throw`, () => {
      assert.ok(!JSON.stringify(identifyError(make())).includes(SECRET));
      assert.ok(!listStacks(make()).join('').includes(SECRET));
    });
  }
});

describe('safeStackFrames', () => {
  it('shows where an error was created, without its message', () => {
    const frames = safeStackFrames(new Error('line one\nline two'));
    assert.match(frames[0] ?? '', /redact-error\.test\.ts:\d+:\d+/);
    assert.ok(
      frames.every((frame) => frame.startsWith('at ')),
      frames.join('\n'),
    );
  });

  it('shows at most 6 frames', () => {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 20;
    const nested = (depth: number): Error => (depth === 0 ? new Error('deep') : nested(depth - 1));
    const error = nested(15);
    Error.stackTraceLimit = stackTraceLimit;
    assert.equal(safeStackFrames(error).length, 6);
  });

  it('drops lines of the message that look like stack frames', () => {
    const error = new Error(
      `HTTP 500\n    at handler (file:///srv/app.js?token=${SECRET}:1:1)\n    at x (/a/b.js:1:1)`,
    );
    assert.ok(!safeStackFrames(error).some((frame) => frame.includes('/a/b.js') || frame.includes(SECRET)));
  });

  it('returns no frames for a value without a stack', () => {
    assert.deepEqual(safeStackFrames('text'), []);
    assert.deepEqual(safeStackFrames(undefined), []);
    assert.deepEqual(safeStackFrames(Object.assign(new Error('x'), { stack: 5 })), []);
  });
});

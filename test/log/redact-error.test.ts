import assert from 'node:assert/strict';
import { errorClassName, safeStackFrames } from '../../src/log/redact-error.js';
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

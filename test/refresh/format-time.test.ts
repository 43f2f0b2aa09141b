import assert from 'node:assert/strict';
import { formatTime, formatTimeToSecond } from '../../src/refresh/format-time.js';

const ISO = '2026-11-22T17:05:59.999Z';

describe('formatTime', () => {
  it('shows UTC to the minute', () => {
    assert.equal(formatTime(ISO), '2026-11-22 17:05 UTC');
    assert.equal(formatTime(new Date(ISO)), '2026-11-22 17:05 UTC');
  });
});

describe('formatTimeToSecond', () => {
  it('shows UTC to the second', () => {
    assert.equal(formatTimeToSecond(ISO), '2026-11-22 17:05:59 UTC');
    assert.equal(formatTimeToSecond(new Date(ISO)), '2026-11-22 17:05:59 UTC');
  });
});

import assert from 'node:assert/strict';
import { estimateClockOffsetMs } from '../../src/status/clock.js';

const LOCAL = new Date('2026-01-01T12:00:00.000Z');
const HOUR_MS = 3_600_000;

function at(offsetMs: number): Date {
  return new Date(LOCAL.getTime() + offsetMs);
}

function estimate(lastAccessMs: number, { hasAnswered = true, startedMs = -4 * HOUR_MS } = {}): number {
  const pollers = [{ identity: 'a', lastAccessAt: at(lastAccessMs), version: null }];
  const runs = [{ startedAt: at(startedMs), closedAt: undefined }];
  return estimateClockOffsetMs(LOCAL, { workers: { pollers, hasAnswered }, runs });
}

describe('the clock of Temporal', () => {
  it('is that of this machine while a live worker polled within the last minutes', () => {
    for (const ms of [60_000, 0, -60_000, -170_000]) assert.equal(estimate(ms), 0);
  });

  it('is behind when the last poll of a live worker is hours old', () => {
    assert.equal(estimate(-13 * HOUR_MS), -13 * HOUR_MS);
  });

  it('is not estimated from the old polls of a dead worker', () => {
    assert.equal(estimate(-13 * HOUR_MS, { hasAnswered: false }), 0);
  });

  it('is ahead when something has happened that is in the future here', () => {
    assert.equal(estimate(13 * HOUR_MS), 13 * HOUR_MS);
    assert.equal(estimate(0, { startedMs: 13 * HOUR_MS }), 13 * HOUR_MS);
  });

  it('is that of this machine where nothing is known', () => {
    const workers = { pollers: [], hasAnswered: false };
    assert.equal(estimateClockOffsetMs(LOCAL, { workers, runs: [] }), 0);
  });
});

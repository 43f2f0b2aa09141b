import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/refresh/failures.js';
import type { TokenInfo } from '../../src/refresh/activity-types.js';
import { parseUpdateProgress, toOutcome, toPartialOutcome } from '../../src/refresh/update-progress.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const IDS = ['a', 'b', 'c'];

function facts(fingerprint: string, expiresAt: string): TokenInfo {
  return {
    group: GROUP,
    region: 'us-east-1',
    principalArn: null,
    issuedAt: '2026-01-01T00:00:00.000Z',
    expiresAt,
    fingerprint,
    probes: [{ registry: REGISTRY, outcome: 'accepted' }],
  };
}

const EARLY = facts('early', '2026-01-01T08:00:00.000Z');
const LATE = facts('late', '2026-01-01T12:00:00.000Z');

describe('parseUpdateProgress', () => {
  const good = { refreshed: [0, 2], failed: ['b'], tokens: [EARLY] };

  it('takes what an attempt noted', () => assert.deepEqual(parseUpdateProgress(good, 3), good));

  for (const { title, value } of [
    { title: 'nothing', value: undefined },
    { title: 'null', value: null },
    { title: 'text', value: 'refreshed' },
    { title: 'a list', value: [good] },
    { title: 'no places', value: { ...good, refreshed: undefined } },
    { title: 'places that are no list', value: { ...good, refreshed: { length: 1, 0: 0 } } },
    { title: 'a place behind the last', value: { ...good, refreshed: [0, 3] } },
    { title: 'a negative place', value: { ...good, refreshed: [-1] } },
    { title: 'half a place', value: { ...good, refreshed: [0.5] } },
    { title: 'a place in words', value: { ...good, refreshed: ['0'] } },
    { title: 'failures that are no ids', value: { ...good, failed: [7] } },
    { title: 'no token', value: { ...good, tokens: [] } },
    { title: 'a token without a time', value: { ...good, tokens: [{ ...EARLY, expiresAt: undefined }] } },
    { title: 'a token without probes', value: { ...good, tokens: [{ ...EARLY, probes: 'none' }] } },
    { title: 'nothing written', value: { ...good, refreshed: [] } },
  ] as const) {
    it(`takes ${title} for no progress`, () => assert.equal(parseUpdateProgress(value, 3), undefined));
  }
});

describe('toOutcome', () => {
  it('names the one token, and no others', () => {
    const outcome = toOutcome({ refreshed: [2, 0], failed: [], tokens: [LATE] }, IDS, [], LATE);
    assert.deepEqual(outcome, {
      refreshed: ['a', 'c'],
      failed: [],
      fingerprint: 'late',
      expiresAt: LATE.expiresAt,
      token: LATE,
    });
  });

  it('names of two tokens the one that expires first, and the other beside it', () => {
    for (const tokens of [
      [EARLY, LATE],
      [LATE, EARLY],
    ]) {
      const outcome = toOutcome({ refreshed: [0, 1, 2], failed: [], tokens }, IDS, [], LATE);
      assert.deepEqual(
        [outcome.fingerprint, outcome.expiresAt, outcome.token, outcome.otherTokens],
        ['early', EARLY.expiresAt, EARLY, [LATE]],
      );
    }
  });

  it('names the token at hand when nothing was written', () =>
    assert.equal(toOutcome({ refreshed: [], failed: [], tokens: [] }, IDS, [], LATE).fingerprint, 'late'));
});

describe('toPartialOutcome', () => {
  const failure = new RefreshFailure('StoreUnreachable', 'refused', 'start it');

  it('counts what was written as refreshed, and gives the failure to each of the rest', () => {
    const outcome = toPartialOutcome({ refreshed: [1], failed: [], tokens: [EARLY] }, IDS, failure);
    assert.deepEqual(outcome?.refreshed, ['b']);
    const told = { type: 'StoreUnreachable', scope: 'store', message: 'refused', remedy: 'start it' };
    assert.deepEqual(outcome?.failed, [
      { connection: 'a', ...told },
      { connection: 'c', ...told },
    ]);
  });

  it('is none when nothing was written', () => {
    assert.equal(toPartialOutcome({ refreshed: [], failed: [], tokens: [EARLY] }, IDS, failure), undefined);
    assert.equal(toPartialOutcome({ refreshed: [], failed: [], tokens: [] }, IDS, failure), undefined);
  });
});

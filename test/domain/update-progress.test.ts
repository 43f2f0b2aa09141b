import assert from 'node:assert/strict';
import { RefreshFailure } from '../../src/domain/failures.js';
import type { TokenFacts } from '../../src/domain/steps.js';
import { asUpdateProgress, outcomeOf, partialOutcome } from '../../src/domain/update-progress.js';
import { GROUP, REGISTRY } from '../fakes/fake-steps.js';

const IDS = ['a', 'b', 'c'];

function facts(fingerprint: string, expiresAt: string): TokenFacts {
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

describe('asUpdateProgress', () => {
  const good = { refreshed: [0, 2], failed: ['b'], tokens: [EARLY] };

  it('takes what an attempt noted', () => assert.deepEqual(asUpdateProgress(good, 3), good));

  for (const [what, value] of [
    ['nothing', undefined],
    ['null', null],
    ['text', 'refreshed'],
    ['a list', [good]],
    ['no places', { ...good, refreshed: undefined }],
    ['places that are no list', { ...good, refreshed: { length: 1, 0: 0 } }],
    ['a place behind the last', { ...good, refreshed: [0, 3] }],
    ['a negative place', { ...good, refreshed: [-1] }],
    ['half a place', { ...good, refreshed: [0.5] }],
    ['a place in words', { ...good, refreshed: ['0'] }],
    ['failures that are no ids', { ...good, failed: [7] }],
    ['no token', { ...good, tokens: [] }],
    ['a token without a time', { ...good, tokens: [{ ...EARLY, expiresAt: undefined }] }],
    ['a token without probes', { ...good, tokens: [{ ...EARLY, probes: 'none' }] }],
    ['nothing written', { ...good, refreshed: [] }],
  ] as const) {
    it(`takes ${what} for no progress`, () => assert.equal(asUpdateProgress(value, 3), undefined));
  }
});

describe('outcomeOf', () => {
  it('names the one token, and no others', () => {
    const outcome = outcomeOf({ refreshed: [2, 0], failed: [], tokens: [LATE] }, IDS, [], LATE);
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
      const outcome = outcomeOf({ refreshed: [0, 1, 2], failed: [], tokens }, IDS, [], LATE);
      assert.deepEqual(
        [outcome.fingerprint, outcome.expiresAt, outcome.token, outcome.otherTokens],
        ['early', EARLY.expiresAt, EARLY, [LATE]],
      );
    }
  });

  it('names the token at hand when nothing was written', () =>
    assert.equal(outcomeOf({ refreshed: [], failed: [], tokens: [] }, IDS, [], LATE).fingerprint, 'late'));
});

describe('partialOutcome', () => {
  const failure = new RefreshFailure('AirflowUnreachable', 'refused', 'start it');

  it('counts what was written as refreshed, and gives the failure to each of the rest', () => {
    const outcome = partialOutcome({ refreshed: [1], failed: [], tokens: [EARLY] }, IDS, failure);
    assert.deepEqual(outcome?.refreshed, ['b']);
    const told = { type: 'AirflowUnreachable', message: 'refused', remedy: 'start it' };
    assert.deepEqual(outcome?.failed, [
      { connection: 'a', ...told },
      { connection: 'c', ...told },
    ]);
  });

  it('is none when nothing was written', () => {
    assert.equal(partialOutcome({ refreshed: [], failed: [], tokens: [EARLY] }, IDS, failure), undefined);
    assert.equal(partialOutcome({ refreshed: [], failed: [], tokens: [] }, IDS, failure), undefined);
  });
});

import assert from 'node:assert/strict';
import {
  ConnectionRules,
  describeSkipped,
  matches,
  overlap,
  toSkipped,
} from '../../src/refresh/connection-rules.js';

/** All texts of these characters, up to a length. */
function texts(alphabet: readonly string[], maxLength: number): string[] {
  const all = [''];
  for (let length = 1, last = ['']; length <= maxLength; length += 1) {
    last = last.flatMap((text) => alphabet.map((character) => text + character));
    all.push(...last);
  }
  return all;
}

describe('matches', () => {
  for (const { pattern, id } of [
    { pattern: '*', id: '' },
    { pattern: '*', id: 'docker_default' },
    { pattern: '*_ecr', id: 'team_ecr' },
    { pattern: '*_ecr', id: '_ecr' },
    { pattern: 'team_*_ecr', id: 'team_a_b_ecr' },
    { pattern: '?', id: 'a' },
    { pattern: 'docker_??', id: 'docker_eu' },
    { pattern: 'a*b*c', id: 'a_b_b_c' },
    { pattern: '*ab', id: 'aab' },
    { pattern: '**', id: 'x' },
    { pattern: 'docker.eu', id: 'docker.eu' },
    { pattern: 'd?cker_*', id: 'döcker_ecr' },
    { pattern: '?', id: '𝔘' },
    { pattern: '*?_ecr', id: '数𝔘_ecr' },
    { pattern: '𝔘?*', id: '𝔘𝔙' },
  ] as const) {
    it(`matches ${id === '' ? 'the empty id' : id} with ${pattern}`, () => assert.ok(matches(pattern, id)));
  }

  for (const { pattern, id } of [
    { pattern: '', id: 'a' },
    { pattern: '?', id: '' },
    { pattern: '?', id: 'ab' },
    { pattern: '*_ecr', id: 'team_ecr_old' },
    { pattern: '*_ecr', id: 'team_ECR' },
    { pattern: 'team', id: 'a_team' },
    { pattern: 'docker.eu', id: 'dockerxeu' },
    { pattern: '[a-z]', id: 'a' },
    { pattern: 'a|b', id: 'a' },
    { pattern: '(a)', id: 'a' },
    { pattern: 'a+', id: 'aa' },
    { pattern: '\\w', id: 'a' },
    { pattern: '^a$', id: 'a' },
    { pattern: '??', id: '𝔘' },
    { pattern: 'd\u00f6*', id: 'do\u0308cker' },
    { pattern: '𝔘?', id: '𝔘' },
  ] as const) {
    it(`does not match ${id || 'the empty id'} with ${pattern || 'the empty pattern'}`, () =>
      assert.equal(matches(pattern, id), false));
  }

  it('agrees with a regular expression on all short patterns and ids', () => {
    const ids = texts(['a', 'b'], 4);
    for (const pattern of texts(['a', '?', '*'], 4)) {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      for (const id of ids) assert.equal(matches(pattern, id), expression.test(id), `${pattern} ${id}`);
    }
  });

  // With exponential time, it would not end before the time limit of a test.
  it('does not hang with a pattern of many stars that does not match', () =>
    assert.equal(matches(`${'*a'.repeat(50)}b`, 'a'.repeat(200)), false));
});

describe('overlap', () => {
  it('is true exactly when some short id matches both patterns', () => {
    const ids = texts(['a', 'b'], 6);
    const patterns = texts(['a', 'b', '?', '*'], 3);
    const matched = new Map(
      patterns.map((pattern) => [pattern, new Set(ids.filter((id) => matches(pattern, id)))]),
    );
    for (const one of patterns) {
      for (const other of patterns) {
        const common = [...(matched.get(one) ?? [])].some((id) => matched.get(other)?.has(id));
        assert.equal(overlap(one, other), common, `${one} ${other}`);
      }
    }
  });

  it('does not hang with two patterns of many stars', () =>
    assert.equal(overlap(`${'*a'.repeat(100)}b`, `${'*a'.repeat(99)}c`), false));
});

describe('describeSkipped', () => {
  it('is undefined when nothing was skipped', () => {
    assert.equal(toSkipped([]), undefined);
    assert.equal(describeSkipped('main', []), undefined);
  });

  it('counts the connections and names the first five', () => {
    const part = toSkipped(['a', 'b', 'c', 'd', 'e', 'f']);
    assert.deepEqual(part, { count: 6, first: ['a', 'b', 'c', 'd', 'e'] });
    assert.match(
      describeSkipped('main', [part]) ?? '',
      /^Skipped 6 docker connections of main .* \(a, b, c, d, e, …\), because their hosts /,
    );
  });

  it('uses the singular for one connection', () =>
    assert.match(
      describeSkipped('main', [{ count: 1, first: ['quay'] }]) ?? '',
      /^Skipped 1 docker connection of main .* \(quay\), because its host /,
    ));
});

describe('takesHosts', () => {
  const named = { kind: 'id', id: 'a', registry: 'own', ifMissing: 'fail' } as const;
  const open = { kind: 'match', pattern: '*_ecr' } as const;

  it('is true when an entry of the store has no registry', () => {
    assert.equal(new ConnectionRules([named]).takesHosts, false);
    assert.equal(new ConnectionRules([named, open]).takesHosts, true);
    assert.equal(new ConnectionRules([named], [open]).takesHosts, false);
  });
});

import assert from 'node:assert/strict';
import {
  ConnectionRules,
  findCovered,
  matches,
  type ConnectionRule,
} from '../../src/refresh/connection-rules.js';

const IDS = ['', ...texts(['a', 'b'], 4)];
const PATTERNS = texts(['a', '?', '*'], 3);

/** All non-empty texts of these characters, up to a length. */
function texts(alphabet: readonly string[], maxLength: number): string[] {
  if (maxLength === 0) return [];
  const shorter = ['', ...texts(alphabet, maxLength - 1)];
  return [...new Set(shorter.flatMap((text) => ['', ...alphabet].map((end) => text + end)))].filter(Boolean);
}

/** An entry with an id, or with a pattern if the text has a special character. */
function rule(text: string, registry?: string): ConnectionRule {
  const options = registry === undefined ? {} : { registry };
  return /[*?]/.test(text)
    ? { kind: 'match', pattern: text, ...options }
    : { kind: 'id', id: text, ifMissing: 'fail', ...options };
}

function selects(entry: ConnectionRule, id: string): boolean {
  return entry.kind === 'id' ? entry.id === id : matches(entry.pattern, id);
}

describe('ConnectionRules', () => {
  const byId = rule('team_ecr', 'eu');
  const byPattern = rule('*_ecr');
  const byOther = rule('team_*', 'us');

  for (const { title, rules, named, listPattern } of [
    { title: 'an id before a pattern', rules: [byId, byPattern], named: ['team_ecr'], listPattern: '*_ecr' },
    { title: 'a pattern before an id', rules: [byPattern, byId], named: [], listPattern: '*_ecr' },
    { title: 'two patterns', rules: [byPattern, byOther], named: [], listPattern: '*' },
    { title: 'two patterns in reverse order', rules: [byOther, byPattern], named: [], listPattern: '*' },
    { title: 'an id between patterns', rules: [byOther, byId, byPattern], named: [], listPattern: '*' },
  ]) {
    it(`uses the first matching entry: ${title}`, () => {
      const found = new ConnectionRules(rules);
      assert.equal(found.find('team_ecr'), rules[0]);
      assert.deepEqual([found.named, found.listPattern], [named, listPattern]);
    });
  }

  it('finds another entry for an id that the first does not match, and none for other ids', () => {
    const rules = new ConnectionRules([byId, byPattern]);
    assert.equal(rules.find('other_ecr'), byPattern);
    assert.equal(rules.find('other'), undefined);
    assert.equal(new ConnectionRules([byId]).find('*'), undefined);
    assert.equal(new ConnectionRules([]).find('team_ecr'), undefined);
  });

  it('treats no character of an id as special', () => {
    const rules = new ConnectionRules([{ kind: 'id', id: '*', ifMissing: 'fail' }]);
    assert.equal(rules.find('any'), undefined);
    assert.deepEqual([rules.named, rules.listPattern], [['*'], undefined]);
  });

  it('keeps the ids in the order of the file, each once', () => {
    const rules = new ConnectionRules(['c', 'a', 'x_1', 'x_*', 'x_2', 'b', 'a'].map((text) => rule(text)));
    assert.deepEqual(rules.named, ['c', 'a', 'x_1', 'b']);
  });

  it('applies the options of the first matching entry, not of a later one', () => {
    const create: ConnectionRule = { kind: 'id', id: 'team_ecr', registry: 'eu', ifMissing: 'create' };
    const others = { kind: 'match', pattern: '*', registry: 'us' } as const;
    assert.deepEqual(new ConnectionRules([create, others]).find('team_ecr'), create);
    assert.deepEqual(new ConnectionRules([others, create]).find('team_ecr'), others);
  });

  it('omits a pattern that an earlier one covers, and filters the list by the earlier one', () => {
    const rules = new ConnectionRules(['*_ecr', 'team_*_ecr', '*_ecr'].map((text) => rule(text)));
    assert.deepEqual([rules.patterns, rules.listPattern], [['*_ecr'], '*_ecr']);
  });

  describe('when earlier stores of the same Airflow have entries', () => {
    it('leaves all connections that the earlier entries match to those stores', () => {
      const claimed = [rule('docker_default'), rule('*_ecr')];
      const own = ['team_ecr', 'docker_default', 'team_1', 'team_*'].map((text) => rule(text));
      const rules = new ConnectionRules(own, claimed);
      for (const id of ['docker_default', 'team_ecr', 'other_ecr', 'team_2_ecr']) {
        assert.equal(rules.find(id), undefined, id);
      }
      assert.equal(rules.find('team_1'), own[2]);
      assert.equal(rules.find('team_2'), own[3]);
      assert.deepEqual([rules.named, rules.patterns], [['team_1'], ['team_*']]);
    });

    it('needs no list when the earlier entries cover every pattern', () => {
      const rules = new ConnectionRules([rule('a_ecr'), rule('b_*_ecr')], [rule('*_ecr')]);
      assert.deepEqual([rules.named, rules.listPattern], [[], undefined]);
    });
  });

  it('agrees with a search in the order of the file, for every list of three entries', () => {
    const pool = ['a', 'ab', 'b', '*', 'a*', '?', 'a?', '*b'];
    for (const x of pool) {
      for (const y of pool) {
        for (const z of pool) {
          const entries = [x, y, z].map((text) => rule(text));
          for (let split = 0; split < entries.length; split += 1) assertFirstMatch(entries, split);
        }
      }
    }
  });

  /** @param split position of the store's own first entry */
  function assertFirstMatch(entries: readonly ConnectionRule[], split: number): void {
    const rules = new ConnectionRules(entries.slice(split), entries.slice(0, split));
    const label = JSON.stringify([entries, split]);
    const named: string[] = [];
    for (const id of IDS) {
      const at = entries.findIndex((entry) => selects(entry, id));
      const expected = at < split ? undefined : entries[at];
      assert.equal(rules.find(id), expected, `${label} ${id}`);
      if (expected?.kind === 'id') named.push(id);
      // Otherwise it would not be in the requested list.
      if (expected?.kind === 'match') assert.ok(matches(rules.listPattern ?? '', id), `${label} ${id}`);
    }
    assert.deepEqual(rules.named.toSorted(), named.toSorted(), label);
  }

  // If each were compared with all others, it would not end before the time limit of a test.
  it('finds 200,000 ids and 200,000 listed connections', () => {
    const ids = Array.from({ length: 200_000 }, (_, index) => `team_connection_${index}`);
    const rules = new ConnectionRules([...ids.map((id) => rule(id)), byPattern]);
    for (const id of ids) {
      assert.equal(rules.find(id)?.kind, 'id');
      assert.equal(rules.find(`${id}_ecr`), byPattern);
    }
  });
});

describe('findCovered', () => {
  function covered(...entries: readonly string[]): unknown[] {
    return findCovered(entries.map((text) => rule(text))).map(({ index, by, isWhole }) => [
      index,
      by,
      isWhole,
    ]);
  }

  it('reports an id after a pattern that matches it, but not before it', () => {
    assert.deepEqual(covered('other', '*_ecr', 'team_ecr'), [[2, 1, true]]);
    assert.deepEqual(covered('team_ecr', '*_ecr', 'other'), []);
  });

  it('reports two patterns that some id could match', () => {
    assert.deepEqual(covered('team_*', '*_ecr'), [[1, 0, false]]);
    assert.deepEqual(covered('team_*', 'data_*'), []);
  });

  it('reports whether an entry has no effect at all', () => {
    assert.deepEqual(covered('*_ecr', 'team_*_ecr', 'team_?_ecr', '*_ecr'), [
      [1, 0, true],
      [2, 0, true],
      [3, 0, true],
    ]);
    assert.deepEqual(covered('team_?', 'team_*'), [[1, 0, false]]);
  });

  it('names the first pattern, but prefers one that covers the entry completely', () => {
    assert.deepEqual(covered('a_*', '*_b', 'a_b'), [
      [1, 0, false],
      [2, 0, true],
    ]);
    assert.deepEqual(covered('a_*', '*', '*_b').at(-1), [2, 1, true]);
  });

  it('agrees with a comparison of all short ids, for every pair of short patterns', () => {
    for (const wide of PATTERNS.filter((text) => /[*?]/.test(text))) {
      const matched = new Set(IDS.filter((id) => matches(wide, id)));
      for (const text of PATTERNS) {
        const own = IDS.filter((id) => selects(rule(text), id));
        const [found] = findCovered([rule(wide), rule(text)]);
        const label = `${wide} ${text}`;
        assert.equal(
          found !== undefined,
          own.some((id) => matched.has(id)),
          label,
        );
        const isWhole = own.every((id) => matched.has(id));
        // Where `?` meets `*`, `isWhole` may be false for an entry that is covered completely.
        if (found?.isWhole || !wide.includes('?')) assert.equal(found?.isWhole ?? false, isWhole, label);
      }
    }
  });
});

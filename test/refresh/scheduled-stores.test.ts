import assert from 'node:assert/strict';
import {
  describeStores,
  describeTakeover,
  matchStores,
  parseScheduledStores,
  type ScheduledStore,
} from '../../src/refresh/scheduled-stores.js';

function stores(...names: readonly string[]): ScheduledStore[] {
  return names.map((name) => ({ name, deployment: `https://${name}.example.com` }));
}

describe('the stores of a schedule', () => {
  it('match by their place, and not by their name or order', () => {
    const renamed = stores('b', 'a').map((store) => ({ ...store, name: `new-${store.name}` }));
    assert.equal(matchStores(stores('a', 'b'), renamed), 'same');
  });

  it('overlap when at least one is in both', () => {
    assert.equal(matchStores(stores('a', 'b'), stores('b', 'c')), 'overlapping');
    assert.equal(matchStores(stores('a'), stores('a', 'b')), 'overlapping');
    assert.equal(matchStores(stores('a', 'b'), stores('b')), 'overlapping');
  });

  it('are disjoint when none is in both, even under the same name', () => {
    const [before] = stores('a');
    assert.ok(before);
    assert.equal(matchStores([before], [{ ...before, deployment: 'https://moved.example.com' }]), 'disjoint');
  });

  it('are read from a memo as they were written', () => {
    assert.deepEqual(parseScheduledStores(structuredClone(stores('a', 'b'))), stores('a', 'b'));
  });

  for (const { title, value } of [
    { title: 'nothing', value: undefined },
    { title: 'null', value: null },
    { title: 'text', value: 'a' },
    { title: 'an empty list', value: [] },
    { title: 'a list with null', value: [null] },
    { title: 'a list with a list', value: [[]] },
    { title: 'a store without a place', value: [{ name: 'a' }] },
    { title: 'a store whose place is not text', value: [{ name: 'a', deployment: {} }] },
    { title: 'an escape sequence of a terminal', value: [{ name: 'a', deployment: '\u001b[2J' }] },
    { title: 'a line break', value: [{ name: 'a\nb', deployment: 'x' }] },
    { title: 'a very long place', value: [{ name: 'a', deployment: 'x'.repeat(3000) }] },
    { title: 'a very long list', value: Array.from({ length: 1001 }, () => stores('a')[0]) },
  ]) {
    it(`are unknown when the memo contains ${title}`, () =>
      assert.equal(parseScheduledStores(value), undefined));
  }

  it('drop what else is in the memo', () => {
    const [store] = stores('a');
    assert.deepEqual(parseScheduledStores([{ ...store, password: 'x' }]), [store]);
  });

  it('are described with their URLs, of long lists the first three', () => {
    assert.equal(describeStores(stores('a')), 'a (https://a.example.com)');
    assert.match(describeStores(stores('a', 'b', 'c', 'd', 'e')), /c \(https:\/\/c[^)]*\) and 2 more$/);
  });

  it('are both in the message about another deployment', () => {
    const text = describeTakeover('ecr-refresh', stores('a'), stores('b'));
    assert.match(text, /^schedule ecr-refresh .* a \(https:\/\/a\..* b \(https:\/\/b\./);
  });
});
